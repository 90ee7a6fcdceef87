import assert from 'node:assert/strict';
import { errorCatalog } from '#core/errors/catalog.ts';
import { canaries } from './guarded-house.ts';

interface Envelope {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string };
}

/** Asserts that an answer is an error of the catalogue in its envelope: its status, its remedy, the request's id, and none of the secrets. Gives the error. */
export function checkRefusal(status: number, text: string, key: string): Envelope['error'] {
  const { error }: Envelope = JSON.parse(text);
  assert.ok(Object.hasOwn(errorCatalog, error.code), text);
  const row = Object.entries(errorCatalog).find(([code]) => code === error.code)?.[1];
  assert.equal(status, row?.status, text);
  assert.ok(error.message.includes(row?.remedy ?? ''), `no remedy: ${text}`);
  assert.match(error.message, /\(request req_[\w-]+\)$/);
  assert.ok(text.length < 4_000, 'a message that long repeats what was sent');
  for (const secret of [...Object.values(canaries), key]) assert.ok(!text.includes(secret), text);
  return error;
}

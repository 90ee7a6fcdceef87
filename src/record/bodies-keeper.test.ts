import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { surfaces } from '#surfaces/registry.ts';
import type { Said } from '#store/ports.ts';

import { bodyKeeper } from './bodies-keeper.ts';
import { bodyTables } from './bodies-tables.ts';
import { Bodies } from './bodies.ts';
import { readBody } from './read-bodies.ts';
import { bodyRefOf } from './retained-entry.ts';

/** What can be read of a reply after it was kept. */
function kept(said: Said): string {
  const db = new DatabaseSync(':memory:');
  db.exec(bodyTables);
  const keeper = bodyKeeper(new Bodies(db, { secret: Buffer.alloc(32), random: (bytes) => randomBytes(bytes) }));
  const ref = bodyRefOf(JSON.parse(keeper.reply(said)));
  assert.ok(ref);
  const body = readBody(db, ref);
  return body.state === 'kept' ? Buffer.from(body.bytes).toString('utf8') : `${body.state} ${'bytes' in ref ? ref.bytes : ''}`;
}

const stream = Buffer.from(
  'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: {"id":"c","choices":[{"index":0,"delta":{"content":"b"}}]}\n\n',
);

test('of a stream the body is kept that it amounts to, also of one that has no end', () => {
  assert.match(kept({ capture: 'full', bytes: stream, streamOf: surfaces[0]?.name ?? '' }), /"content":"ab"/);
});

test('a stream of which nothing can be made is kept as it was told', () => {
  assert.equal(kept({ capture: 'full', bytes: stream, streamOf: 'an API that is gone' }), stream.toString());
});

test('of a stream that was too long its length is kept, and nothing else', () => {
  assert.equal(kept({ capture: 'full', bytes: new Uint8Array(0), tooLong: 17_000_000 }), 'hash 17000000');
});

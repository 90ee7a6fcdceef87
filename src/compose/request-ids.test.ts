import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestIds } from './request-ids.ts';

test('no id comes twice, and each has its 96 bits', () => {
  const ids = requestIds();
  const made = Array.from({ length: 1_000 }, () => ids.requestId());
  assert.equal(new Set(made).size, made.length);
  for (const id of made) assert.match(id, /^req_[\w-]{16}$/);
  // Bytes that were left out or used twice would show at the seams.
  assert.equal(new Set(made.flatMap((id) => [id.slice(4, 12), id.slice(12)])).size, 2 * made.length);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestIds } from './request-ids.ts';

test('no id comes twice, and each has its 72 bits behind those of its second', () => {
  const ids = requestIds(() => 1_750_000_000_999);
  const made = Array.from({ length: 1_000 }, () => ids.requestId());
  assert.equal(new Set(made).size, made.length);
  for (const id of made) assert.match(id, /^req_[\w-]{16}$/);
  assert.equal(new Set(made.map((id) => id.slice(0, 8))).size, 1);
  // Bytes that were left out or used twice would show at the seams.
  assert.equal(new Set(made.flatMap((id) => [id.slice(8, 14), id.slice(14)])).size, 2 * made.length);
});

test('another second begins another way, half a year long, and no time is too large', () => {
  let now = 1_750_000_000_000;
  const ids = requestIds(() => now);
  const beginnings = new Set<string>();
  for (let count = 0; count < 1_000; count++, now += 15_000_000) beginnings.add(ids.requestId().slice(0, 8));
  assert.equal(beginnings.size, 1_000);
  now = 2 ** 52;
  assert.match(ids.requestId(), /^req_[\w-]{16}$/);
});

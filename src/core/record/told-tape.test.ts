import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToldTape, unpackTold } from './told-tape.ts';

test('a tape gives back what was told, whatever the events have in common', () => {
  const event = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(fc.constantFrom('data: {"a', 'data: {"', 'aaaa'), fc.string({ maxLength: 5 }), fc.constantFrom('"}\n\n', 'a"}\n\n', 'aaa'))
      .map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const tape = new ToldTape();
      for (const each of events) tape.add(each);
      assert.deepEqual(Buffer.from(unpackTold(tape.packed() ?? new Uint8Array(0))), Buffer.concat(events));
    }),
    { numRuns: 300 },
  );
});

test('of a stream that is too long only its length is known', () => {
  const tape = new ToldTape();
  const event = new Uint8Array(1024 * 1024).fill(7);
  for (let n = 0; n < 16; n++) tape.add(event);
  assert.equal(unpackTold(tape.packed() ?? new Uint8Array(0)).length, 16 * 1024 * 1024);
  tape.add(event);
  assert.equal(tape.packed(), null);
  assert.equal(tape.length, 17 * 1024 * 1024);
});

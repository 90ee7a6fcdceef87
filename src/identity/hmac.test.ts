import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hmacOf } from './hmac.ts';

test('it is HMAC-SHA-256 as everybody computes it, for every secret up to a block and every text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ unit: 'binary', maxLength: 300 }), (secret, text) => {
      assert.deepEqual(hmacOf(secret)(text), createHmac('sha256', secret).update(text).digest());
    }),
  );
});

test('a secret that would have to be hashed first is refused', () => {
  assert.throws(() => hmacOf(new Uint8Array(65)));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { Principal } from '#core/record/record.ts';
import { identifyCaller } from './identify-caller.ts';
import { presentedKey } from './present-key.ts';

const key = `gh_${'k'.repeat(32)}`;
const principal: Principal = { id: 'k_one', profile: 'private', operator: false };

/** Knows one key and counts the look-ups. */
function oneKey(): { identify(presented: string): Principal | null; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    identify: (presented) => {
      asked.push(presented);
      return presented === key ? principal : null;
    },
  };
}

test('every carrier holds the same key', () => {
  const carriers = [
    { authorization: `Bearer ${key}` },
    { authorization: `bearer   ${key} ` },
    { authorization: `BEARER ${key}` },
    { 'x-api-key': key },
    { 'x-api-key': ` ${key} ` },
    { 'x-goog-api-key': key },
    { authorization: `Bearer ${key}`, 'x-api-key': key, 'x-goog-api-key': key },
    { authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': key },
    { authorization: 'Bearer', 'x-api-key': key },
  ];
  for (const headers of carriers) assert.deepEqual(identifyCaller(headers, oneKey()), principal, JSON.stringify(headers));
});

test('what is no key, or not one key, lets nobody in and says what to do', () => {
  const rows: readonly (readonly [Record<string, string>, string, RegExp])[] = [
    [{}, 'key_missing', /^no key\. Send "Authorization: Bearer gh_…"; make one with: gatehouse keys new$/],
    [{ authorization: '' }, 'key_missing', /^no key/],
    [{ authorization: 'Bearer ' }, 'key_missing', /^no key/],
    [{ authorization: key }, 'key_missing', /^no key/],
    [{ authorization: `Basic ${key}` }, 'key_missing', /^no key/],
    [{ authorization: `Bearer${key}` }, 'key_missing', /^no key/],
    [{ 'x-api-key': '' }, 'key_missing', /^no key/],
    [{ cookie: key, 'x-key': key }, 'key_missing', /^no key/],
    [{ authorization: `Bearer ${key}`, 'x-api-key': `${key}x` }, 'key_unknown', /two different keys/],
    [{ 'x-goog-api-key': key, 'x-api-key': `${key}x` }, 'key_unknown', /two different keys/],
    [{ authorization: `Bearer ${key}, Bearer ${key}` }, 'key_unknown', /cannot be a key/],
    [{ 'x-api-key': `${key}, ${key}` }, 'key_unknown', /cannot be a key/],
    [{ 'x-api-key': `${key},` }, 'key_unknown', /cannot be a key/],
    [{ authorization: `Bearer ${'k'.repeat(513)}` }, 'key_unknown', /cannot be a key/],
    [{ authorization: `Bearer ${key}\u0000` }, 'key_unknown', /cannot be a key/],
    [{ authorization: `Bearer ${key}ÿ` }, 'key_unknown', /cannot be a key/],
    [{ authorization: `Bearer ${key}x` }, 'key_unknown', /unknown or revoked/],
    [{ authorization: `Bearer ${'k'.repeat(512)}` }, 'key_unknown', /unknown or revoked/],
  ];
  for (const [headers, code, message] of rows) {
    const ring = oneKey();
    const error = identifyCaller(headers, ring);
    assert.ok(isGatewayError(error), JSON.stringify(headers));
    assert.equal(error.code, code, JSON.stringify(headers));
    assert.match(error.message, message);
    assert.equal(ring.asked.length, 1, 'a look-up is made in every case');
  }
});

test('an error never repeats what was sent, and only the exact key is let in', () => {
  const value = fc.oneof(fc.string({ minLength: 4, maxLength: 600 }), fc.constant(key), fc.constant(`Bearer ${key}`));
  const headers = fc.record({ authorization: value, 'x-api-key': value, 'x-goog-api-key': value }, { requiredKeys: [] });
  fc.assert(
    fc.property(headers, (sent) => {
      const result = identifyCaller(sent, oneKey());
      if (!isGatewayError(result)) {
        const presented = presentedKey(sent);
        assert.ok(presented.type === 'key' && presented.key === key);
        return;
      }
      for (const text of Object.values(sent)) {
        const secret = text.replace(/^bearer */i, '').trim();
        if (secret.length > 12) assert.ok(!result.message.includes(secret), result.message);
      }
    }),
    { numRuns: 2_000 },
  );
});

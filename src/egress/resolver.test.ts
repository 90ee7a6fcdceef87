import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesWithoutLookup, boundedLookup, systemResolver } from './resolver.ts';

const never = (): (() => void) => () => {};

test('localhost and numeric addresses need no lookup, names do', () => {
  assert.deepEqual(addressesWithoutLookup('LOCALHOST'), ['127.0.0.1', '::1']);
  assert.deepEqual(addressesWithoutLookup('::ffff:127.0.0.1'), ['127.0.0.1']);
  assert.deepEqual(addressesWithoutLookup('FD00::1'), ['fd00::1']);
  for (const name of ['spark', 'localhost.lan', 'a.localhost', '127.0.0.1.nip.test', ''])
    assert.equal(addressesWithoutLookup(name), null, name);
});

test('a lookup that rejects has failed with its reason', async () => {
  const resolver = { lookup: () => Promise.reject(new Error('getaddrinfo ENOTFOUND spark')) };
  assert.deepEqual(await boundedLookup(resolver, 'spark', never), { ok: false, message: 'getaddrinfo ENOTFOUND spark' });
});

test('the system’s resolver gives numeric addresses', async () => {
  assert.deepEqual(await systemResolver().lookup('127.0.0.1'), ['127.0.0.1']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Location } from '#core/policy/policy.ts';
import { judgeAddresses, originOf, wrongPeer } from './origins.ts';

const origin = (url: string, location: Location = 'house') => originOf({ name: 'spark', url, location, models: [] });
const state = (...asked: Parameters<typeof judgeAddresses>): string => judgeAddresses(...asked).state;

test('a URL is taken apart once', () => {
  const { origin: own, host, port, secure, basePath } = origin('http://[::1]:8001/base/');
  assert.deepEqual(
    { own, host, port, secure, basePath },
    { own: 'http://[::1]:8001', host: '::1', port: 8001, secure: false, basePath: '/base' },
  );
  assert.equal(origin('https://api.test').port, 443);
  assert.equal(origin('http://api.test').port, 80);
});

test('a URL with user, query, fragment or another scheme is no upstream', () => {
  for (const url of ['http://a:b@127.0.0.1', 'http://127.0.0.1/?a', 'http://127.0.0.1/#a', 'file:///etc/passwd', 'ws://127.0.0.1']) {
    assert.throws(() => origin(url), /spark/, url);
  }
});

test('a house name is pinned to its house address, IPv4 first', () => {
  assert.deepEqual(judgeAddresses(origin('http://spark.lan'), ['fd00::5', '192.168.1.5'], null), {
    state: 'pinned',
    addresses: ['192.168.1.5'],
  });
  assert.deepEqual(judgeAddresses(origin('http://spark.lan'), ['fd00::5'], null), { state: 'pinned', addresses: ['fd00::5'] });
});

test('a house name outside the house, mixed, or at a metadata service is refused', () => {
  for (const addresses of [['93.184.216.34'], ['192.168.1.5', '93.184.216.34'], ['64:ff9b::a00:1'], ['169.254.169.254'], ['0.0.0.0']]) {
    assert.equal(state(origin('http://spark.lan'), addresses, null), 'refused', addresses.join());
    assert.equal(state(origin('https://spark.lan'), addresses, null), 'refused', addresses.join());
  }
});

test('a name without addresses is unresolved', () => assert.equal(state(origin('http://spark.lan'), [], null), 'unresolved'));

test('a cloud upstream may be outside with TLS, in the house without', () => {
  assert.equal(state(origin('https://api.test', 'cloud'), ['93.184.216.34'], null), 'pinned');
  assert.equal(state(origin('http://api.test', 'cloud'), ['93.184.216.34'], null), 'refused');
  assert.equal(state(origin('http://127.0.0.1:4000', 'cloud'), ['127.0.0.1'], null), 'pinned');
});

test('an address may change on its side of the door, not across it', () => {
  assert.equal(state(origin('http://spark.lan'), ['10.0.0.9'], ['10.0.0.5']), 'pinned');
  assert.equal(state(origin('https://api.test', 'cloud'), ['10.0.0.9'], ['93.184.216.34']), 'refused');
  assert.equal(state(origin('https://api.test', 'cloud'), ['93.184.216.34'], ['10.0.0.9']), 'refused');
});

test('the peer is the pin and where the policy says, or it is a stranger', () => {
  const house = origin('http://spark.lan');
  assert.equal(wrongPeer(house, '192.168.1.5', '192.168.1.5'), null);
  assert.equal(wrongPeer(house, '127.0.0.1', '::ffff:127.0.0.1'), null);
  assert.match(wrongPeer(house, '192.168.1.5', '192.168.1.6') ?? '', /reached 192\.168\.1\.6/);
  assert.match(wrongPeer(house, '93.184.216.34', '93.184.216.34') ?? '', /declared house/);
  assert.match(wrongPeer(house, '192.168.1.5', '') ?? '', /reached/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHouseAddress, isMetadataAddress } from '#core/units/house-address.ts';
import { normalAddress } from './normal-address.ts';

test('every house range counts at both of its ends, and its neighbours do not', () => {
  const inside = [
    ['127.0.0.0', '127.255.255.255'],
    ['10.0.0.0', '10.255.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.168.0.0', '192.168.255.255'],
    ['100.64.0.0', '100.127.255.255'],
    ['169.254.0.0', '169.254.255.255'],
    ['::1', '::1'],
    ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ].flat();
  const outside = [
    ['126.255.255.255', '128.0.0.0', '9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0'],
    ['100.63.255.255', '100.128.0.0', '169.253.255.255', '169.255.0.0', 'fbff::1', 'fe00::1', 'fe7f::1'],
  ].flat();
  for (const address of inside) assert.equal(isHouseAddress(address), true, address);
  for (const address of outside) assert.equal(isHouseAddress(address), false, address);
});

test('what only leads to a house address, or is no machine, is outside', () => {
  const outside = [
    ['64:ff9b::7f00:1', '64:ff9b::192.168.1.1', '64:ff9b:1::a00:1'], // NAT64
    ['2002:7f00:1::', '2002:c0a8:101::1'], // 6to4
    ['2001:0:7f00:1::1'], // Teredo
    ['::127.0.0.1', '::ffff:0:127.0.0.1'], // IPv4-compatible and IPv4-translated
    ['::', '0.0.0.0', '0.0.0.1', '255.255.255.255', '224.0.0.1', 'ff02::1'],
    ['fec0::1', 'feff::1'], // site-local, withdrawn
    ['8.8.8.8', '2606:4700::1111', '192.0.2.1', '198.18.0.1', '192.0.0.1'],
  ].flat();
  for (const address of outside) assert.equal(isHouseAddress(address), false, address);
});

test('an IPv4-mapped address is judged by the address in it', () => {
  for (const address of ['::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:192.168.1.2', '::ffff:100.64.0.3']) {
    assert.equal(isHouseAddress(address), true, address);
  }
  for (const address of ['::ffff:8.8.8.8', '::ffff:808:808', '::ffff:0.0.0.0']) assert.equal(isHouseAddress(address), false, address);
});

test('a cloud metadata address is no house address, in any spelling', () => {
  for (const address of [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    'fd00:ec2::254',
    'fd00:0ec2:0:0::0254',
    '100.100.100.200',
  ]) {
    assert.equal(isMetadataAddress(address), true, address);
    assert.equal(isHouseAddress(address), false, address);
  }
  assert.equal(isMetadataAddress('169.254.169.253'), false);
  assert.equal(isHouseAddress('169.254.169.253'), true);
});

test('what is not a numeric address in its usual form is nothing', () => {
  for (const text of [
    'localhost',
    '',
    '2130706433',
    '0x7f.1',
    '017700000001',
    '127.1',
    '127.0.0.1.',
    ' 127.0.0.1',
    '[::1]',
    '127.0.0.1:80',
    '１２７.0.0.1',
  ]) {
    assert.equal(normalAddress(text), null, text);
    // A URL's brackets say nothing about where the address is.
    if (!text.startsWith('[')) assert.equal(isHouseAddress(text), false, text);
  }
});

test('the URL parser folds the other spellings of IPv4 before they come here', () => {
  for (const host of [
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '127.1',
    '127.0.0.1.',
    '１２７.０.０.１',
    '127。0。0。1',
    '0177.0.0.01',
  ]) {
    assert.equal(normalAddress(new URL(`http://${host}/`).hostname), '127.0.0.1', host);
  }
});

test('an address has one spelling', () => {
  assert.equal(normalAddress('FE80:0::0001%eth0'), 'fe80::1');
  assert.equal(normalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  assert.equal(normalAddress('::ffff:1.2.3.4'), '1.2.3.4');
});

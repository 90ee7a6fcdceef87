import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHouseAddress, parseAddress } from './house-address.ts';

const house = [
  '127.0.0.1',
  '127.255.1.2',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.3',
  '100.127.255.255',
  '169.254.1.1',
  '::1',
  '[::1]',
  'fd00::1',
  'fc00::',
  'fe80::1%eth0',
  'febf::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
];
const elsewhere = [
  '8.8.8.8',
  '172.32.0.1',
  '172.15.0.1',
  '100.128.0.1',
  '100.63.0.1',
  '192.169.0.1',
  '0.0.0.0',
  '::',
  '2001:db8::1',
  'fec0::1',
  '::ffff:8.8.8.8',
  '64:ff9b::a00:1',
  '::127.0.0.1',
];
const noAddress = [
  '',
  'localhost',
  '10.0.0',
  '10.0.0.256',
  '010.0.0.1',
  '0x7f.0.0.1',
  '1:2:3',
  '1::2::3',
  ':::',
  '1:2:3:4:5:6:7:8:9',
  'g::',
  '::1.2.3',
  '1.2.3.4::',
];

for (const address of house) test(`${address} is in the house`, () => assert.equal(isHouseAddress(address), true));
for (const address of elsewhere) {
  test(`${address} is not in the house`, () => {
    assert.notEqual(parseAddress(address), null);
    assert.equal(isHouseAddress(address), false);
  });
}
for (const text of noAddress) test(`"${text}" is no address`, () => assert.equal(parseAddress(text), null));

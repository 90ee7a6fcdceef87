import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { readHeaders } from './read-headers.ts';

test('headers are names and values, whatever their names are', () => {
  const read = readHeaders([
    'Accept',
    'a',
    'constructor',
    'b',
    '__proto__',
    'c',
    'ACCEPT',
    'd',
    'toString',
    'e',
    'code',
    'key_missing',
    'param',
    'x',
  ]);
  assert.ok(!isGatewayError(read));
  assert.deepEqual(Object.entries(read.headers), [
    ['accept', 'a, d'],
    ['constructor', 'b'],
    ['__proto__', 'c'],
    ['tostring', 'e'],
    ['code', 'key_missing'],
    ['param', 'x'],
  ]);
  assert.equal(read.headers['hasOwnProperty'], undefined);
});

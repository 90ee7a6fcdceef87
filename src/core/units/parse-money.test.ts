import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney } from './parse-money.ts';

const good: readonly (readonly [string, number])[] = [
  ['0.80', 800_000_000],
  ['4', 4_000_000_000],
  ['0.000000001', 1],
  ['0.1', 100_000_000],
  ['1234567.123456789', 1_234_567_123_456_789],
  ['0.0000000010', 1],
  ['0', 0],
];

for (const [text, nano] of good) test(`${text} is ${nano} nano-units`, () => assert.deepEqual(parseMoney(text), { value: nano }));

for (const text of ['', '-1', '1e-3', '0.0000000001', '9007200', '1,5', '.5', '1.', '0x10', '$3']) {
  test(`${text} is refused as an amount`, () => assert.ok('problem' in parseMoney(text)));
}

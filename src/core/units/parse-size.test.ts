import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSize } from './format-size.ts';
import { parseSize } from './parse-size.ts';

const good: readonly (readonly [string | number, number])[] = [
  ['32k', 32_000],
  ['32Ki', 32_768],
  ['1.5M', 1_500_000],
  ['1Mi', 1_048_576],
  ['0.5k', 500],
  ['131072', 131_072],
  [8192, 8192],
  ['1.1k', 1100],
  [' 8k ', 8000],
];

for (const [text, tokens] of good) {
  test(`${text} is ${tokens} tokens`, () => assert.deepEqual(parseSize(text), { value: tokens }));
}

for (const text of [
  '',
  '32K',
  '32kb',
  '-1',
  'k',
  '1,000',
  '0',
  '0.0001k',
  '1e9',
  '99999999999999M',
  1.5,
  Number.NaN,
  '٣k',
  '1.k',
  'constructor',
]) {
  test(`${String(text)} is refused as a size`, () => assert.ok('problem' in parseSize(text)));
}

test('a size is written back as a person would', () => {
  assert.deepEqual([32_000, 32_768, 1_500_000, 8192, 131, 128_000].map(formatSize), ['32k', '32Ki', '1.5M', '8Ki', '131', '128k']);
});

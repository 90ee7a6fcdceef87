import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration } from './format-duration.ts';
import { parseDuration } from './parse-duration.ts';

const good: readonly (readonly [string, number])[] = [
  ['30s', 30_000],
  ['500ms', 500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['2d', 172_800_000],
  ['1.5s', 1500],
  ['0s', 0],
];

for (const [text, ms] of good) test(`${text} is ${ms} ms`, () => assert.deepEqual(parseDuration(text), { value: ms }));

for (const text of ['', 's', '5 min', '-5s', '1.0001ms', '25d', '1e3s', '5S', '5y']) {
  test(`${text} is refused as a duration`, () => assert.ok('problem' in parseDuration(text)));
}

test('a plain number names the remedy', () => {
  assert.deepEqual(parseDuration(30), { problem: '30 has no unit: write 30s, 30ms or 30m' });
});

test('durations for people', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [499.6, '500 ms'],
    [1000, '1 s'],
    [1500, '1.5 s'],
    [12_345, '12 s'],
    [60_000, '1 min'],
    [90_000, '90 s'],
    [300_000, '5 min'],
    [3_600_000, '1 h'],
    [10_800_000, '3 h'],
    [172_800_000, '2 d'],
    [-5, '0 ms'],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestNames } from './nearest-names.ts';

const distances: readonly [left: string, right: string, distance: number][] = [
  ['', '', 0],
  ['spark', 'spark', 0],
  ['sprak', 'spark', 2],
  ['', 'abc', 3],
  ['Code', 'code', 0],
  ['kitten', 'sitting', 3],
];

for (const [left, right, distance] of distances) {
  test(`from "${left}" to "${right}" it is ${distance}, both ways`, () => {
    assert.equal(editDistance(left, right), distance);
    assert.equal(editDistance(right, left), distance);
  });
}

test('the nearest come first, ties in the order given', () => {
  assert.deepEqual(nearestNames('cod', ['vision', 'coda', 'code', 'chat'], 3), ['coda', 'code', 'chat']);
});

test('a name of a megabyte costs no more than a name', () => {
  assert.equal(editDistance('x'.repeat(1_000_000), 'y'), 100);
});

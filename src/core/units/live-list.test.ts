import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveList } from './live-list.ts';

const sorted = (list: LiveList<string>): readonly string[] => list.list().toSorted();

test('lists what was added and not taken off, in whatever order it goes', () => {
  const list = new LiveList<string>();
  const [one, two, three] = ['one', 'two', 'three'].map((name) => list.add(name));
  one?.();
  assert.deepEqual(sorted(list), ['three', 'two']);
  three?.();
  assert.deepEqual(sorted(list), ['two']);
  const four = list.add('four');
  two?.();
  assert.deepEqual(sorted(list), ['four']);
  four();
  assert.equal(list.size, 0);
});

test('taken off twice is taken off once: whoever has its place stays', () => {
  const list = new LiveList<string>();
  const one = list.add('one');
  list.add('two');
  list.add('three');
  one();
  one();
  assert.deepEqual(sorted(list), ['three', 'two']);
});

test('equal things are kept apart', () => {
  const list = new LiveList<string>();
  const first = list.add('same');
  list.add('same');
  first();
  first();
  assert.deepEqual(list.list(), ['same']);
});

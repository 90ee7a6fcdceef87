import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveMap } from './live-map.ts';

test('holds what was put in until it is taken, which happens once', () => {
  const map = new LiveMap<number>();
  map.set('a', 1);
  map.set('b', 2);
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [1, 2, undefined]);
  assert.deepEqual([map.take('a'), map.take('a'), map.get('a')], [1, undefined, undefined]);
  assert.equal(map.get('b'), 2);
});

test('an id may be any word: nothing is there that was not put in', () => {
  const map = new LiveMap<string>();
  for (const id of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', '', '0']) {
    assert.equal(map.get(id), undefined);
    map.set(id, `of ${id}`);
    assert.equal(map.get(id), `of ${id}`);
    assert.equal(map.take(id), `of ${id}`);
    assert.equal(map.get(id), undefined);
  }
});

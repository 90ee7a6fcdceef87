import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Zombies } from './zombies.ts';

const ofOne = (target: string): boolean => target.startsWith('one/');
const idle = { running: 0, waiting: null, slots: 2 };

/** Three callers who left server one at 0, 100 and 200 ms; the record of those released. */
function three(): { readonly zombies: Zombies; readonly released: string[] } {
  const zombies = new Zombies();
  const released: string[] = [];
  for (const [name, since] of [
    ['a', 0],
    ['b', 100],
    ['c', 200],
  ] as const) {
    const forget = zombies.add(`one/${name}`, since, () => {
      forget();
      released.push(name);
    });
  }
  zombies.add('two/x', 0, () => released.push('x'));
  return { zombies, released };
}

test('an idle server lets all of its own go', () => {
  const { zombies, released } = three();
  zombies.release(ofOne, idle, 5_000);
  assert.deepEqual(released, ['a', 'b', 'c']);
  assert.equal(zombies.some(ofOne, 9_000), false);
  assert.equal(
    zombies.some((target) => target.startsWith('two/'), 9_000),
    true,
  );
});

test('no more can be ours than run and wait; the oldest go first', () => {
  for (const [load, expected] of [
    [{ running: 1, waiting: null, slots: 4 }, ['a', 'b']],
    [{ running: 1, waiting: 1, slots: null }, ['a']],
    [{ running: 3, waiting: 0, slots: 4 }, []],
    [{ running: 9, waiting: 9, slots: null }, []],
  ] as const) {
    const { zombies, released } = three();
    zombies.release(ofOne, load, 5_000);
    assert.deepEqual(released, expected, JSON.stringify(load));
  }
});

test('where every slot works and nobody says what waits, nothing is concluded', () => {
  const { zombies, released } = three();
  zombies.release(ofOne, { running: 2, waiting: null, slots: 2 }, 5_000);
  assert.deepEqual(released, []);
  zombies.release(ofOne, { running: 2, waiting: 0, slots: 2 }, 5_000);
  assert.deepEqual(released, ['a'], 'unless it says that nobody does');
});

test('what was sent a moment ago may not have begun: the server’s word does not count for it yet', () => {
  const { zombies, released } = three();
  assert.equal(zombies.some(ofOne, 999), false);
  zombies.release(ofOne, idle, 999);
  assert.deepEqual(released, []);
  assert.equal(zombies.some(ofOne, 1_000), true);
  zombies.release(ofOne, idle, 1_100);
  assert.deepEqual(released, ['a', 'b']);
});

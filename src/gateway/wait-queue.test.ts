import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reading } from '#core/routing/reading.ts';
import { FakeClock, turns } from '#test/gateway/fake-clock.ts';
import { WaitQueue } from './wait-queue.ts';

const poolOf = (target: string): string => target.slice(0, target.indexOf('/'));
const free = (target: string): Reading => ({
  target,
  state: 'free',
  why: 'up',
  inFlight: 0,
  slots: 1,
  retryAfterMs: null,
  cause: null,
  sinceMs: null,
  nextTryMs: null,
});

/** One pool `a` with a number of free slots, and waiters that see what is not promised to others. */
function stand(countMax = 10) {
  const clock = new FakeClock();
  const waiters = new WaitQueue(clock, { poolOf, countMax });
  const pool = { free: 0 };
  const woken: string[] = [];
  const wait = (order: number, maxMs = 1_000): (() => void) => {
    let cancel = (): void => {};
    const ending = (): Reading | null => (pool.free - waiters.promised('a', order) > 0 ? free('a/m') : null);
    void waiters
      .wait({ order, targets: ['a/m'], maxMs, ending }, (stop) => (cancel = stop))
      .then((reading) => woken.push(`${order} ${reading?.state ?? 'over'}`));
    return cancel;
  };
  return { clock, waiters, pool, woken, wait };
}

test('one slot wakes one waiter, the oldest, and is promised to it', async () => {
  const { waiters, pool, woken, wait } = stand();
  wait(3);
  wait(1);
  wait(2);
  pool.free = 1;
  waiters.changed();
  await turns();
  assert.deepEqual(woken, ['1 free']);
  assert.equal(waiters.promised('a', null), 1);
  assert.equal(waiters.promised('a', 1), 0, 'not against the one it is promised to');
  assert.equal(waiters.count, 2);
});

test('a promise that is given back goes to the next', async () => {
  const { waiters, pool, woken, wait } = stand();
  wait(1);
  wait(2);
  pool.free = 1;
  waiters.changed();
  waiters.settle(1);
  await turns();
  assert.deepEqual(woken, ['1 free', '2 free']);
  waiters.settle(2);
  assert.equal(waiters.promised('a', null), 0);
});

test('a wait that is over or called off leaves nothing behind', async () => {
  const { clock, waiters, pool, woken, wait } = stand();
  wait(1, 500);
  wait(2)();
  await clock.advance(500);
  assert.deepEqual(woken, ['2 over', '1 over']);
  pool.free = 5;
  waiters.changed();
  await turns();
  assert.equal(woken.length, 2);
  assert.deepEqual([waiters.count, waiters.promised('a', null), clock.pending], [0, 0, 0]);
});

test('who comes when something is free does not wait', async () => {
  const { pool, woken, wait } = stand();
  pool.free = 1;
  wait(1);
  await turns();
  assert.deepEqual(woken, ['1 free']);
});

test('a full line takes nobody', async () => {
  const { waiters, woken, wait } = stand(2);
  for (const order of [1, 2, 3]) wait(order);
  await turns();
  assert.deepEqual(woken, ['3 over']);
  assert.equal(waiters.waitsFor('a'), true);
  assert.equal(waiters.waitsFor('b'), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newLease, stepLease } from './lease.ts';
import type { LeaseEvent } from './lease.ts';

const aborted = (more: Partial<Extract<LeaseEvent, { type: 'aborted' }>> = {}): LeaseEvent => ({
  type: 'aborted',
  honoured: false,
  medianMs: null,
  elapsedMs: 0,
  ...more,
});

const cases: readonly [name: string, event: LeaseEvent, state: string, releaseAt: number | null][] = [
  ['the body has ended', { type: 'body_ended' }, 'released', null],
  ['the server never began', { type: 'not_started' }, 'released', null],
  ['the terminator: a second more', { type: 'terminator' }, 'held', 6_000],
  ['an abort that the kind honours', aborted({ honoured: true }), 'released', null],
  ['an abort without history: ten seconds', aborted(), 'zombie', 15_000],
  ['an abort: the median less what has passed', aborted({ medianMs: 8_000, elapsedMs: 3_000 }), 'zombie', 10_000],
  ['an abort after the median', aborted({ medianMs: 8_000, elapsedMs: 9_000 }), 'zombie', 5_000],
  ['an abort of the very slow: two minutes', aborted({ medianMs: 900_000 }), 'zombie', 125_000],
  ['idle', { type: 'idle' }, 'released', null],
];

for (const [name, event, state, releaseAt] of cases) {
  test(`${name}: ${state}`, () => {
    const lease = stepLease(newLease(1_000), event, 5_000);
    assert.deepEqual([lease.state, lease.releaseAt], [state, releaseAt]);
  });
}

test('a fresh lease is held until something happens', () => {
  assert.deepEqual(newLease(1_000), { state: 'held', since: 1_000, releaseAt: null });
});

test('a zombie goes when the server says that it is idle, or its body ends', () => {
  for (const type of ['idle', 'body_ended'] as const) {
    assert.equal(stepLease(stepLease(newLease(0), aborted(), 1_000), { type }, 2_000).state, 'released');
  }
});

test('a released lease stays released: no slot comes back twice', () => {
  const released = stepLease(newLease(0), { type: 'body_ended' }, 1_000);
  const events: LeaseEvent[] = [{ type: 'body_ended' }, { type: 'terminator' }, { type: 'not_started' }, { type: 'idle' }, aborted()];
  for (const event of events) assert.equal(stepLease(released, event, 2_000), released);
});

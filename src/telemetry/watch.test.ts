import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Told } from './event-ring.ts';
import type { Happening } from './ports.ts';
import { createTelemetry } from './watch.ts';

const happening = (message: string): Happening => ({ type: 'alarm', upstream: 'spark', message });
const numbers = (events: readonly Told[]): number[] => events.map(({ seq }) => seq);

test('every listener hears everything from its subscription on, in order', () => {
  const { watch, subscribe } = createTelemetry({ now: () => 7 });
  const heard: Told[] = [];
  watch.tell(happening('before'));
  const stop = subscribe((told) => heard.push(told));
  watch.tell(happening('a'));
  watch.tell(happening('b'));
  stop();
  watch.tell(happening('after'));
  assert.deepEqual(heard, [
    { seq: 2, at: 7, happening: happening('a') },
    { seq: 3, at: 7, happening: happening('b') },
  ]);
});

test('a listener that throws holds nobody up and is counted', () => {
  const telemetry = createTelemetry({ now: () => 0 });
  const heard: number[] = [];
  telemetry.subscribe(() => {
    throw new Error('fault');
  });
  telemetry.subscribe(({ seq }) => heard.push(seq));
  const follower = telemetry.follow(() => {
    throw new Error('fault');
  });
  telemetry.watch.tell(happening('a'));
  telemetry.watch.tell(happening('b'));
  assert.deepEqual(heard, [1, 2]);
  assert.deepEqual(numbers(follower.take(10).events), [1, 2]);
  assert.equal(telemetry.faults(), 3);
});

test('the same listener may subscribe twice and stop once', () => {
  const { watch, subscribe } = createTelemetry({ now: () => 0 });
  let heard = 0;
  const listener = (): void => void heard++;
  const stop = subscribe(listener);
  subscribe(listener);
  watch.tell(happening('a'));
  stop();
  stop();
  watch.tell(happening('b'));
  assert.equal(heard, 3);
});

test('a follower is woken once until it has taken everything', () => {
  const { watch, follow } = createTelemetry({ now: () => 0 });
  let woken = 0;
  const follower = follow(() => void woken++);
  for (const message of ['a', 'b', 'c']) watch.tell(happening(message));
  assert.equal(woken, 1);
  assert.deepEqual(numbers(follower.take(2).events), [1, 2]);
  watch.tell(happening('d'));
  assert.equal(woken, 1, 'it knows that there is more');
  assert.deepEqual(numbers(follower.take(10).events), [3, 4]);
  watch.tell(happening('e'));
  assert.equal(woken, 2);
  follower.stop();
  watch.tell(happening('f'));
  assert.equal(woken, 2);
});

test('a slow follower loses the oldest and is told how many; others lose nothing', () => {
  const { watch, follow } = createTelemetry({ now: () => 0, kept: 4 });
  const slow = follow(() => {});
  const quick = follow(() => {});
  const taken: number[] = [];
  for (let at = 0; at < 10; at++) {
    watch.tell(happening(String(at)));
    taken.push(...numbers(quick.take(10).events));
  }
  assert.deepEqual(taken, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const { dropped, events } = slow.take(10);
  assert.equal(dropped, 6);
  assert.deepEqual(numbers(events), [7, 8, 9, 10]);
  assert.deepEqual(slow.take(10), { dropped: 0, events: [] });
});

test('a follower that comes back goes on where it was', () => {
  const { watch, follow } = createTelemetry({ now: () => 0, kept: 4 });
  for (let at = 0; at < 6; at++) watch.tell(happening(String(at)));
  let woken = 0;
  const wake = (): void => void woken++;
  assert.deepEqual(numbers(follow(wake, 4).take(10).events), [5, 6]);
  const lost = follow(wake, 0).take(10);
  assert.deepEqual([lost.dropped, numbers(lost.events)], [2, [3, 4, 5, 6]]);
  assert.equal(woken, 2);
  for (const after of [6, 99, -1, Number.NaN]) assert.deepEqual(follow(wake, after).take(10).events, [], String(after));
  assert.equal(woken, 2);
});

test('what a follower took and what it was told it lost is everything, however it reads', () => {
  const steps = fc.array(fc.oneof(fc.constant('tell' as const), fc.nat(5)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 6 }), (plan, kept) => {
      const { watch, follow } = createTelemetry({ now: () => 0, kept });
      let awake = false;
      const follower = follow(() => {
        awake = true;
      });
      let next = 1;
      let told = 0;
      const take = (max: number): void => {
        const { dropped, events } = follower.take(max);
        next += dropped;
        for (const { seq } of events) assert.equal(seq, next++);
      };
      for (const step of plan) {
        if (step === 'tell') {
          told++;
          watch.tell(happening('x'));
        } else take(step);
      }
      if (awake) take(100);
      assert.equal(next - 1, told);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Happening, Told } from './ports.ts';
import { createTelemetry } from './watch.ts';

const happening = (message: string): Happening => ({ type: 'alarm', upstream: 'spark', message });

test('every listener hears everything from its subscription on, in order', () => {
  const telemetry = createTelemetry({ now: () => 7 });
  const heard: Told[] = [];
  telemetry.watch.tell(happening('before'));
  const stop = telemetry.subscribe((told) => heard.push(told));
  telemetry.watch.tell(happening('a'));
  telemetry.watch.tell(happening('b'));
  stop();
  telemetry.watch.tell(happening('after'));
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
  telemetry.watch.tell(happening('a'));
  telemetry.watch.tell(happening('b'));
  assert.deepEqual(heard, [1, 2]);
  assert.equal(telemetry.faults(), 2);
});

test('the same listener may subscribe twice and stop once', () => {
  const telemetry = createTelemetry({ now: () => 0 });
  let heard = 0;
  const listener = (): void => void heard++;
  const stop = telemetry.subscribe(listener);
  telemetry.subscribe(listener);
  telemetry.watch.tell(happening('a'));
  stop();
  stop();
  telemetry.watch.tell(happening('b'));
  assert.equal(heard, 3);
});

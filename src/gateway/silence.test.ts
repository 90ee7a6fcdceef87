import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#test/gateway/fake-clock.ts';
import { Silence } from './silence.ts';

const silenceOn = (clock: FakeClock): { readonly silence: Silence; readonly lastedAt: number[] } => {
  const beganAt = clock.now();
  const lastedAt: number[] = [];
  return { silence: new Silence(clock, () => void lastedAt.push(clock.now() - beganAt)), lastedAt };
};

test('lasts so long after the last wait, not the first, with one timer for all of them', async () => {
  const clock = new FakeClock();
  const { silence, lastedAt } = silenceOn(clock);
  for (let token = 0; token < 10; token++) {
    silence.wait(100);
    await clock.advance(30);
    assert.equal(clock.pending, 1);
  }
  await clock.advance(1_000);
  assert.deepEqual(lastedAt, [370], 'ten tokens, 30 ms apart: the last came at 270');
});

test('a shorter wait ends sooner', async () => {
  const clock = new FakeClock();
  const { silence, lastedAt } = silenceOn(clock);
  silence.wait(1_000);
  silence.wait(100);
  await clock.advance(5_000);
  assert.deepEqual(lastedAt, [100]);
});

test('stopped, it neither ends nor keeps a timer; it can be waited for again', async () => {
  const clock = new FakeClock();
  const { silence, lastedAt } = silenceOn(clock);
  silence.wait(100);
  silence.stop();
  assert.equal(clock.pending, 0);
  await clock.advance(200);
  silence.wait(100);
  await clock.advance(200);
  assert.deepEqual(lastedAt, [300]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#test/gateway/fake-clock.ts';
import { tablesFrom } from '#test/gateway/house-under-test.ts';
import { FleetState } from './fleet-state.ts';

const tables = tablesFrom(`
version: 1
house: home
upstreams:
  one: { kind: vllm, url: http://127.0.0.1:8001, slots: 2, models: { m: { context: 8k }, n: { context: 8k }, own: { context: 8k, slots: 1 } } }
  two: { kind: vllm, url: http://127.0.0.1:8001, slots: one, models: { m: { context: 8k } } }
routes:
  chat: { target: one/m }
`);

function stand() {
  const clock = new FakeClock();
  const fleet = new FleetState(tables, { clock, watch: { tell: () => {} } });
  return { clock, fleet };
}

test('slots are shared by the models of an upstream, and by an upstream that names it', async () => {
  const { fleet } = stand();
  const first = await fleet.acquire('one/m', 1);
  const second = await fleet.acquire('two/m', 2);
  assert.ok(first && second);
  assert.equal(await fleet.acquire('one/n', 3), null);
  const own = await fleet.acquire('one/own', 4);
  assert.ok(own, 'a slot of its own is apart from them');
  assert.equal(await fleet.acquire('one/own', 5), null);
  first.step({ type: 'body_ended' });
  first.step({ type: 'body_ended' });
  assert.equal(fleet.slotsInUse(), 2, 'a slot comes back once');
  assert.ok(await fleet.acquire('one/n', 6));
});

test('who is quicker gets the slot, in one turn too', async () => {
  const { fleet } = stand();
  const got = await Promise.all([1, 2, 3].map((order) => fleet.acquire('one/m', order)));
  assert.deepEqual(
    got.map((lease) => lease !== null),
    [true, true, false],
  );
});

test('a lease whose server goes on comes back by the clock', async () => {
  const { clock, fleet } = stand();
  const lease = await fleet.acquire('one/m', 1);
  lease?.step({ type: 'aborted', honoured: false, medianMs: 30_000, elapsedMs: 10_000 });
  await clock.advance(19_999);
  assert.equal(fleet.slotsInUse(), 1);
  await clock.advance(1);
  assert.equal(fleet.slotsInUse(), 0);
  assert.equal(clock.pending, 0);
});

test('a body that crashed two machines is known for ten minutes', async () => {
  const { clock, fleet } = stand();
  fleet.notePoison('hash');
  await clock.advance(599_999);
  assert.equal(
    fleet.isPoison(() => 'hash'),
    true,
  );
  assert.equal(
    fleet.isPoison(() => 'other'),
    false,
  );
  await clock.advance(1);
  assert.equal(
    fleet.isPoison(() => 'hash'),
    false,
  );
});

test('the median answer is of the last ones', () => {
  const { fleet } = stand();
  assert.equal(fleet.medianAnswerMs('one/m'), null);
  for (let count = 0; count < 40; count++) fleet.noteAnswered('one/m', 1_000);
  for (let count = 0; count < 20; count++) fleet.noteAnswered('one/m', 5_000);
  assert.equal(fleet.medianAnswerMs('one/m'), 5_000);
});

/** Not now: machines that say they are busy or loading, or do not have the model, on a clock that the test drives. */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { busyScript, loadingScript, modelNotFoundScript, queueFullScript, refusalScript } from '#upstreams/scripted/refusal-script.ts';
import { FakeClock, turns, until } from './fake-clock.ts';
import type { HouseUnderTest } from './house-under-test.ts';
import { answers, gate, inTurn } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const spilling = { chat: { target: 'one', spill: ['two'], failover: ['three'] } };

/** Resolves when so many requests wait for a slot. */
async function waiting(under: HouseUnderTest, count: number): Promise<void> {
  await until(() => under.fleet.waiters.count >= count);
}

for (const [name, does] of [
  ['429', busyScript()],
  ['a full queue', queueFullScript()],
  ['503 with Retry-After', refusalScript(503, { error: { message: 'later' } }, { headers: { 'retry-after': '7' } })],
] as const) {
  test(`${name} spills`, async (t) => {
    const { under } = await setStage(t, {
      clock: new FakeClock(),
      machines: { one: does, two: answers('from two'), three: answers('from three') },
      routes: spilling,
    });
    assert.equal(contentOf(await under.ask().done), 'from two');
    assert.deepEqual(
      under.terminals[0]?.attempts.map(({ result }) => result),
      ['busy', 'answered'],
    );
    assert.equal(under.fleet.snapshot('one')?.state, 'up', 'saturation is not sickness');
    assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'good');
  });
}

test('busy counts for everyone until its Retry-After is over', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: inTurn(busyScript(20), answers('from one')), two: answers('from two') },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
  await clock.advance(19_900);
  assert.equal(contentOf(await under.ask({}, { principal: 'k_other' }).done), 'from two');
  assert.equal(machines.one.requests.length, 1);
  await clock.advance(200);
  assert.equal(contentOf(await under.ask().done), 'from one');
});

test('a Retry-After that is over within the wait is waited for; then the same target is asked again', async (t) => {
  const clock = new FakeClock();
  const { under } = await setStage(t, {
    clock,
    machines: { one: inTurn(busyScript(3), answers('from one')), two: answers('from two') },
    profiles: { patient: { wait: '5s' } },
  });
  const asked = under.ask();
  await waiting(under, 1);
  await clock.advance(2_900);
  assert.equal(under.fleet.waiters.count, 1);
  await clock.advance(200);
  assert.equal(contentOf(await asked.done), 'from one');
});

test('a Retry-After beyond the wait: failover once the wait is over, not before', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: busyScript(30), two: answers('from two') },
    profiles: { patient: { wait: '5s' } },
  });
  const asked = under.ask();
  await waiting(under, 1);
  await clock.advance(4_900);
  assert.equal(machines.two.connectionCount, 0);
  await clock.advance(200);
  assert.equal(contentOf(await asked.done), 'from two');
});

test('a target that goes on saying busy is waited for no longer than the wait, all together', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: busyScript(2), two: answers('from two') },
    profiles: { patient: { wait: '5s' } },
  });
  const asked = under.ask();
  for (let said = 1; said <= 3; said++) {
    await machines.one.nextRequest();
    await waiting(under, 1);
    await clock.advance(2_001);
  }
  assert.equal(contentOf(await asked.done), 'from two');
  assert.equal(machines.one.requests.length, 3);
});

test('the spill is asked before anybody waits', async (t) => {
  const { under } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: busyScript(1), two: answers('from two'), three: answers('from three') },
    routes: spilling,
    profiles: { patient: { wait: '5s' } },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
});

test('nobody but busy machines: 429 with the smallest known Retry-After', async (t) => {
  const { under } = await setStage(t, { clock: new FakeClock(), machines: { one: busyScript(20), two: busyScript(7) } });
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code, answer.headers['retry-after']], [429, 'saturated', '7']);
  assert.equal(answer.headers['x-should-retry'], undefined);
});

for (const [said, ms] of [
  ['1e9', 60_000],
  ['-5', 1_000],
  ['soon', 1_000],
] as const) {
  test(`Retry-After: ${said} counts as ${ms / 1000} s`, async (t) => {
    const clock = new FakeClock();
    const { under, machines } = await setStage(t, { clock, machines: { one: inTurn(busyScript(said), answers('from one')) } });
    await under.ask().done;
    await clock.advance(ms - 10);
    assert.equal((await under.ask().done).status, 429);
    assert.equal(machines.one.requests.length, 1);
    await clock.advance(20);
    assert.equal((await under.ask().done).status, 200);
  });
}

test('loading is not now: spill, and 503 model_loading where nobody helps', async (t) => {
  const { under } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: loadingScript(), two: answers('from two') },
    routes: { chat: { target: 'one', spill: ['two'] }, alone: { target: 'one' } },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
  const answer = await under.ask({ model: 'home/alone' }).done;
  assert.deepEqual([answer.status, errorOf(answer)?.code, answer.headers['retry-after']], [503, 'model_loading', '1']);
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'good');
});

test('loading is waited for within the wait', async (t) => {
  const clock = new FakeClock();
  const { under } = await setStage(t, {
    clock,
    machines: { one: inTurn(loadingScript(), answers('from one')) },
    profiles: { patient: { wait: '5s' } },
  });
  const asked = under.ask();
  await waiting(under, 1);
  await clock.advance(1_100);
  assert.equal(contentOf(await asked.done), 'from one');
});

test('who says loading for longer than the load clock cannot; later it gets another chance', async (t) => {
  const clock = new FakeClock();
  const loaded = { now: false };
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: (request) => (loaded.now ? answers('from one')(request) : loadingScript()), clocks: { load: '10s' } } },
  });
  for (let passed = 0; passed < 10; passed += 2) {
    assert.equal(errorOf(await under.ask().done)?.code, 'model_loading');
    await clock.advance(2_000);
  }
  await clock.advance(100);
  const asked = machines.one.requests.length;
  const answer = await under.ask().done;
  assert.equal(errorOf(answer)?.code, 'no_route');
  assert.match(errorOf(answer)?.message ?? '', /did not finish loading/);
  assert.equal(machines.one.requests.length, asked, 'it is not asked again');
  loaded.now = true;
  await clock.advance(60_000);
  assert.equal(contentOf(await under.ask().done), 'from one');
});

test('a model that is not there is not asked for again for a minute', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: inTurn(modelNotFoundScript('m'), answers('from one')), two: answers('from two') },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
  await clock.advance(59_900);
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(machines.one.requests.length, 1);
  await clock.advance(200);
  assert.equal(contentOf(await under.ask().done), 'from one');
});

test('500 later than a second after the request was sent is not retried', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: [gate(), ...refusalScript(500, {})], two: answers('from two') },
  });
  const asked = under.ask();
  await machines.one.nextRequest();
  await turns();
  await clock.advance(1_001);
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'from two');
  assert.equal(machines.one.requests.length, 1);
});

test('a reset later than a second after the request was sent is a crash', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: [gate(), { do: 'rst' }], two: answers('from two') } });
  const asked = under.ask();
  await machines.one.nextRequest();
  await turns();
  await clock.advance(1_001);
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'from two');
  assert.deepEqual(
    under.terminals[0]?.attempts.map(({ result }) => result),
    ['crashed', 'answered'],
  );
});

test('a connection that is never accepted: the connect clock, then the next candidate', async (t) => {
  const clock = new FakeClock();
  const { under } = await setStage(t, {
    clock,
    // Nothing is dialled: this socket neither connects nor fails.
    connect: () => new Socket(),
    machines: { one: { does: [], url: 'http://10.255.255.1:9', clocks: { connect: '2s' } } },
  });
  const asked = under.ask();
  await turns();
  await clock.advance(1_900);
  assert.equal(asked.client.status, 0);
  await clock.advance(200);
  const answer = await asked.done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'no_route']);
  assert.match(errorOf(answer)?.message ?? '', /did not accept the connection in time/);
  assert.equal(under.fleet.snapshot('one')?.state, 'unprobed', 'one timeout does not eject');
  const again = under.ask();
  await turns();
  await clock.advance(2_100);
  await again.done;
  assert.equal(under.fleet.snapshot('one')?.state, 'ejected', 'the second in a row does');
});

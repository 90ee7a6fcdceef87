/** Profiles that queue: a request that nobody could take is held until somebody can. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyScript, serverErrorScript } from '#upstreams/scripted/refusal-script.ts';
import { FakeClock, turns, until } from './fake-clock.ts';
import type { HouseUnderTest } from './house-under-test.ts';
import { answers, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, word } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const queueing = { private: { exhausted: { queue: '30m' } } };
const held = (name: string) => streamOf(roleEvent, word(name), gate(name), finishEvent, doneEvent);

async function waiting(under: HouseUnderTest, count: number): Promise<void> {
  await until(() => under.fleet.waiters.count === count);
}

test('held while every slot is taken, served when one comes free, oldest first and before newcomers', async (t) => {
  const { under, machines } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: { does: inTurn(held('first'), held('second'), held('third'), held('fourth')), slots: 1 } },
    profiles: queueing,
  });
  const first = under.ask({ stream: true });
  await first.client.got('first');
  const second = under.ask({ stream: true });
  await waiting(under, 1);
  const third = under.ask({ stream: true });
  await waiting(under, 2);
  machines.one.open('first');
  await first.done;
  await second.client.got('second');
  const fourth = under.ask({ stream: true });
  await waiting(under, 2);
  for (const name of ['second', 'third', 'fourth']) machines.one.open(name);
  const served = await Promise.all([second.done, third.done, fourth.done]);
  assert.deepEqual(served.map(contentOf), ['second', 'third', 'fourth']);
  assert.equal(under.terminals.find(({ id }) => served[0]?.headers['x-gatehouse-request-id'] === id)?.walks.length, 2);
});

test('the oldest is served first even where it came to the line last', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: inTurn(held('first'), held('second'), held('third')), slots: 1 } },
    profiles: queueing,
  });
  const first = under.ask({ stream: true });
  await first.client.got('first');
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const second = under.ask({ stream: true });
  await turns();
  under.recordBegins = () => Promise.resolve();
  const third = under.ask({ stream: true });
  await waiting(under, 1);
  begun.resolve();
  await waiting(under, 2);
  for (const name of ['first', 'second', 'third']) machines.one.open(name);
  assert.deepEqual((await Promise.all([second.done, third.done])).map(contentOf), ['second', 'third']);
  await first.done;
});

test('a stream in the line is kept alive, and the bound ends it with the error of its last walk', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: held('first'), slots: 1, clocks: { idle: '5m' } } },
    profiles: { short: { exhausted: { queue: '40s' } } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('first');
  const second = under.ask({ stream: true });
  await waiting(under, 1);
  await clock.advance(39_000);
  assert.equal(second.client.text, ': keep-alive\n\n'.repeat(2));
  await clock.advance(1_100);
  const answer = await second.done;
  assert.equal(errorOf(answer)?.code, 'saturated');
  machines.one.open('first');
  await first.done;
});

test('only targets judged bad are left: the error comes at once', async (t) => {
  const { under } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: answers(''), two: serverErrorScript('cuda error') },
    profiles: queueing,
  });
  assert.equal((await under.ask().done).status, 502);
});

test('a target judged bad stays out when the request is walked again', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: answers(''), two: { does: inTurn(held('first'), answers('second')), slots: 1 } },
    profiles: queueing,
  });
  const first = under.ask({ stream: true }, { principal: 'k_1' });
  await first.client.got('first');
  const second = under.ask({}, { principal: 'k_1' });
  await waiting(under, 1);
  await clock.advance(1_000);
  machines.two.open('first');
  await first.done;
  assert.equal(contentOf(await second.done), 'second');
  assert.equal(machines.one.requests.length, 2, 'once for each request');
});

test('a machine that said busy is asked again when its Retry-After is over', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: inTurn(busyScript(20), busyScript(), answers('at last')) },
    profiles: queueing,
  });
  const asked = under.ask();
  await machines.one.nextRequest();
  await until(() => under.fleet.waiters.count > 0);
  await clock.advance(19_900);
  assert.equal(machines.one.requests.length, 1);
  await clock.advance(200);
  await machines.one.nextRequest();
  await waiting(under, 1);
  await clock.advance(1_100);
  assert.equal(contentOf(await asked.done), 'at last');
});

test('a machine that says busy and come back at once is not asked in a frenzy', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: inTurn(busyScript(0), busyScript(0), answers('at last')) },
    profiles: queueing,
  });
  const asked = under.ask();
  await machines.one.nextRequest();
  await waiting(under, 1);
  assert.equal(machines.one.requests.length, 1);
  await clock.advance(1_100);
  await machines.one.nextRequest();
  await waiting(under, 1);
  await clock.advance(1_100);
  assert.equal(contentOf(await asked.done), 'at last');
});

test('a free spill of a target that is down is nobody’s turn: the request waits for whom its walk would ask', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: {
      one: answers('from one'),
      two: answers('from two'),
      three: { does: inTurn(held('first'), answers('from three')), slots: 1 },
    },
    routes: { chat: { target: 'one', spill: ['two'], failover: ['three'] } },
    profiles: queueing,
  });
  await machines.one.refuse();
  const first = under.ask({ stream: true });
  await first.client.got('first');
  const second = under.ask();
  await waiting(under, 1);
  machines.three.open('first');
  await first.done;
  assert.equal(contentOf(await second.done), 'from three');
  assert.equal(machines.two.connectionCount, 0);
});

test('a limit of ours is asked again once a second, not in a frenzy', async (t) => {
  const clock = new FakeClock();
  let reserved = 0;
  const { under } = await setStage(t, {
    clock,
    machines: { one: answers('at last') },
    profiles: queueing,
    limits: {
      reserve: () =>
        Promise.resolve(++reserved < 3 ? { granted: false, retryAfterMs: 5_000 } : { granted: true, settle: () => Promise.resolve() }),
    },
  });
  const asked = under.ask();
  await turns();
  assert.equal(reserved, 1);
  await clock.advance(1_100);
  assert.equal(reserved, 2);
  await clock.advance(1_100);
  assert.equal(contentOf(await asked.done), 'at last');
});

test('a target that became a cloud while the request waited is not dialled', async (t) => {
  const clock = new FakeClock();
  const { under, machines, policyWith } = await setStage(t, {
    clock,
    machines: { one: { does: inTurn(held('first'), answers('second')), slots: 1 } },
    profiles: { private: { tier: 'local-first', exhausted: { queue: '60s' } } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('first');
  const second = under.ask();
  await waiting(under, 1);
  under.usePolicy(
    policyWith((policy) => ({
      ...policy,
      upstreams: { ...policy.upstreams, one: { ...policy.upstreams['one']!, location: 'cloud' } },
      routes: { chat: { target: 'one' } },
      profiles: { private: { tier: 'cloud-explicit' } },
    })),
  );
  machines.one.open('first');
  await first.done;
  await turns();
  assert.equal(machines.one.requests.length, 1);
  assert.equal(under.fleet.waiters.count, 1);
  await clock.advance(60_000);
  assert.equal(errorOf(await second.done)?.code, 'saturated', 'as its last walk found it');
  assert.equal(machines.one.requests.length, 1);
});

test('who is closing holds nobody in line', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: { does: held('first'), slots: 1 } }, profiles: queueing });
  const first = under.ask({ stream: true });
  await first.client.got('first');
  const second = under.ask({ stream: true });
  under.closing = true;
  assert.equal((await second.done).status, 429);
  machines.one.open('first');
  await first.done;
});

/** Slots: who gets one, when it comes back, and who is next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyScript, contentPolicyScript } from '#upstreams/scripted/refusal-script.ts';
import { chatWhole } from '#upstreams/scripted/chat-script.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { FakeClock, turns, until } from './fake-clock.ts';
import type { HouseUnderTest } from './house-under-test.ts';
import { answers, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, usageEvent, word } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const held = (name: string): Script => streamOf(roleEvent, word(name), gate(name), finishEvent, doneEvent);
const stall = { do: 'stall' } as const;

async function waiting(under: HouseUnderTest, count: number): Promise<void> {
  await until(() => under.fleet.waiters.count === count);
}

test('the fourth caller of a machine with three slots spills', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: inTurn(held('a'), held('b'), held('c')), slots: 3 }, two: answers('from two'), three: answers('from three') },
    routes: { chat: { target: 'one', spill: ['two'], failover: ['three'] } },
  });
  const three = ['a', 'b', 'c'].map(() => under.ask({ stream: true }));
  for (const _ of three) await machines.one.nextRequest();
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(machines.one.requests.length, 3);
  for (const name of ['a', 'b', 'c']) machines.one.open(name);
  await Promise.all(three.map(({ done }) => done));
  assert.equal(contentOf(await under.ask().done).length, 1, 'the target again, once a slot is free');
});

const ends: readonly [name: string, script: Script | ScriptHandler][] = [
  ['a whole stream', streamOf(roleEvent, word('x'), finishEvent, doneEvent)],
  ['one body', chatWhole({ model: 'm', text: 'x' })],
  ['a reset before the head', [{ do: 'rst' }]],
  ['a reset in the middle', streamOf(roleEvent, word('x'), { do: 'rst' })],
  ['a cut', streamOf(roleEvent, word('x'), { do: 'fin' })],
  ['429', busyScript()],
  ['a refusal', contentPolicyScript()],
  ['an event that does not parse', streamOf(roleEvent, 'data: {\n\n', stall)],
  ['silence', streamOf(stall)],
  ['silence after a word', streamOf(roleEvent, word('x'), stall)],
];

for (const [name, does] of ends) {
  test(`a slot comes back after ${name}`, async (t) => {
    const { under } = await setStage(t, { machines: { one: { does, slots: 1, clocks: { first_token: '80ms', idle: '80ms' } } } });
    await under.ask({ stream: true }).done;
    // A slot that never came back would run into the time limit here.
    await until(() => under.fleet.slotsInUse() === 0);
    assert.equal(under.terminals.length, 1);
  });
}

test('a server that goes on after we have left keeps its slot, for ten seconds where nothing is known of it', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: {
      one: { does: inTurn(streamOf(roleEvent, word('x'), { do: 'ignoreAbort' }, stall), answers('after')), kind: 'llamacpp', slots: 1 },
    },
  });
  const asked = under.ask({ stream: true });
  await asked.client.got('"x"');
  asked.client.leave();
  await asked.handled;
  await turns();
  assert.equal(under.fleet.slotsInUse(), 1);
  assert.equal((await under.ask().done).status, 429, 'the machine is not asked for more than it can do');
  await clock.advance(9_999);
  assert.equal(under.fleet.slotsInUse(), 1);
  await clock.advance(1);
  assert.equal(under.fleet.slotsInUse(), 0);
  assert.equal(contentOf(await under.ask().done), 'after');
  machines.one.release();
});

test('with history, for the median answer less what has passed', async (t) => {
  const clock = new FakeClock();
  const timed = streamOf(roleEvent, word('x'), gate('timed'), finishEvent, doneEvent);
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: inTurn(timed, streamOf(roleEvent, word('y'), stall)), kind: 'llamacpp', slots: 1, clocks: { idle: '5m' } } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"x"');
  await clock.advance(20_000);
  machines.one.open('timed');
  await first.done;
  const second = under.ask({ stream: true });
  await second.client.got('"y"');
  await clock.advance(5_000);
  second.client.leave();
  await second.handled;
  await clock.advance(14_900);
  assert.equal(under.fleet.slotsInUse(), 1);
  await clock.advance(200);
  assert.equal(under.fleet.slotsInUse(), 0);
});

test('a freed slot goes to the oldest waiting request before newcomers', async (t) => {
  const { under, machines } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: { does: inTurn(held('a'), held('b'), held('c')), slots: 1 }, two: answers('from two') },
    profiles: { patient: { wait: '5s' } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"a"');
  const second = under.ask({ stream: true });
  await waiting(under, 1);
  const third = under.ask({ stream: true });
  await waiting(under, 2);
  machines.one.open('a');
  await first.done;
  // The slot is promised at this very moment, and a newcomer finds none.
  const newcomer = under.ask({ stream: true });
  await second.client.got('"b"');
  machines.one.open('b');
  await second.done;
  await third.client.got('"c"');
  machines.one.open('c');
  await third.done;
  assert.equal(contentOf(await newcomer.done), 'c');
});

test('a promised slot is given on when its request does not take it', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: inTurn(held('a'), held('c')), slots: 1 } },
    profiles: { patient: { wait: '5s' } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"a"');
  const second = under.ask({ stream: true });
  await waiting(under, 1);
  const third = under.ask({ stream: true });
  await waiting(under, 2);
  second.client.leave();
  await waiting(under, 1);
  machines.one.open('a');
  machines.one.open('c');
  await first.done;
  assert.equal(contentOf(await third.done), 'c');
  assert.equal(under.terminals.filter(({ result }) => result === 'cancelled').length, 1);
});

test('the wait is over: failover', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: held('a'), slots: 1 }, two: answers('from two') },
    profiles: { patient: { wait: '5s' } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"a"');
  const second = under.ask();
  await waiting(under, 1);
  await clock.advance(5_000);
  assert.equal(contentOf(await second.done), 'from two');
  machines.one.open('a');
  await first.done;
});

test('a model with slots of its own neither takes nor lends the others’', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: {
      one: { does: inTurn(held('a'), held('b')), slots: 1, models: { m: { context: '8k' }, voice: { context: '8k', slots: 1 } } },
    },
    routes: { chat: { target: 'one/m' }, voice: { target: 'one/voice' } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"a"');
  const second = under.ask({ stream: true, model: 'home/voice' });
  await second.client.got('"b"');
  assert.equal((await under.ask({ model: 'home/voice' }).done).status, 429);
  machines.one.open('a');
  machines.one.open('b');
  await Promise.all([first.done, second.done]);
});

test('a limit that refuses gives the slot back and is told like a busy machine', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: answers('x') },
    limits: { reserve: () => Promise.resolve({ granted: false, retryAfterMs: 4_000 }) },
  });
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code, answer.headers['retry-after']], [429, 'saturated', '4']);
  assert.equal(machines.one.connectionCount, 0);
});

test('what an attempt used is settled with the limits, whatever came of it', async (t) => {
  const settled: (number | null)[] = [];
  const settle = ({ outputTokens }: { outputTokens: number | null }): Promise<void> => Promise.resolve(void settled.push(outputTokens));
  const { under } = await setStage(t, {
    machines: { one: streamOf(roleEvent, usageEvent, { do: 'fin' }), two: answers('from two') },
    limits: { reserve: () => Promise.resolve({ granted: true, settle }) },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.deepEqual(settled, [3, 3]);
});

test('limits that fail in an unforeseen way cost no slot', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: answers('x') },
    limits: { reserve: () => Promise.reject(new Error('unforeseen')) },
  });
  const asked = under.ask();
  await assert.rejects(asked.handled, /unforeseen/);
  assert.equal((await asked.done).status, 500);
  assert.equal(under.fleet.slotsInUse(), 0);
});

/** A caller that leaves: the machine is let go at once, in whatever phase, and the record says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { FakeClock, turns, until } from './fake-clock.ts';
import { answers, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, word } from './machines.ts';
import { contentOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const stall = { do: 'stall' } as const;

const phases: readonly [name: string, script: Script, stream: boolean, got: string | null][] = [
  ['before the headers', [stall], true, null],
  ['before the headers of a whole answer', [stall], false, null],
  [
    'in the middle of a whole body',
    [{ do: 'header', name: 'content-length', value: '900' }, { do: 'body', bytes: '{"choices"' }, stall],
    false,
    null,
  ],
  ['before the first token', streamOf(roleEvent, stall), true, null],
  ['in the middle', streamOf(roleEvent, word('x'), stall), true, '"x"'],
  ['between the finish and the terminator', streamOf(roleEvent, word('x'), finishEvent, stall), true, '"x"'],
];

for (const [name, script, stream, got] of phases) {
  test(`leaving ${name}: the machine’s connection is closed, the slot is back, the record says cancelled`, async (t) => {
    const { under, machines } = await setStage(t, {
      clock: new FakeClock(),
      machines: { one: { does: script, slots: 1 }, two: answers('from two') },
    });
    const asked = under.ask({ stream });
    const request = await machines.one.nextRequest();
    if (got !== null) await asked.client.got(got);
    await turns();
    asked.client.leave();
    await request.aborted;
    await asked.handled;
    assert.equal(under.fleet.slotsInUse(), 0);
    assert.equal(machines.two.connectionCount, 0);
    const [terminal] = under.terminals;
    assert.deepEqual([terminal?.result, terminal?.status, terminal?.attempts[0]?.result], ['cancelled', 499, 'cancelled']);
    assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'good', 'nobody complains about the machine');
  });
}

test('leaving while it waits for a slot', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: streamOf(roleEvent, word('x'), gate(), finishEvent, doneEvent), slots: 1 }, two: answers('from two') },
    profiles: { patient: { wait: '1m' } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"x"');
  const second = under.ask({ stream: true });
  await until(() => under.fleet.waiters.count > 0);
  second.client.leave();
  await second.handled;
  assert.equal(under.terminals[0]?.result, 'cancelled');
  machines.one.open('go');
  await first.done;
  assert.equal(machines.two.connectionCount, 0);
});

test('leaving while it is queued', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: streamOf(roleEvent, word('x'), gate(), finishEvent, doneEvent), slots: 1 } },
    profiles: { private: { exhausted: { queue: '30m' } } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"x"');
  const second = under.ask({ stream: true });
  await until(() => under.fleet.waiters.count > 0);
  second.client.leave();
  await second.handled;
  assert.equal(under.terminals[0]?.result, 'cancelled');
  machines.one.open('go');
  await first.done;
  assert.equal(machines.one.requests.length, 1);
});

test('leaving before anything was decided: nobody is dialled', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: answers('x') } });
  const asked = under.ask({ stream: true });
  asked.client.leave();
  await asked.handled;
  assert.equal(under.terminals[0]?.result, 'cancelled');
  assert.equal(machines.one.requests.length, 0);
});

test('leaving while the intent of a cloud dial is pending: nobody is dialled', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { far: { does: answers('x'), location: 'cloud' } },
    profiles: { open: { tier: 'cloud-explicit' } },
  });
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const asked = under.ask({ stream: true });
  await turns();
  asked.client.leave();
  begun.resolve();
  await asked.handled;
  assert.equal(under.terminals[0]?.result, 'cancelled');
  assert.equal(machines.far.requests.length, 0);
});

test('leaving between two attempts: the next machine is not dialled', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: [gate(), { do: 'fin' }], two: answers('from two') } });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  asked.client.leave();
  machines.one.open('go');
  await asked.handled;
  assert.equal(machines.two.connectionCount, 0);
});

test('leaving after the final event is success', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  const asked = under.ask({ stream: true });
  asked.client.got('[DONE]').then(
    () => asked.client.leave(),
    () => {},
  );
  await asked.handled;
  assert.deepEqual([under.terminals[0]?.result, under.terminals[0]?.verdict], ['ok', 'ok']);
});

test('a machine that is done is not hurt by a caller that leaves while the record is written', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  const ended = Promise.withResolvers<void>();
  under.recordEnds = () => ended.promise;
  const asked = under.ask({ stream: true });
  await under.trail.seen('record.end');
  asked.client.leave();
  ended.resolve();
  await asked.handled;
  assert.equal(under.terminals.length, 1);
});

const flood: ScriptHandler = () =>
  streamOf(roleEvent, { do: 'repeat', times: 40, steps: [{ do: 'body', bytes: word('x'.repeat(200_000)) }] }, finishEvent, doneEvent);

test('a slow reader pauses the machine; it goes on when everything was read', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: { does: flood, slots: 1, clocks: { idle: '10s' } } } });
  const asked = under.ask({ stream: true });
  asked.client.waiting = 2_000_000;
  await asked.client.got('xxx');
  await turns();
  const sent = machines.one.request(0).bytesOut;
  await clock.advance(9_000);
  assert.equal(machines.one.request(0).end, null, 'the machine cannot go on');
  assert.ok(sent < 8_000_000);
  // A silence that is the reader's own is no machine's fault.
  await clock.advance(30_000);
  assert.equal(under.terminals.length, 0);
  asked.client.waiting = 0;
  asked.client.drain();
  const answer = await asked.done;
  assert.equal(contentOf(answer).length, 40 * 200_000);
  assert.equal(under.terminals[0]?.result, 'ok');
});

test('a slow reader that blocks a slot others wait for is cut after 10 s; alone it may take its time', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: inTurn(flood, answers('second')), slots: 1 } },
    profiles: { patient: { exhausted: { queue: '30m' } } },
  });
  const slow = under.ask({ stream: true });
  slow.client.waiting = 2_000_000;
  await slow.client.got('xxx');
  await turns();
  await clock.advance(60_000);
  assert.equal(under.trail.count('client.destroy'), 0);
  const second = under.ask();
  await until(() => under.fleet.waiters.count > 0);
  await clock.advance(10_000);
  assert.equal((await slow.done).cut, true);
  assert.equal(contentOf(await second.done), 'second');
  await machines.one.request(0).aborted;
});

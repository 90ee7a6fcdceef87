/** The acknowledgement rule: what must be durable before what goes out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordUnavailable } from '#store/ports.ts';
import { FakeClock, turns } from './fake-clock.ts';
import { answers, chunk, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, usageEvent, word } from './machines.ts';
import { contentOf, doneCount, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const full = (): Promise<never> => Promise.reject(new RecordUnavailable('no space left'));

test('the intent comes before a stream’s first byte, the terminal before its finish reason', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers(['a', 'b']) } });
  await under.ask({ stream: true }).done;
  const { deeds } = under.trail;
  assert.ok(under.trail.before('record.begun', 'client.head'), deeds.join());
  assert.deepEqual(deeds.slice(deeds.indexOf('record.end')), ['record.end', 'record.ended', 'client.write', 'client.write', 'client.end']);
});

test('an intent that is not durable yet holds a stream back, not the work', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: answers(['a', 'b']) } });
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const asked = under.ask({ stream: true });
  await (
    await machines.one.nextRequest()
  ).finished;
  await turns();
  assert.equal(asked.client.status, 0);
  begun.resolve();
  assert.equal(contentOf(await asked.done), 'ab');
});

test('nor does a keep-alive go out before the intent is durable', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: [gate(), ...streamOf(roleEvent, word('x'), finishEvent, doneEvent)] },
  });
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await clock.advance(20_000);
  assert.equal(asked.client.status, 0);
  begun.resolve();
  await turns();
  await clock.advance(1);
  assert.equal(asked.client.text, ': keep-alive\n\n', 'the silence has lasted long enough');
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'x');
});

test('a failure while the intent is pending still fails over: nothing had gone out', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: streamOf(roleEvent, word('half'), gate(), { do: 'rst' }), two: answers('from two') },
  });
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await turns();
  machines.one.open('go');
  await machines.two.nextRequest();
  begun.resolve();
  assert.equal(contentOf(await asked.done), 'from two');
});

test('a house machine is dialled at once, a cloud only once the intent is durable', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: [{ do: 'fin' }], far: { does: answers('from the cloud'), location: 'cloud' } },
    profiles: { open: { tier: 'local-first' } },
  });
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const asked = under.ask();
  await machines.one.nextRequest();
  await turns();
  await turns();
  assert.equal(machines.far.connectionCount, 0);
  begun.resolve();
  assert.equal(contentOf(await asked.done), 'from the cloud');
});

test('the finish event waits for the record', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  const ended = Promise.withResolvers<void>();
  under.recordEnds = () => ended.promise;
  const asked = under.ask({ stream: true });
  await under.trail.seen('record.end');
  await turns();
  assert.ok(asked.client.text.includes('whole'), 'the answer itself is not held');
  assert.ok(!asked.client.text.includes('"stop"'));
  ended.resolve();
  assert.equal(doneCount(await asked.done), 1);
});

test('a whole body waits for the record, head and all', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  const ended = Promise.withResolvers<void>();
  under.recordEnds = () => ended.promise;
  const asked = under.ask();
  await under.trail.seen('record.end');
  await turns();
  assert.equal(asked.client.status, 0);
  ended.resolve();
  assert.equal(contentOf(await asked.done), 'whole');
});

test('a refusal waits for its record too', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') } });
  const ended = Promise.withResolvers<void>();
  under.recordEnds = () => ended.promise;
  const asked = under.ask({ model: 'no-such-model' });
  await under.trail.seen('record.end');
  await turns();
  assert.equal(asked.client.status, 0);
  ended.resolve();
  assert.equal((await asked.done).status, 404);
});

test('no terminal, no end: the stream says so and has no finish', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  under.recordEnds = full;
  const answer = await under.ask({ stream: true }).done;
  assert.equal(errorOf(answer)?.code, 'record_unavailable');
  assert.ok(!answer.text.includes('"stop"'));
  assert.equal(doneCount(answer), 0);
});

test('no terminal, no whole answer: 503', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  under.recordEnds = full;
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'record_unavailable']);
  assert.ok(!answer.text.includes('whole'));
});

for (const stream of [true, false]) {
  test(`no intent, no answer: 503, and the machine is left (stream: ${stream})`, async (t) => {
    const { under, machines } = await setStage(t, { machines: { one: streamOf(roleEvent, word('half'), { do: 'stall' }) } });
    const begun = Promise.withResolvers<void>();
    under.recordBegins = () => begun.promise;
    const asked = under.ask({ stream });
    const request = await machines.one.nextRequest();
    begun.reject(new RecordUnavailable('no space left'));
    await request.aborted;
    const answer = await asked.done;
    assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'record_unavailable']);
    assert.equal(under.intents.length, 0);
  });
}

test('nobody waits in line before its intent is durable', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: inTurn(streamOf(roleEvent, word('x'), gate(), finishEvent, doneEvent), answers('second')), slots: 1 } },
    profiles: { q: { exhausted: { queue: '30m' } } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"x"');
  const begun = Promise.withResolvers<void>();
  under.recordBegins = () => begun.promise;
  const second = under.ask();
  begun.reject(new RecordUnavailable('no space left'));
  assert.equal((await second.done).status, 503);
  machines.one.open('go');
  await first.done;
  assert.equal(machines.one.requests.length, 1);
});

test('no intent, no refusal either: the caller learns that the record is gone', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') } });
  under.recordBegins = full;
  assert.equal((await under.ask({ model: 'no-such-model' }).done).status, 503);
});

test('usage that comes after the finish is in the record; what nobody counted is estimated and says so', async (t) => {
  const { under } = await setStage(t, {
    machines: {
      one: inTurn(
        streamOf(roleEvent, word('x'), finishEvent, usageEvent, doneEvent),
        streamOf(roleEvent, word('x'), finishEvent, doneEvent),
      ),
    },
  });
  await under.ask({ stream: true }).done;
  await under.ask({ stream: true }).done;
  const [counted, estimated] = under.terminals;
  assert.deepEqual([counted?.usage?.output, counted?.usageEstimated], [3, false]);
  assert.deepEqual([typeof estimated?.usage?.input, estimated?.usageEstimated], ['number', true]);
});

test('a record that fails in an unforeseen way is told as a fault of ours, and gives everything back', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('whole') } });
  under.recordEnds = () => Promise.reject(new Error('unforeseen'));
  const asked = under.ask();
  await assert.rejects(asked.handled, /unforeseen/);
  assert.equal((await asked.done).status, 500);
});

test('the record of a walk says who was passed over, whom it dialled and what each said', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(chunk({ content: '' }), { do: 'fin' }), two: answers('from two') } });
  await under.ask({ stream: true }).done;
  const [terminal] = under.terminals;
  assert.deepEqual(
    terminal?.walks[0]?.map((event) => event.type),
    ['observed', 'outcome', 'observed', 'outcome'],
  );
  const [first] = terminal?.attempts ?? [];
  assert.match(first?.address ?? '', /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([first?.status, first?.verdict, first?.model], [200, 'truncated', 'm']);
  assert.ok((first?.bytes ?? 0) > 0);
});

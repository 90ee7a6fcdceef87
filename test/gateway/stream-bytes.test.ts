/** What of a machine's bytes reaches the caller, and in which form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatWhole } from '#upstreams/scripted/chat-script.ts';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import { FakeClock, turns } from './fake-clock.ts';
import {
  answers,
  asksStream,
  chunk,
  doneEvent,
  finishEvent,
  gate,
  inTurn,
  roleEvent,
  someUsage,
  streamOf,
  usageEvent,
  word,
} from './machines.ts';
import { contentOf, doneCount, errorOf, finishOf, toolArgumentsOf, usageOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const stall = { do: 'stall' } as const;
const plain = roleEvent + word('a') + word('b') + finishEvent;

test('usage is asked of the machine always, and reaches only who asked', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: streamOf(plain, usageEvent, doneEvent) } });
  assert.equal((await under.ask({ stream: true }).done).text, plain + doneEvent);
  assert.equal((await under.ask({ stream: true, stream_options: { include_usage: false } }).done).text, plain + doneEvent);
  assert.equal((await under.ask({ stream: true, stream_options: { include_usage: true } }).done).text, plain + usageEvent + doneEvent);
  for (const { json } of machines.one.requests) {
    assert.ok(isJsonObject(json));
    assert.deepEqual(json['stream_options'], { include_usage: true });
  }
});

test('a usage chunk before the finish is swallowed too, and counted', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(roleEvent, word('a'), usageEvent, finishEvent, doneEvent) } });
  assert.equal((await under.ask({ stream: true }).done).text, roleEvent + word('a') + finishEvent + doneEvent);
  assert.equal(under.terminals[0]?.usage?.output, 3);
});

test('a terminator that is missing is added', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(plain) } });
  assert.equal((await under.ask({ stream: true }).done).text, plain + doneEvent);
});

for (const [name, last] of [
  ['its last newline', finishEvent.slice(0, -1)],
  ['both newlines', finishEvent.slice(0, -2)],
] as const) {
  test(`an event that the end left without ${name} does not run into ours`, async (t) => {
    const { under } = await setStage(t, { machines: { one: streamOf(roleEvent, word('a'), last) } });
    const answer = await under.ask({ stream: true }).done;
    assert.deepEqual([contentOf(answer), finishOf(answer), doneCount(answer)], ['a', 'stop', 1]);
  });
}

test('a terminator without its own newlines is delimited', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(plain, 'data: [DONE]') } });
  assert.equal((await under.ask({ stream: true }).done).text, plain + doneEvent);
});

test('what follows the terminator is dropped', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(`${plain}${doneEvent}${word('more')}${doneEvent}`) } });
  assert.equal((await under.ask({ stream: true }).done).text, plain + doneEvent);
});

test('a socket held open after the terminator: the caller is answered at once, the slot comes back after a second', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: streamOf(plain, doneEvent, stall) } });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'ab');
  assert.equal(under.fleet.slotsInUse(), 1);
  await clock.advance(999);
  assert.equal(under.fleet.slotsInUse(), 1);
  await clock.advance(1);
  assert.equal(under.fleet.slotsInUse(), 0);
  await machines.one.request(0).aborted;
});

test('a finish without a terminator: one second for what may follow, however much does', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: streamOf(plain, gate(), usageEvent, stall) } });
  const asked = under.ask({ stream: true });
  await asked.client.got('"b"');
  await turns();
  await clock.advance(900);
  machines.one.open('go');
  await turns();
  assert.equal(under.trail.count('record.end'), 0);
  await clock.advance(101);
  const answer = await asked.done;
  assert.equal(answer.text, plain + doneEvent);
  assert.equal(under.terminals[0]?.usage?.output, 3, 'the usage came in time');
  await machines.one.request(0).aborted;
  await turns();
  assert.equal(clock.pending, 0, 'no timer is left');
});

test('no timer outlives an answer', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: streamOf(plain, usageEvent, doneEvent) } });
  await under.ask({ stream: true }).done;
  machines.one.closeIdle();
  await machines.one.disconnected();
  await turns();
  assert.equal(clock.pending, 0);
});

test('comments, empty events, pings and unknown events are swallowed', async (t) => {
  const noise = [
    ': keepalive\n\n',
    'data: \n\n',
    'event: ping\ndata: {"type":"ping"}\n\n',
    'event: execute\ndata: {"code":"x"}\n\n',
    'data: : keepalive\n\n',
    'id: 7\n\n',
  ];
  const script = streamOf(...[roleEvent, word('a'), word('b'), finishEvent].flatMap((event) => [...noise, event]), ...noise, doneEvent);
  const { under } = await setStage(t, { machines: { one: script } });
  assert.equal((await under.ask({ stream: true }).done).text, plain + doneEvent);
});

test('every split of the bytes gives the same answer', async (t) => {
  const text = plain.replace('"a"', '"ä🦊"') + usageEvent + doneEvent;
  const sizes = [1, 2, 3, 7, 64];
  const { under } = await setStage(t, {
    machines: { one: inTurn(...sizes.map((size) => streamOf({ do: 'slice', size }, text))) },
  });
  for (const size of sizes)
    assert.equal((await under.ask({ stream: true }).done).text, plain.replace('"a"', '"ä🦊"') + doneEvent, `pieces of ${size}`);
});

test('one body for a request that asked for a stream becomes that stream', async (t) => {
  const { under } = await setStage(t, { machines: { one: chatWhole({ model: 'm', text: 'whole', usage: someUsage }) } });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.deepEqual([contentOf(answer), finishOf(answer), doneCount(answer), usageOf(answer)], ['whole', 'stop', 1, null]);
  const asked = await under.ask({ stream: true, stream_options: { include_usage: true } }).done;
  assert.equal(usageOf(asked)?.completion_tokens, 3);
});

for (const [name, body] of [
  ['is an error', { error: { message: 'no' } }],
  ['has nothing in it', { choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }] }],
  ['never finished', { choices: [{ index: 0, message: { role: 'assistant', content: 'half' }, finish_reason: null }] }],
] as const) {
  test(`one body for a stream that ${name} fails over unseen`, async (t) => {
    const { under } = await setStage(t, { machines: { one: [{ do: 'json', value: body }], two: answers('from two') } });
    assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
  });
}

test('events for a request that asked for one body are assembled', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(plain, usageEvent, doneEvent) } });
  const answer = await under.ask().done;
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual([contentOf(answer), finishOf(answer), usageOf(answer)?.completion_tokens], ['ab', 'stop', 3]);
});

test('events for one body that were cut are no body', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(roleEvent, word('half'), { do: 'fin' }), two: answers('from two') } });
  assert.equal(contentOf(await under.ask().done), 'from two');
});

test('assemble: true streams from the machine for a caller who did not ask for it', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: { does: answers(['a', 'b']), assemble: true } } });
  const answer = await under.ask().done;
  assert.ok(asksStream(machines.one.request(0)));
  assert.deepEqual([contentOf(answer), usageOf(answer)?.completion_tokens], ['ab', 3]);
  assert.ok(under.terminals[0]?.attempts[0]?.changes.includes('stream set: true'));
});

test('a kind that goes on without us is streamed from by default; assemble: false is obeyed', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: { does: answers('a'), kind: 'llamacpp' }, two: { does: answers('b'), kind: 'llamacpp', assemble: false } },
    routes: { chat: { target: 'one' }, other: { target: 'two' } },
  });
  await under.ask().done;
  await under.ask({ model: 'home/other' }).done;
  assert.deepEqual([asksStream(machines.one.request(0)), asksStream(machines.two.request(0))], [true, false]);
});

test('parallel tool calls keep their bytes, streamed, and their places, assembled', async (t) => {
  const call = (index: number, rest: object): string => chunk({ tool_calls: [{ index, ...rest }] });
  const events = [
    roleEvent,
    call(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
    call(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '' } }),
    call(0, { function: { arguments: '{"x":' } }),
    call(1, { function: { arguments: '{"y":2}' } }),
    call(0, { function: { arguments: '1}' } }),
    chunk({}, 'tool_calls'),
    doneEvent,
  ];
  const { under } = await setStage(t, { machines: { one: { does: streamOf(...events), models: { m: { context: '32k', tools: true } } } } });
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  assert.equal((await under.ask({ stream: true, tools }).done).text, events.join(''));
  const whole = await under.ask({ tools }).done;
  assert.equal(toolArgumentsOf(whole), '{"x":1}{"y":2}');
  assert.equal(finishOf(whole), 'tool_calls');
});

test('an event that never ends is an error, not memory', async (t) => {
  const endless = streamOf(roleEvent, 'data: ', { do: 'repeat', times: 300, steps: [{ do: 'body', bytes: 'x'.repeat(4_000) }] });
  const { under } = await setStage(t, { machines: { one: endless, two: answers('from two') } });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
});

test('a refusal that never ends is read as far as it matters', async (t) => {
  const endless = { do: 'repeat', times: 'forever', steps: [{ do: 'body', bytes: 'x'.repeat(20_000) }] } as const;
  const { under } = await setStage(t, { machines: { one: [{ do: 'status', code: 501 }, endless], two: answers('from two') } });
  const answer = await under.ask().done;
  assert.deepEqual([contentOf(answer), errorOf(answer)], ['from two', null]);
});

test('a body over the limit is 413, and bytes that are no text are 400', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') } });
  const large = await under.ask({ messages: [{ role: 'user', content: 'x'.repeat(20_000_000) }] }).done;
  assert.deepEqual([large.status, errorOf(large)?.code], [413, 'too_large']);
  const broken = await under.ask('{"model": "home/chat", "messages": [').done;
  assert.deepEqual([broken.status, errorOf(broken)?.code], [400, 'invalid_request']);
});

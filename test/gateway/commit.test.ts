/** The two commit points of a stream: its head, and its answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyScript } from '#upstreams/scripted/refusal-script.ts';
import { FakeClock, turns } from './fake-clock.ts';
import { answers, chunk, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, word } from './machines.ts';
import { contentOf, errorOf, reasoningOf, toolArgumentsOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const thought = (text: string): string => chunk({ reasoning_content: text });
const keepAlive = ': keep-alive\n\n';

test('role and white space are held, and go out with the first character', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: streamOf(roleEvent, word(' \n'), gate(), word('x'), gate('end'), finishEvent, doneEvent) },
  });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await turns();
  assert.equal(asked.client.status, 0, 'nothing has gone out');
  machines.one.open('go');
  await asked.client.got('"x"');
  assert.equal(asked.client.text, roleEvent + word(' \n') + word('x'));
  machines.one.open('end');
  assert.equal((await asked.done).text, roleEvent + word(' \n') + word('x') + finishEvent + doneEvent);
});

test('each token reaches the caller before the next one leaves the machine', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: streamOf(roleEvent, word('a'), gate('b'), word('b'), gate('c'), word('c'), finishEvent, doneEvent) },
  });
  const asked = under.ask({ stream: true });
  await asked.client.got(word('a'));
  assert.ok(!asked.client.text.includes(word('b')));
  machines.one.open('b');
  await asked.client.got(word('b'));
  assert.ok(!asked.client.text.includes(word('c')));
  machines.one.open('c');
  assert.equal(contentOf(await asked.done), 'abc');
});

for (const [name, first] of [
  ['a tool call', chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] })],
  ['reasoning', thought('hm')],
  ['a refusal', chunk({ refusal: 'I cannot' })],
] as const) {
  test(`${name} commits: after it no other model answers`, async (t) => {
    const { under, machines } = await setStage(t, {
      machines: { one: streamOf(roleEvent, first, gate(), { do: 'rst' }), two: answers('from two') },
    });
    const asked = under.ask({ stream: true });
    await asked.client.got(first.trim());
    machines.one.open('go');
    const answer = await asked.done;
    assert.equal(errorOf(answer)?.code, 'upstream_stream_broken');
    assert.equal(machines.two.connectionCount, 0);
    assert.deepEqual([under.terminals[0]?.result, under.terminals[0]?.code], ['failed', 'upstream_stream_broken']);
  });
}

test('reasoning: hold keeps reasoning back, so that another model may still answer', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: streamOf(roleEvent, thought('hm'), { do: 'rst' }), two: answers('from two') },
    profiles: { holding: { reasoning: 'hold' } },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.deepEqual([contentOf(answer), reasoningOf(answer)], ['from two', '']);
});

test('reasoning that is held goes out before the answer, unchanged', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: streamOf(roleEvent, thought('hm'), thought('so'), word('yes'), finishEvent, doneEvent) },
    profiles: { holding: { reasoning: 'hold' } },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(answer.text, roleEvent + thought('hm') + thought('so') + word('yes') + finishEvent + doneEvent);
});

test('reasoning is held up to 64 kB, then released', async (t) => {
  const long = thought('x'.repeat(1_000));
  const { under, machines } = await setStage(t, {
    machines: {
      one: streamOf(roleEvent, { do: 'repeat', times: 70, steps: [{ do: 'body', bytes: long }] }, gate(), { do: 'rst' }),
      two: answers('from two'),
    },
    profiles: { holding: { reasoning: 'hold' } },
  });
  const asked = under.ask({ stream: true });
  await asked.client.got('xxx');
  machines.one.open('go');
  const answer = await asked.done;
  assert.equal(errorOf(answer)?.code, 'upstream_stream_broken');
  assert.equal(machines.two.connectionCount, 0);
});

test('a budget eaten by reasoning that is out ends in an error event', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: streamOf(roleEvent, thought('hm'), chunk({}, 'length'), doneEvent), two: answers('from two') },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(errorOf(answer)?.code, 'upstream_reasoning_exhausted');
  assert.deepEqual([under.terminals[0]?.result, under.terminals[0]?.verdict], ['failed', 'reasoning_exhausted']);
});

test('a finish for length with nothing in it is one token’s worth of asking, not a failure', async (t) => {
  const { under } = await setStage(t, { machines: { one: streamOf(roleEvent, chunk({}, 'length'), doneEvent) } });
  await under.ask({ stream: true, max_tokens: 1 }).done;
  assert.deepEqual([under.terminals[0]?.result, under.terminals[0]?.verdict], ['ok', 'ok']);
});

test('commit: end holds everything until it is judged', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: streamOf(roleEvent, word('half an answer'), gate(), { do: 'rst' }), two: answers('from two') },
    profiles: { buffered: { commit: 'end' } },
  });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await turns();
  assert.equal(asked.client.status, 0);
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'from two');
});

test('the head goes out after head_after of silence with a keep-alive, then one every 15 s; the answer is still anybody’s', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: [gate(), { do: 'rst' }], clocks: { first_token: '5m' } }, two: answers('from two') },
    profiles: { quick: { head_after: '4s' } },
  });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await turns();
  await clock.advance(3_999);
  assert.equal(asked.client.status, 0);
  await clock.advance(1);
  assert.deepEqual([asked.client.status, asked.client.text], [200, keepAlive]);
  await clock.advance(15_000);
  await clock.advance(15_000);
  assert.equal(asked.client.text, keepAlive.repeat(3));
  machines.one.open('go');
  const answer = await asked.done;
  assert.equal(contentOf(answer), 'from two');
  assert.equal(answer.headers['x-gatehouse-upstream'], undefined, 'what was not known when the head went is left out');
  assert.equal(under.terminals[0]?.servedBy, 'two/m');
});

test('by default the head waits for 15 s', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: streamOf(gate(), roleEvent, word('x'), finishEvent, doneEvent) },
  });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await clock.advance(14_999);
  assert.equal(asked.client.status, 0);
  await clock.advance(1);
  assert.equal(asked.client.status, 200);
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'x');
});

test('a byte order mark does not stand in the middle of a stream that a keep-alive began', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: streamOf(gate(), `\uFEFF${roleEvent}`, word('x'), finishEvent, doneEvent), clocks: { first_token: '5m' } } },
    profiles: { quick: { head_after: '4s' } },
  });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await turns();
  await clock.advance(4_000);
  machines.one.open('go');
  assert.equal((await asked.done).text, keepAlive + roleEvent + word('x') + finishEvent + doneEvent);
});

test('keep-alives fill the silences between tokens too', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: streamOf(roleEvent, word('x'), gate(), finishEvent, doneEvent) },
  });
  const asked = under.ask({ stream: true });
  await asked.client.got('"x"');
  await clock.advance(15_000);
  assert.ok(asked.client.text.endsWith(`${word('x')}${keepAlive}`));
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'x');
});

test('once the head is out a refusal is an event, and no terminator follows', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: [gate(), ...busyScript(9)] } });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await clock.advance(15_000);
  machines.one.open('go');
  const answer = await asked.done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [200, 'saturated']);
  assert.ok(answer.text.startsWith(keepAlive));
  assert.deepEqual([under.terminals[0]?.result, under.terminals[0]?.status, under.terminals[0]?.code], ['refused', 200, 'saturated']);
});

test('a whole answer has no head before its body, however long it takes', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: inTurn((request) => [gate(), ...answers('late')(request)]) } });
  const asked = under.ask();
  await machines.one.nextRequest();
  await turns();
  await clock.advance(120_000);
  assert.equal(asked.client.status, 0);
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'late');
});

test('several choices: the finish of the last one is held, the others pass', async (t) => {
  const choice = (index: number, delta: object, finish: string | null = null): string =>
    `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index, delta, finish_reason: finish }] })}\n\n`;
  const events = [choice(0, { content: 'a' }), choice(1, { content: 'b' }), choice(0, {}, 'stop')];
  const { under, machines } = await setStage(t, { machines: { one: streamOf(...events, gate(), choice(1, {}, 'stop'), doneEvent) } });
  const asked = under.ask({ stream: true, n: 2 });
  await asked.client.got(events.join(''));
  assert.equal(under.trail.count('record.end'), 0);
  machines.one.open('go');
  assert.equal((await asked.done).text, [...events, choice(1, {}, 'stop'), doneEvent].join(''));
});

test('a tool call in the very last event is not lost', async (t) => {
  const last = chunk(
    { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"text":"data: [DONE]"}' } }] },
    'tool_calls',
  );
  const { under } = await setStage(t, { machines: { one: streamOf(roleEvent, last, doneEvent), two: answers('from two') } });
  const answer = await under.ask({ stream: true }).done.catch(() => null);
  assert.equal(answer && toolArgumentsOf(answer), '{"text":"data: [DONE]"}');
});

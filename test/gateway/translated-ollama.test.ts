/** Callers of the chat API, a machine that speaks Ollama's own: its bytes on the wire, through the whole conductor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import type { Json, Script, Step } from '#upstreams/scripted/script.ts';
import { FakeClock } from './fake-clock.ts';
import { answers, asksStream, gate } from './machines.ts';
import { contentOf, errorOf, finishOf, payloadsOf, reasoningOf, usageOf } from './read-answer.ts';
import { setStage } from './stage.ts';
import type { Machine, Stage } from './stage.ts';

const at = '2026-01-01T00:00:00.000000000Z';
const head = { model: 'm', created_at: at };
const line = (message: object): string =>
  `${JSON.stringify({ ...head, message: { role: 'assistant', content: '', ...message }, done: false })}\n`;
const last = (more: object = {}): string =>
  `${JSON.stringify({ ...head, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', total_duration: 9, prompt_eval_count: 12, eval_count: 3, ...more })}\n`;

function lines(...parts: readonly (Step | string)[]): Script {
  return [
    { do: 'header', name: 'content-type', value: 'application/x-ndjson' },
    { do: 'flush' },
    ...parts.map((part): Step => (typeof part === 'string' ? { do: 'body', bytes: part } : part)),
  ];
}

const whole = (message: Readonly<Record<string, Json>>, more: Readonly<Record<string, Json>> = {}): Script => [
  {
    do: 'json',
    value: {
      ...head,
      message: { role: 'assistant', content: '', ...message },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 12,
      eval_count: 3,
      ...more,
    },
  },
];

const speaking = (does: Script | ScriptHandler, more: Omit<Machine, 'does'> = {}): Machine => ({
  does,
  kind: 'ollama',
  models: { m: { context: '32k', tools: true } },
  ...more,
});

async function sent(stage: Stage<'one'>): Promise<Readonly<Record<string, Json>>> {
  const { json, path } = await stage.machines.one.nextRequest();
  assert.equal(path, '/api/chat');
  assert.ok(isJsonObject(json));
  return json;
}

const setOne = (t: TestContext, does: Script | ScriptHandler): Promise<Stage<'one'>> => setStage(t, { machines: { one: speaking(does) } });

const weather = {
  type: 'function',
  function: { name: 'weather', description: 'now', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

test('a stream is told in the caller’s API as it comes', async (t) => {
  const { under, machines } = await setOne(t, lines(line({ content: 'Hel' }), gate(), line({ content: 'lo' }), last()));
  const asked = under.ask({ stream: true, stream_options: { include_usage: true } });
  await asked.client.got('"Hel"');
  machines.one.open('go');
  const answer = await asked.done;
  const chunks = payloadsOf(answer);
  assert.deepEqual(
    chunks.map((chunk) => chunk.choices?.map((choice) => [choice.delta, choice.finish_reason])),
    [[[{ role: 'assistant', content: '' }, null]], [[{ content: 'Hel' }, null]], [[{ content: 'lo' }, null]], [[{}, 'stop']], []],
  );
  assert.deepEqual(usageOf(answer), { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 });
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.equal(answer.headers['x-gatehouse-model'], 'm');
  const [terminal] = under.terminals;
  assert.deepEqual(terminal?.usage, { input: 12, output: 3, cachedInput: null, reasoning: null });
  assert.equal(terminal?.attempts[0]?.model, 'm');
});

test('usage that nobody asked for is not told', async (t) => {
  const { under } = await setOne(t, lines(line({ content: 'yes' }), last()));
  const answer = await under.ask({ stream: true }).done;
  assert.equal(usageOf(answer), null);
  assert.equal(contentOf(answer), 'yes');
});

test('a whole answer is told whole, and the request says what Ollama must know', async (t) => {
  const stage = await setOne(t, whole({ content: 'Hello', thinking: 'hm' }));
  const asked = stage.under.ask({ temperature: 0.2, max_tokens: 50, stop: 'END', keep_alive: '5m', num_ctx: 4096, logit_bias: { 1: 2 } });
  const answer = await asked.done;
  assert.equal(answer.headers['content-type'], 'application/json');
  const body: unknown = JSON.parse(answer.text);
  assert.ok(typeof body === 'object' && body !== null && 'choices' in body && 'usage' in body && 'object' in body);
  assert.equal(body.object, 'chat.completion');
  assert.deepEqual(body.choices, [
    { index: 0, message: { role: 'assistant', content: 'Hello', reasoning_content: 'hm' }, logprobs: null, finish_reason: 'stop' },
  ]);
  assert.deepEqual(body.usage, { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 });
  assert.deepEqual(await sent(stage), {
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    stream: false,
    think: false,
    truncate: false,
    shift: false,
    options: { num_ctx: 32_000, num_predict: 50, temperature: 0.2, stop: ['END'] },
  });
  assert.deepEqual(stage.under.terminals[0]?.attempts[0]?.changes, [
    'keep_alive dropped: it gives way to the policy',
    'num_ctx dropped: it gives way to the policy',
    'logit_bias not carried',
    'num_ctx set: 32000',
  ]);
});

for (const stream of [true, false]) {
  test(`parallel calls, ${stream ? 'streamed' : 'whole'}: text arguments, ids of ours, and the finish of calls`, async (t) => {
    const calls = [
      { function: { index: 0, name: 'weather', arguments: { city: 'Rome' } } },
      { function: { index: 0, name: 'weather', arguments: {} } },
    ];
    const stage = await setOne(t, (request) =>
      asksStream(request)
        ? lines(line({ tool_calls: calls.slice(0, 1) }), line({ tool_calls: calls.slice(1) }), last())
        : whole({ tool_calls: calls }),
    );
    const answer = await stage.under.ask({ stream, tools: [weather] }).done;
    assert.equal(finishOf(answer), 'tool_calls');
    const told = payloadsOf(answer).flatMap((payload) =>
      (payload.choices ?? []).flatMap((choice) => (choice.delta ?? choice.message)?.tool_calls ?? []),
    );
    assert.deepEqual(
      told.map((call) => call.function),
      [
        { name: 'weather', arguments: '{"city":"Rome"}' },
        { name: 'weather', arguments: '{}' },
      ],
    );
    const ids = told.map((call) => call.id ?? '');
    assert.equal(new Set(ids).size, 2);
    for (const id of ids) assert.match(id, /^call_[A-Za-z0-9_]{1,35}$/);
    const { tools } = await sent(stage);
    assert.deepEqual(tools, [weather]);
  });
}

test('calls and their results go back in Ollama’s words', async (t) => {
  const stage = await setOne(t, whole({ content: 'sunny' }));
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };
  await stage.under.ask({
    messages: [
      { role: 'user', content: 'and in Rome?' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sun' },
    ],
    tools: [weather],
  }).done;
  const { messages } = await sent(stage);
  assert.deepEqual(messages, [
    { role: 'user', content: 'and in Rome?' },
    { role: 'assistant', content: '', tool_calls: [{ id: 'call_1', function: { name: 'weather', arguments: { city: 'Rome' } } }] },
    { role: 'tool', content: 'sun', tool_name: 'weather', tool_call_id: 'call_1' },
  ]);
});

test('thinking is told as reasoning', async (t) => {
  const { under } = await setStage(t, {
    machines: {
      one: speaking(lines(line({ thinking: 'hm, ' }), line({ thinking: 'yes' }), line({ content: 'Yes' }), last()), {
        models: { m: { context: '32k', reasoning: true } },
      }),
    },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.deepEqual([reasoningOf(answer), contentOf(answer)], ['hm, yes', 'Yes']);
});

test('an answer of nothing is not an answer', async (t) => {
  const { under } = await setStage(t, { machines: { one: speaking(lines(line({}), last())), two: answers('from two') } });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
  assert.deepEqual(
    under.terminals[0]?.attempts.map(({ verdict }) => verdict),
    ['empty', 'ok'],
  );
});

test('an error line before the answer moves on, after it the stream breaks', async (t) => {
  const error = `${JSON.stringify({ error: 'model runner has unexpectedly stopped' })}\n`;
  const { under, machines } = await setStage(t, {
    machines: { one: speaking(lines(line({}), error)), two: answers('from two') },
  });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
  machines.one.handle(() => lines(line({ content: 'Hel' }), gate(), error));
  const asked = under.ask({ stream: true });
  await asked.client.got('"Hel"');
  machines.one.open('go');
  const answer = await asked.done;
  assert.deepEqual([contentOf(answer), errorOf(answer)?.code], ['Hel', 'upstream_stream_broken']);
});

for (const [name, cut] of [
  ['in the middle of a line', { do: 'body', bytes: '{"model":"m","mess' }],
  ['between two lines', { do: 'body', bytes: '' }],
] as const) {
  test(`a stream that ends ${name} is not whole`, async (t) => {
    const { under } = await setOne(t, lines(line({ content: 'Hel' }), cut));
    const answer = await under.ask({ stream: true }).done;
    assert.equal(contentOf(answer), 'Hel');
    assert.ok(['upstream_truncated', 'upstream_stream_broken'].includes(errorOf(answer)?.code ?? ''));
  });
}

test('one body for a stream is judged, then told as a stream', async (t) => {
  const { under } = await setOne(t, whole({ content: 'Hello' }));
  const answer = await under.ask({ stream: true }).done;
  assert.equal(contentOf(answer), 'Hello');
  assert.match(answer.text, /data: \[DONE\]\n\n$/);
});

test('one body for a stream that does not say why it ended is not told at all', async (t) => {
  const unfinished: Script = [{ do: 'json', value: { ...head, message: { role: 'assistant', content: 'Hel' }, done: false } }];
  const { under } = await setStage(t, { machines: { one: speaking(unfinished), two: answers('from two') } });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
});

test('assembled from a stream where the policy says so', async (t) => {
  const stage = await setStage(t, {
    machines: { one: speaking(lines(line({ content: 'Hel' }), line({ content: 'lo' }), last()), { assemble: true }) },
  });
  const answer = await stage.under.ask().done;
  assert.equal(contentOf(answer), 'Hello');
  assert.equal((await sent(stage))['stream'], true);
});

test('a model that is not in memory may load for longer than a first token may take', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: speaking([gate(), ...lines(line({ content: 'from one' }), last())]), two: answers('from two') },
  });
  const listed = { name: 'm', context: null, input: null, tools: null, service: null, remote: false, slots: null };
  for (const [loaded, answerer] of [
    [false, 'from one'],
    [true, 'from two'],
  ] as const) {
    machines.one.shut('go');
    under.fleet.noteServed('one', [{ ...listed, loaded }]);
    const asked = under.ask({ stream: true });
    await machines.one.nextRequest();
    await clock.advance(100_000);
    machines.one.open('go');
    assert.equal(contentOf(await asked.done), answerer);
  }
});

test('a full queue spills', async (t) => {
  const busy: Script = [
    { do: 'status', code: 503 },
    { do: 'json', value: { error: 'server busy, please try again.  maximum pending requests exceeded' } },
  ];
  const { under } = await setStage(t, {
    machines: { one: speaking(busy), two: answers('from two') },
    routes: { chat: { target: 'one', spill: ['two'] } },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
});

test('a model of a cloud is no candidate of a sovereign caller, whatever its host', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: speaking(whole({ content: 'x' }), { models: { 'm:480b-cloud': { context: '32k' } } }) },
    profiles: { open: { tier: 'cloud-explicit' }, private: { tier: 'sovereign' } },
  });
  const answer = await under.ask({}, { profile: 'private' }).done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [403, 'egress_forbidden']);
  assert.equal(machines.one.connectionCount, 0);
  assert.equal(contentOf(await under.ask({}, { profile: 'open' }).done), 'x');
});

test('several answers are asked only of those who can give them', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: speaking(whole({ content: 'x' })), two: answers('from two') } });
  assert.equal(contentOf(await under.ask({ n: 2 }).done).includes('from two'), true);
  assert.equal(machines.one.connectionCount, 0);
  const alone = await under.ask({ model: 'one/m', n: 2 }).done;
  assert.deepEqual([alone.status, errorOf(alone)?.code], [400, 'invalid_request']);
  assert.match(errorOf(alone)?.message ?? '', /one answer at a time/);
});

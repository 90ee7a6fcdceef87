/** Callers of the chat API, a cloud that speaks the Messages API: its bytes on the wire, through the whole conductor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import type { Json, Script, Step } from '#upstreams/scripted/script.ts';
import { answers, gate, streamOf } from './machines.ts';
import { contentOf, errorOf, finishOf, payloadsOf, reasoningOf, toolArgumentsOf, usageOf } from './read-answer.ts';
import { setStage } from './stage.ts';
import type { Machine, Stage } from './stage.ts';

const event = (type: string, more: object = {}): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const start = event('message_start', {
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-x-1',
    content: [],
    usage: { input_tokens: 10, cache_read_input_tokens: 2, output_tokens: 1 },
  },
});
const open = (index: number, block: object): string => event('content_block_start', { index, content_block: block });
const piece = (index: number, delta: object): string => event('content_block_delta', { index, delta });
const shut = (index: number): string => event('content_block_stop', { index });
const end = (reason: string): string =>
  event('message_delta', { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 7 } }) + event('message_stop');
const said = (text: string): string => open(0, { type: 'text', text: '' }) + piece(0, { type: 'text_delta', text }) + shut(0);

const whole = (content: readonly Json[], more: Readonly<Record<string, Json>> = {}): Script => [
  {
    do: 'json',
    value: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-x-1',
      content,
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 7 },
      ...more,
    },
  },
];

const speaking = (does: Script | ScriptHandler, more: Omit<Machine, 'does'> = {}): Machine => ({
  does,
  kind: 'anthropic',
  location: 'cloud',
  models: { 'claude-x': { context: '200k', tools: true, input: ['text', 'image'] } },
  ...more,
});

const profiles = { open: { tier: 'cloud-explicit' as const } };
const setOne = (t: TestContext, does: Script | ScriptHandler): Promise<Stage<'one'>> =>
  setStage(t, { machines: { one: speaking(does) }, profiles });

async function sent(stage: Stage<'one'>): Promise<Readonly<Record<string, Json>>> {
  const { json, path } = await stage.machines.one.nextRequest();
  assert.equal(path, '/v1/messages');
  assert.ok(isJsonObject(json));
  return json;
}

test('a stream is told in the caller’s API as it comes; pings and block marks are not', async (t) => {
  const script: readonly (Step | string)[] = [
    start,
    open(0, { type: 'text', text: '' }),
    event('ping'),
    piece(0, { type: 'text_delta', text: 'Hel' }),
    gate(),
    piece(0, { type: 'text_delta', text: 'lo' }),
    shut(0),
    end('end_turn'),
  ];
  const { under, machines } = await setOne(t, streamOf(...script));
  const asked = under.ask({ stream: true, stream_options: { include_usage: true } });
  await asked.client.got('"Hel"');
  machines.one.open('go');
  const answer = await asked.done;
  assert.deepEqual(
    payloadsOf(answer).map((chunk) => chunk.choices?.map((choice) => [choice.delta, choice.finish_reason])),
    [[[{ role: 'assistant', content: '' }, null]], [[{ content: 'Hel' }, null]], [[{ content: 'lo' }, null]], [[{}, 'stop']], []],
  );
  assert.deepEqual(usageOf(answer), {
    prompt_tokens: 12,
    completion_tokens: 7,
    total_tokens: 19,
    prompt_tokens_details: { cached_tokens: 2 },
  });
  assert.ok(
    payloadsOf(answer).every((chunk) => 'model' in chunk && chunk.model === 'claude-x-1'),
    'the model that answered is named',
  );
});

test('thinking, then parallel calls, one of them without arguments', async (t) => {
  const script = [
    start,
    open(0, { type: 'thinking', thinking: '' }) + piece(0, { type: 'thinking_delta', thinking: 'hm' }),
    piece(0, { type: 'signature_delta', signature: 'abc' }) + shut(0),
    open(1, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
    piece(1, { type: 'input_json_delta', partial_json: '{"city":' }) + piece(1, { type: 'input_json_delta', partial_json: '"Rome"}' }),
    shut(1) + open(2, { type: 'tool_use', id: 'toolu_2', name: 'time', input: {} }) + shut(2) + end('tool_use'),
  ];
  const { under } = await setOne(t, streamOf(...script));
  const asked = { tools: [{ type: 'function', function: { name: 'weather' } }] };
  const answer = await under.ask({ stream: true, ...asked }).done;
  assert.deepEqual([reasoningOf(answer), toolArgumentsOf(answer), finishOf(answer)], ['hm', '{"city":"Rome"}{}', 'tool_calls']);
});

test('a whole answer is told whole, and the request is what the API wants', async (t) => {
  const stage = await setOne(
    t,
    whole(
      [
        { type: 'text', text: 'Hello' },
        { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Rome' } },
      ],
      { stop_reason: 'tool_use' },
    ),
  );
  const answer = await stage.under.ask({
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is it?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
        ],
      },
    ],
    tools: [{ type: 'function', function: { name: 'weather' } }],
    response_format: { type: 'json_object' },
    frequency_penalty: 0,
    seed: 7,
  }).done;
  const body: unknown = JSON.parse(answer.text);
  assert.ok(typeof body === 'object' && body !== null && 'choices' in body && 'model' in body);
  assert.equal(body.model, 'claude-x-1');
  assert.deepEqual(body.choices, [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'Hello',
        tool_calls: [{ type: 'function', id: 'toolu_1', function: { name: 'weather', arguments: '{"city":"Rome"}' } }],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ]);
  assert.deepEqual(await sent(stage), {
    model: 'claude-x',
    max_tokens: 4096,
    system: 'Be brief.',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is it?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } },
        ],
      },
    ],
    stream: false,
    tools: [{ name: 'weather', input_schema: { type: 'object' } }],
  });
  assert.deepEqual(stage.under.terminals[0]?.attempts[0]?.changes, [
    'response_format not carried',
    'max_tokens added: 4096',
    'seed not carried',
  ]);
});

test('an answer of nothing is not an answer; an overloaded cloud is busy', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: speaking(streamOf(start, end('end_turn'))), two: answers('from two') },
    profiles,
  });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
  machines.one.handle(() => [
    { do: 'status', code: 529 },
    { do: 'json', value: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } },
  ]);
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.deepEqual(
    under.terminals.map(({ attempts }) => attempts[0]?.result),
    ['failed', 'busy'],
  );
});

test('an error event before the answer moves on, after it the stream breaks', async (t) => {
  const error = event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
  const { under, machines } = await setStage(t, {
    machines: { one: speaking(streamOf(start, error)), two: answers('from two') },
    profiles,
  });
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
  machines.one.handle(() => streamOf(start, said('Hel'), gate(), error));
  const asked = under.ask({ stream: true });
  await asked.client.got('"Hel"');
  machines.one.open('go');
  const answer = await asked.done;
  assert.deepEqual([contentOf(answer), errorOf(answer)?.code], ['Hel', 'upstream_stream_broken']);
});

test('a stream that is cut is not whole', async (t) => {
  const { under } = await setOne(t, streamOf(start, said('Hel'), { do: 'rst' }));
  const answer = await under.ask({ stream: true }).done;
  assert.deepEqual([contentOf(answer), errorOf(answer)?.code], ['Hel', 'upstream_stream_broken']);
});

test('a stream that has said why it ended is whole without its last event', async (t) => {
  const { under } = await setOne(t, streamOf(start, said('Hello'), end('max_tokens').replace(/event: message_stop[^]*$/, '')));
  const answer = await under.ask({ stream: true, stream_options: { include_usage: true } }).done;
  assert.deepEqual([contentOf(answer), finishOf(answer), usageOf(answer)?.completion_tokens], ['Hello', 'length', 7]);
});

test('a prompt that is too long, and what the cloud refuses', async (t) => {
  const refusal = (message: string): Script => [
    { do: 'status', code: 400 },
    { do: 'json', value: { type: 'error', error: { type: 'invalid_request_error', message } } },
  ];
  const { under, machines } = await setOne(t, refusal('prompt is too long: 210000 tokens > 200000 maximum'));
  assert.equal(errorOf(await under.ask().done)?.code, 'context_length_exceeded');
  machines.one.handle(() => refusal('messages: roles must be right'));
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [400, 'upstream_rejected']);
});

test('a sovereign caller never gets there', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: speaking(whole([{ type: 'text', text: 'x' }])), two: answers('from two') },
    profiles: { private: { tier: 'sovereign' } },
  });
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(machines.one.connectionCount, 0);
});

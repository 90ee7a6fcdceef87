import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Refusal } from '#core/attempt/refusal.ts';
import type { ChatRequest, Sampling } from '#core/request/chat-request.ts';
import type { UpstreamCall } from '#upstreams/kind.ts';

import { anthropic } from './anthropic.ts';

const unsaid: Sampling = {
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  seed: null,
  presencePenalty: null,
  frequencyPenalty: null,
  repeatPenalty: null,
};
const hi: ChatRequest['messages'] = [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }];
const plain: ChatRequest = {
  messages: hi,
  tools: [],
  toolChoice: null,
  parallelTools: null,
  sampling: unsaid,
  outputTokens: 100,
  stop: [],
  format: null,
  effort: null,
  choices: 1,
  uncarried: [],
};
const thinks = { context: 200_000, reasoning: true, pinned: false };

function prepare(
  chat: Partial<ChatRequest>,
  more: Partial<UpstreamCall> = {},
): { readonly body: Readonly<Record<string, unknown>>; readonly changes: readonly string[] } {
  const { request, changes } = anthropic.prepare({
    service: 'chat',
    model: 'claude-haiku-4-5',
    modelPolicy: { context: 200_000, reasoning: false, pinned: false },
    chat: () => ({ ...plain, ...chat }),
    bodyText: '{}',
    body: {},
    spans: new Map(),
    stream: true,
    houseOnly: false,
    why: 'model',
    outputTokensMax: 190_000,
    ...more,
  });
  assert.equal(request.path, '/v1/messages');
  assert.equal(request.headers['anthropic-version'], '2023-06-01');
  const body: Record<string, unknown> = JSON.parse(String(request.body));
  return { body, changes };
}

test('the smallest request', () => {
  assert.deepEqual(prepare({}), {
    body: {
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      stream: true,
    },
    changes: [],
  });
});

test('a bound where none was asked for, within the window', () => {
  assert.deepEqual(prepare({ outputTokens: null }).changes, ['max_tokens added: 4096']);
  assert.equal(prepare({ outputTokens: null }, { outputTokensMax: 500 }).body['max_tokens'], 500);
});

test('the operator’s words stand apart, turns alternate, results of parallel calls stand together before what the user says next', () => {
  const { body, changes } = prepare({
    messages: [
      { role: 'system', text: 'one' },
      { role: 'user', parts: [{ type: 'text', text: 'q' }] },
      {
        role: 'assistant',
        text: ' ',
        reasoning: 'hm',
        calls: [
          { id: 'a:1', name: 'f', arguments: '{"x":1}' },
          { id: 'b', name: 'g', arguments: '' },
        ],
      },
      { role: 'tool', callId: 'a:1', name: 'f', parts: [{ type: 'text', text: 'r1' }] },
      { role: 'tool', callId: 'b', name: 'g', parts: [] },
      { role: 'system', text: 'two' },
      { role: 'user', parts: [{ type: 'text', text: '' }] },
      { role: 'user', parts: [{ type: 'text', text: 'next' }] },
      { role: 'assistant', text: 'So: ', reasoning: '', calls: [] },
    ],
  });
  assert.equal(body['system'], 'one\n\ntwo');
  assert.deepEqual(body['messages'], [
    { role: 'user', content: [{ type: 'text', text: 'q' }] },
    {
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 'a_1', name: 'f', input: { x: 1 } },
        { type: 'tool_use', id: 'b', name: 'g', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a_1', content: [{ type: 'text', text: 'r1' }] },
        { type: 'tool_result', tool_use_id: 'b', content: [] },
        { type: 'text', text: 'next' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'So:' }] },
  ]);
  assert.deepEqual(changes, [
    'system messages in the middle moved to the front',
    'reasoning of earlier answers not carried: it has no signature',
  ]);
});

test('tools and their choice', () => {
  const tools = [{ name: 'f', description: 'd', parameters: { properties: {} } }];
  const choiceOf = (chat: Partial<ChatRequest>): unknown => prepare({ tools, ...chat }).body['tool_choice'];
  assert.deepEqual(prepare({ tools }).body['tools'], [{ name: 'f', description: 'd', input_schema: { properties: {}, type: 'object' } }]);
  assert.equal(choiceOf({}), undefined);
  assert.deepEqual(choiceOf({ toolChoice: 'auto' }), { type: 'auto' });
  assert.deepEqual(choiceOf({ toolChoice: 'none' }), { type: 'none' });
  assert.deepEqual(choiceOf({ toolChoice: 'required', parallelTools: false }), { type: 'any', disable_parallel_tool_use: true });
  assert.deepEqual(choiceOf({ toolChoice: { name: 'f' } }), { type: 'tool', name: 'f' });
  assert.deepEqual(choiceOf({ parallelTools: false }), { type: 'auto', disable_parallel_tool_use: true });
  assert.equal(prepare({ toolChoice: 'required' }).body['tool_choice'], undefined);
});

test('what of sampling, stops and formats can be carried', () => {
  const { body, changes } = prepare({
    sampling: { ...unsaid, temperature: 1.5, topP: 0.9, topK: 5, seed: 1, presencePenalty: 0, minP: 0.1 },
    stop: ['\n', 'END'],
    format: { type: 'json' },
    uncarried: ['logit_bias'],
  });
  assert.deepEqual([body['temperature'], body['top_p'], body['top_k'], body['stop_sequences']], [1, undefined, 5, ['END']]);
  assert.deepEqual(changes, [
    'logit_bias not carried',
    'response_format not carried',
    'stop of white space not carried',
    'min_p not carried',
    'seed not carried',
    'temperature set: 1',
    'top_p dropped: it does not go with a temperature',
  ]);
  assert.equal(prepare({ sampling: { ...unsaid, topP: 0.9 } }).body['top_p'], 0.9);
});

for (const [model, effort, outputTokens, expected] of [
  ['claude-haiku-4-5', 'low', null, { thinking: { type: 'enabled', budget_tokens: 2048 }, max_tokens: 6144 }],
  ['claude-3-7-sonnet-latest', 'medium', 10_000, { thinking: { type: 'enabled', budget_tokens: 5000 }, max_tokens: 10_000 }],
  ['claude-opus-4-20250514', 'xhigh', null, { thinking: { type: 'enabled', budget_tokens: 32_000 }, max_tokens: 36_096 }],
  ['claude-sonnet-4-5-20250929', 'high', 500, { max_tokens: 500 }],
  ['claude-opus-4-7', 'minimal', 500, { thinking: { type: 'adaptive' }, output_config: { effort: 'low' }, max_tokens: 500 }],
  ['claude-sonnet-5', 'xhigh', null, { thinking: { type: 'adaptive' }, output_config: { effort: 'max' }, max_tokens: 4096 }],
  ['claude-sonnet-5', 'none', 500, { max_tokens: 500 }],
] as const) {
  test(`${model} asked for effort ${effort}`, () => {
    const { body } = prepare({ effort, outputTokens, sampling: { ...unsaid, temperature: 1 } }, { model, modelPolicy: thinks });
    const { thinking, output_config: config, max_tokens: bound } = body;
    assert.deepEqual(
      Object.fromEntries(Object.entries({ thinking, output_config: config, max_tokens: bound }).filter(([, value]) => value !== undefined)),
      expected,
    );
  });
}

test('where it cannot think, it says why', () => {
  const why = (chat: Partial<ChatRequest>, modelPolicy = thinks): string | undefined => {
    const { body, changes } = prepare({ effort: 'low', ...chat }, { model: 'claude-sonnet-5', modelPolicy });
    assert.equal(body['thinking'], undefined);
    return changes.find((change) => change.startsWith('reasoning_effort not carried: '));
  };
  assert.match(why({}, { ...thinks, reasoning: false }) ?? '', /no reasoning/);
  assert.match(why({ toolChoice: 'required' }) ?? '', /forced call/);
  const calls = [{ id: 'a', name: 'f', arguments: '{}' }];
  const turn: ChatRequest['messages'] = [
    ...hi,
    { role: 'assistant', text: '', reasoning: '', calls },
    { role: 'tool', callId: 'a', name: 'f', parts: [] },
  ];
  assert.match(why({ messages: turn }) ?? '', /cannot be sent back/);
  const { body } = prepare({ effort: 'low', messages: [...turn, ...hi] }, { model: 'claude-sonnet-5', modelPolicy: thinks });
  assert.deepEqual(body['thinking'], { type: 'adaptive' });
});

const error = (type: string, message: string): string => JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' });
const golden: [meaning: Refusal['meaning'], status: number, body: string, headers?: Record<string, string>][] = [
  ['busy', 529, error('overloaded_error', 'Overloaded')],
  ['busy', 429, error('rate_limit_error', 'This request would exceed your rate limit'), { 'retry-after': '7' }],
  ['unauthorised', 401, error('authentication_error', 'invalid x-api-key')],
  ['unauthorised', 403, error('permission_error', 'Your API key does not have permission')],
  ['unauthorised', 400, error('invalid_request_error', 'Your credit balance is too low to access the API.')],
  ['absent', 404, error('not_found_error', 'model: claude-x')],
  ['too_long', 400, error('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum')],
  ['too_long', 400, error('invalid_request_error', 'input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000')],
  ['rejected', 400, error('invalid_request_error', 'messages.0.content: Input should be a valid list')],
  ['rejected', 413, error('request_too_large', 'Request exceeds the maximum size')],
  ['failed', 500, error('api_error', 'Internal server error')],
  ['failed', 504, error('timeout_error', 'Timed out')],
];
for (const [meaning, status, body, headers] of golden) {
  test(`${status} ${body.slice(0, 90)} means ${meaning}`, () => {
    const refusal = anthropic.readRefusal(status, headers ?? {}, body);
    assert.equal(refusal.meaning, meaning);
    assert.equal(refusal.retryAfterMs, headers === undefined ? null : 7000);
  });
}

test('its key, its list and its liveness', () => {
  assert.deepEqual(anthropic.authorise('k'), { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' });
  assert.equal(anthropic.catalogue.read('{"data":[{"id":"claude-x"}]}'), null, 'a list without the names in use proves nothing');
  assert.deepEqual(
    [200, 429, 401, 500].map((status) => anthropic.probe.read(status, '').state),
    ['up', 'up', 'down', 'down'],
  );
});

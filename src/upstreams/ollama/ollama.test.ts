import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Refusal } from '#core/attempt/refusal.ts';
import type { ChatRequest } from '#core/request/chat-request.ts';
import { findJsonMembers } from '#core/request/json-members.ts';
import type { UpstreamCall } from '#upstreams/kind.ts';

import { ollama } from './ollama.ts';

const plain: ChatRequest = {
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  tools: [],
  toolChoice: null,
  parallelTools: null,
  sampling: {
    temperature: null,
    topP: null,
    topK: null,
    minP: null,
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    repeatPenalty: null,
  },
  outputTokens: null,
  stop: [],
  format: null,
  effort: null,
  choices: 1,
  uncarried: [],
};

function prepare(
  chat: Partial<ChatRequest>,
  more: Partial<UpstreamCall> = {},
): { readonly body: Readonly<Record<string, unknown>>; readonly changes: readonly string[] } {
  const { request, changes } = ollama.prepare({
    service: 'chat',
    model: 'qwen3:8b',
    modelPolicy: { context: 8_000, reasoning: false, pinned: false },
    chat: () => ({ ...plain, ...chat }),
    bodyText: '{}',
    body: {},
    spans: new Map(),
    stream: true,
    houseOnly: true,
    why: 'model',
    outputTokensMax: null,
    ...more,
  });
  assert.equal(request.path, '/api/chat');
  const body: Record<string, unknown> = JSON.parse(String(request.body));
  return { body, changes };
}

test('one window per model, whatever was asked; the oldest messages are never cut away in silence', () => {
  const { body, changes } = prepare({ uncarried: ['num_ctx', 'options', 'user'] });
  assert.deepEqual(body, {
    model: 'qwen3:8b',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    think: false,
    truncate: false,
    shift: false,
    options: { num_ctx: 8_000 },
  });
  assert.deepEqual(changes, [
    'num_ctx dropped: it gives way to the policy',
    'options dropped: it gives way to the policy',
    'user not carried',
    'num_ctx set: 8000',
  ]);
});

test('a window nobody knows is the server’s business', () => {
  assert.deepEqual(prepare({}, { modelPolicy: { context: null, reasoning: false, pinned: false } }).body['options'], {});
});

test('a pinned model is never unloaded', () => {
  const { body, changes } = prepare({}, { modelPolicy: { context: 8_000, reasoning: false, pinned: true } });
  assert.equal(body['keep_alive'], -1);
  assert.ok(changes.includes('keep_alive set: -1'));
});

for (const [model, reasoning, effort, think, change] of [
  ['qwen3:8b', true, null, true, null],
  ['qwen3:8b', true, 'none', false, null],
  ['qwen3:8b', true, 'high', true, 'reasoning_effort set: on, for high'],
  ['qwen3:8b', false, 'high', false, 'reasoning_effort not carried: the policy gives this model no reasoning'],
  ['qwen3:8b', false, null, false, null],
  ['gpt-oss:20b', true, 'minimal', 'low', null],
  ['gpt-oss:20b', true, 'medium', 'medium', null],
  ['gpt-oss:20b', true, 'xhigh', 'high', null],
  ['gpt-oss:20b', true, 'none', 'low', 'reasoning_effort set: low'],
] as const) {
  test(`${model}${reasoning ? ', which reasons,' : ''} asked for effort ${effort}: think is ${think}`, () => {
    const { body, changes } = prepare({ effort }, { model, modelPolicy: { context: 8_000, reasoning, pinned: false } });
    assert.equal(body['think'], think);
    assert.deepEqual(
      changes.filter((each) => each.startsWith('reasoning')),
      change === null ? [] : [change],
    );
  });
}

test('tools and what can be said of their choice', () => {
  const tools = [
    { name: 'f', description: 'd', parameters: { type: 'object' } },
    { name: 'g', description: null, parameters: null },
  ];
  const f = { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } };
  const g = { type: 'function', function: { name: 'g', parameters: { type: 'object', properties: {} } } };
  assert.deepEqual(prepare({ tools }).body['tools'], [f, g]);
  assert.deepEqual(prepare({ tools, toolChoice: { name: 'g' } }).body['tools'], [g]);
  assert.deepEqual(prepare({ tools, toolChoice: 'required' }).changes[0], 'tool_choice not carried: a call cannot be forced');
  const none = prepare({ tools, toolChoice: 'none', parallelTools: false });
  assert.equal(none.body['tools'], undefined);
  assert.deepEqual(none.changes.slice(0, 2), ['parallel_tool_calls not carried', 'tools dropped: tool_choice is none']);
});

test('images, formats, thoughts, and arguments that are no object', () => {
  const { body, changes } = prepare({
    messages: [
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'a' },
          { type: 'image', mediaType: 'image/png', base64: 'iVBOR' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', text: 'x', reasoning: 'hm', calls: [{ id: '', name: 'f', arguments: '[1' }] },
      { role: 'tool', callId: '', name: '', parts: [] },
    ],
    format: { type: 'schema', name: 'n', schema: { type: 'object' } },
  });
  assert.deepEqual(body['messages'], [
    { role: 'user', content: 'a\nb', images: ['iVBOR'] },
    { role: 'assistant', content: 'x', thinking: 'hm', tool_calls: [{ function: { name: 'f', arguments: { arguments: '[1' } } }] },
    { role: 'tool', content: '' },
  ]);
  assert.deepEqual(body['format'], { type: 'object' });
  assert.ok(changes.includes('arguments of an earlier call that are no JSON object wrapped in one'));
  assert.equal(prepare({ format: { type: 'json' } }).body['format'], 'json');
});

test('the list of models: abilities, and who runs elsewhere', () => {
  const list = ollama.catalogue.read(
    JSON.stringify({
      models: [
        { name: 'gemma3:4b', model: 'gemma3:4b', size: 1, capabilities: ['completion', 'vision'] },
        { name: 'qwen3:8b', capabilities: ['completion', 'tools', 'thinking'] },
        { name: 'nomic-embed-text:latest', capabilities: ['embedding'] },
        { name: 'old' },
        { name: 'gpt-oss:120b-cloud', remote_host: 'https://ollama.com:443', remote_model: 'gpt-oss:120b' },
        { name: 'old' },
        { name: 7 },
        null,
      ],
    }),
  );
  const row = (name: string, more: object): object => {
    return { name, context: null, input: null, tools: null, service: null, remote: false, slots: null, ...more };
  };
  assert.deepEqual(list, [
    row('gemma3:4b', { input: ['image'], tools: false, service: 'chat' }),
    row('qwen3:8b', { input: [], tools: true, service: 'chat' }),
    row('nomic-embed-text:latest', { input: [], tools: false, service: 'embeddings' }),
    row('old', {}),
    row('gpt-oss:120b-cloud', { remote: true }),
  ]);
  assert.deepEqual(ollama.catalogue.read('{"models":[]}'), []);
  for (const body of ['', '[]', '{"data":[]}', 'Ollama is running']) assert.equal(ollama.catalogue.read(body), null);
  const loaded = ollama.details?.read('{"models":[{"name":"nomic-embed-text"},{"model":"qwen3:8b","size_vram":1}]}', list ?? []);
  assert.deepEqual(
    loaded?.filter((model) => model.loaded).map(({ name }) => name),
    ['qwen3:8b', 'nomic-embed-text:latest'],
  );
  assert.equal(ollama.details?.read('{}', []), null);
});

test('names that run in a cloud', () => {
  for (const name of ['gpt-oss:120b-cloud', 'glm-4.6:cloud', 'X-CLOUD']) assert.ok(ollama.isCloudModel(name), name);
  for (const name of ['cloudy', 'nextcloud:8b', 'm']) assert.ok(!ollama.isCloudModel(name), name);
});

const error = (text: string): string => JSON.stringify({ error: text });
const golden: [meaning: Refusal['meaning'], status: number, body: string, headers?: Record<string, string>][] = [
  ['busy', 503, error('server busy, please try again.  maximum pending requests exceeded')],
  ['busy', 429, error('too many requests')],
  ['busy', 503, '', { 'retry-after': '2' }],
  ['absent', 404, error("model 'm' not found")],
  ['absent', 404, error('model "m" not found, try pulling it first')],
  ['absent', 400, error('invalid model name')],
  ['absent', 403, error('remote model is unavailable: ollama cloud is disabled')],
  ['unauthorised', 401, error('unauthorized')],
  ['unauthorised', 403, ''],
  ['too_long', 400, error('the input length exceeds the context length')],
  ['too_long', 400, error('input length exceeds maximum context length')],
  ['too_long', 400, error('the prompt exceeds the available context size (4096 tokens)')],
  ['failed', 400, error('registry.ollama.ai/library/gemma3:4b does not support tools')],
  ['failed', 400, error('"gemma3:4b" does not support thinking')],
  ['failed', 400, error('think value "high" is not supported for this model')],
  ['failed', 500, error('model requires more system memory (9.1 GiB) than is available (4.2 GiB)')],
  ['failed', 500, error('timed out waiting for llama runner to start - progress 0.00 - ')],
  ['failed', 499, error('request cancelled')],
  ['crashed', 500, error('llama runner process has terminated: CUDA error: out of memory')],
  ['crashed', 500, error('llama-server reported out-of-memory during startup')],
  ['crashed', 500, error('model runner has unexpectedly stopped, this may be due to resource limitations or an internal error')],
  ['rejected', 400, error('invalid format: "x"')],
  ['redirect', 307, ''],
];
for (const [meaning, status, body, headers] of golden) {
  test(`${status} ${body.slice(0, 60)} means ${meaning}`, () => {
    assert.equal(ollama.readRefusal(status, headers ?? {}, body).meaning, meaning);
  });
}

function embedding(
  bodyText: string,
  modelPolicy: Partial<UpstreamCall['modelPolicy']> = {},
): { readonly body: string; readonly changes: readonly string[] } {
  const { request, changes } = ollama.prepare({
    service: 'embeddings',
    model: 'nomic-embed-text',
    modelPolicy: { context: 2_000, reasoning: false, pinned: false, ...modelPolicy },
    chat: null,
    bodyText,
    body: JSON.parse(bodyText),
    spans: findJsonMembers(bodyText).spans,
    stream: false,
    houseOnly: true,
    why: 'model',
    outputTokensMax: null,
  });
  assert.equal(request.path, '/api/embed');
  return { body: String(request.body), changes };
}

test('embeddings: the inputs as they were written, one window per model, nothing cut off in silence', () => {
  const { body, changes } = embedding('{"model":"x", "input":["caf\\u00e9" , "b"],"encoding_format":"base64"}');
  assert.equal(body, '{"model":"nomic-embed-text","input":["caf\\u00e9" , "b"],"truncate":false,"options":{"num_ctx":2000}}');
  assert.deepEqual(changes, ['num_ctx set: 2000']);
});

test('embeddings: dimensions are told, a pinned model stays, what is the policy’s gives way', () => {
  const asked = '{"model":"x","input":"a","dimensions":256,"truncate":true,"options":{"num_ctx":9},"user":"me"}';
  const { body, changes } = embedding(asked, { pinned: true });
  assert.deepEqual(JSON.parse(body), {
    model: 'nomic-embed-text',
    input: 'a',
    truncate: false,
    dimensions: 256,
    keep_alive: -1,
    options: { num_ctx: 2_000 },
  });
  assert.deepEqual(changes, [
    'truncate dropped: it gives way to the policy',
    'options dropped: it gives way to the policy',
    'user not carried',
    'num_ctx set: 2000',
    'keep_alive set: -1',
  ]);
  assert.deepEqual(JSON.parse(embedding('{"model":"x","input":"a"}', { context: null }).body).options, {});
});

test('what would reach out is refused where a caller asks for it', () => {
  assert.equal(ollama.reachingField({ template: '{{ x }}' }), 'template');
  assert.equal(ollama.reachingField({ messages: [{ role: 'user', content: 'template' }] }), null);
});

test('liveness', () => {
  assert.deepEqual(ollama.probe.read(200, '{"version":"0.12.0"}'), { state: 'up' });
  assert.deepEqual(ollama.probe.read(502, ''), { state: 'down', why: 'answered 502' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';

import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { ChatRequest } from '#core/request/chat-request.ts';
import { upstreamKinds } from '#upstreams/registry.ts';

import { readChatRequest } from './read-request.ts';

const png = 'iVBORw0KGgo=';

function chatOf(body: object): ChatRequest {
  const request = readChatRequest(JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'hi' }], ...body }));
  assert.ok(!isGatewayError(request), JSON.stringify(request));
  const chat = request.chat?.();
  assert.ok(chat !== undefined);
  return chat;
}

const messagesOf = (...messages: object[]): ChatRequest['messages'] => chatOf({ messages }).messages;
const text = (words: string): object => ({ type: 'text', text: words });

test('every way a message is written', () => {
  assert.deepEqual(
    messagesOf(
      { role: 'developer', content: [text('a'), text('b')] },
      { role: 'user', content: ['bare', text('typed'), { text: 'untyped' }] },
      { role: 'user', content: null },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }], reasoning_content: 'hm' },
      { role: 'assistant', content: null, refusal: 'no' },
    ),
    [
      { role: 'system', text: 'a\nb' },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'bare' },
          { type: 'text', text: 'typed' },
          { type: 'text', text: 'untyped' },
        ],
      },
      { role: 'user', parts: [] },
      { role: 'assistant', text: 'no', reasoning: 'hm', calls: [] },
      { role: 'assistant', text: 'no', reasoning: '', calls: [] },
    ],
  );
});

for (const [name, part, mediaType] of [
  ['a data URL', { type: 'image_url', image_url: { url: `data:image/png;base64,${png}`, detail: 'low' } }, 'image/png'],
  ['a data URL as text', { type: 'image_url', image_url: `data:image/gif;base64,R0lGODlh` }, 'image/gif'],
  ['a data URL that lies about its type', { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${png}` } }, 'image/png'],
  ['a part of the Responses API', { type: 'input_image', image_url: `data:image/png;charset=x;BASE64,${png}` }, 'image/png'],
  ['bare base64', { type: 'image', image: { data: png } }, 'image/png'],
  ['bare base64 of something', { type: 'image', image: { data: 'AAAA' } }, 'image/jpeg'],
  ['a file', { type: 'file', file: { file_data: `data:image/webp;base64,UklGRg==` } }, 'image/webp'],
  ['a percent-encoded data URL', { type: 'image_url', image_url: { url: 'data:image/png,%89PNG' } }, 'image/png'],
] as const) {
  test(`an image as ${name}`, () => {
    const [message] = messagesOf({ role: 'user', content: [part] });
    assert.ok(message?.role === 'user');
    const [image] = message.parts;
    assert.ok(image?.type === 'image' && message.parts.length === 1);
    assert.equal(image.mediaType, mediaType);
    assert.match(image.base64, /^[A-Za-z0-9+/]+=*$/);
  });
}

test('calls, their results, and the older spelling of both', () => {
  const call = (id: string, said: object): object => ({ id, type: 'function', function: said });
  assert.deepEqual(
    messagesOf(
      {
        role: 'assistant',
        tool_calls: [
          call('1', { name: 'f', arguments: '{"a":1}' }),
          call('2', { name: 'g', arguments: { b: 2 } }),
          { id: '3', type: 'custom', custom: { name: 'h', input: 'x' } },
        ],
      },
      { role: 'tool', tool_call_id: '2', content: 'done' },
      { role: 'assistant', content: '', function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'old' },
    ),
    [
      {
        role: 'assistant',
        text: '',
        reasoning: '',
        calls: [
          { id: '1', name: 'f', arguments: '{"a":1}' },
          { id: '2', name: 'g', arguments: '{"b":2}' },
          { id: '3', name: 'h', arguments: '{"input":"x"}' },
        ],
      },
      { role: 'tool', callId: '2', name: 'g', parts: [{ type: 'text', text: 'done' }] },
      { role: 'assistant', text: '', reasoning: '', calls: [{ id: 'f', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: 'f', name: 'f', parts: [{ type: 'text', text: 'old' }] },
    ],
  );
});

test('tools, choice, format, effort and the numbers', () => {
  const schema = { type: 'object', properties: {} };
  const chat = chatOf({
    tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: schema, strict: true } }],
    functions: [{ name: 'g' }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema, strict: true } },
    reasoning_effort: 'High',
    max_tokens: 10,
    max_completion_tokens: 20,
    stop: ['a', ''],
    temperature: 0,
    top_p: 0.5,
    repetition_penalty: 1.1,
  });
  assert.deepEqual(chat.tools, [
    { name: 'f', description: 'd', parameters: schema },
    { name: 'g', description: null, parameters: null },
  ]);
  assert.deepEqual(chat.toolChoice, { name: 'f' });
  assert.deepEqual(chat.format, { type: 'schema', name: 'n', schema });
  assert.deepEqual([chat.parallelTools, chat.effort, chat.outputTokens, chat.stop], [false, 'high', 20, ['a']]);
  assert.deepEqual([chat.sampling.temperature, chat.sampling.topP, chat.sampling.repeatPenalty, chat.sampling.seed], [0, 0.5, 1.1, null]);
  assert.deepEqual(chat.uncarried, []);
  assert.equal(chatOf({ chat_template_kwargs: { enable_thinking: false } }).effort, 'none');
  assert.equal(chatOf({ tool_choice: 'required' }).toolChoice, 'required');
  assert.equal(chatOf({ response_format: { type: 'json_object' } }).format?.type, 'json');
});

test('what has no room is named, each place once and without what stood there', () => {
  const chat = chatOf({
    messages: [
      { role: 'user', name: 'secret', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
      { role: 'user', name: 'secret', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
      { role: 'critic', content: 'x' },
    ],
    tools: [{ type: 'web_search' }, { type: 'custom', custom: { name: 'c' } }],
    tool_choice: { type: 'allowed_tools' },
    response_format: { type: 'grammar' },
    chat_template_kwargs: { enable_thinking: true, other: 1 },
    logit_bias: { 1: 2 },
    user: 'secret',
    store: false,
    service_tier: null,
    metadata: { route: 'x' },
    stream_options: { include_usage: true },
  });
  assert.deepEqual(chat.uncarried, [
    'messages[].name',
    'messages[].content[].input_audio',
    'messages[].role critic',
    'tools[].web_search',
    'tools[].custom',
    'tool_choice',
    'response_format',
    'chat_template_kwargs.other',
    'logit_bias',
    'user',
  ]);
});

const anyPart = fc.oneof(
  fc.string(),
  fc.record(
    {
      type: fc.constantFrom('text', 'image_url', 'input_audio', 'refusal', 'file', 'x'),
      text: fc.string(),
      refusal: fc.string(),
      file: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
  fc.constant({ type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } }),
  fc.record({ type: fc.constant('image_url'), image_url: fc.string().map((tail) => `data:${tail}`) }),
);
const anyMessage = fc.record(
  {
    role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function', 'other', '__proto__', 'constructor'),
    content: fc.oneof(fc.string(), fc.constant(null), fc.array(anyPart, { maxLength: 4 })),
    tool_calls: fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.record({ id: fc.string(), function: fc.record({ name: fc.string(), arguments: fc.oneof(fc.string(), fc.jsonValue()) }) }),
        {
          maxLength: 3,
        },
      ),
    ),
    function_call: fc.jsonValue(),
    tool_call_id: fc.oneof(fc.string(), fc.jsonValue()),
    reasoning_content: fc.jsonValue(),
  },
  { requiredKeys: ['role'] },
);
const anyBody = fc.record(
  {
    messages: fc.array(anyMessage, { minLength: 1, maxLength: 5 }),
    tools: fc.array(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.record({ function: fc.jsonValue(), type: fc.jsonValue() })), {
      maxLength: 3,
    }),
    functions: fc.array(fc.dictionary(fc.constantFrom('name', 'parameters'), fc.jsonValue()), { maxLength: 2 }),
    tool_choice: fc.oneof(fc.constantFrom('auto', 'none', 'required', 'x'), fc.dictionary(fc.string(), fc.jsonValue())),
    response_format: fc.record({ type: fc.constantFrom('json_schema', 'json_object', 'text', 'x'), json_schema: fc.jsonValue() }),
    chat_template_kwargs: fc.jsonValue(),
    reasoning_effort: fc.jsonValue(),
    stop: fc.oneof(fc.string(), fc.array(fc.string())),
    top_k: fc.jsonValue(),
  },
  { requiredKeys: ['messages'] },
);

test('whatever the surface accepts can be read, and every kind can be asked it', () => {
  let accepted = 0;
  fc.assert(
    fc.property(anyBody, (body) => {
      const request = readChatRequest(JSON.stringify({ model: 'auto', ...body }));
      if (isGatewayError(request)) return;
      accepted += 1;
      const chat = request.chat?.();
      assert.ok(chat !== undefined && chat.messages.length === body.messages.length);
      assert.deepEqual(JSON.parse(JSON.stringify(chat)), chat, 'plain data');
      const { bodyText, body: parsed, spans } = request;
      for (const kind of upstreamKinds) {
        const { request: wire, changes } = kind.prepare({
          service: 'chat',
          model: 'm',
          modelPolicy: { context: 32_000, reasoning: true, pinned: true },
          chat: () => chat,
          bodyText,
          body: parsed,
          spans,
          stream: true,
          houseOnly: true,
          why: 'model',
          outputTokensMax: 30_000,
        });
        const asked: unknown = JSON.parse(String(wire.body));
        assert.ok(typeof asked === 'object' && asked !== null && 'model' in asked && asked.model === 'm', kind.name);
        assert.ok(changes.every((change) => change.length < 200));
      }
    }),
    { seed: 20_260_303, numRuns: 500 },
  );
  assert.ok(accepted > 200, `only ${accepted} were accepted`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { SurfaceRequest } from '#surfaces/kind.ts';

import { readChatRequest } from './read-request.ts';

const hello = [{ role: 'user', content: 'hello' }];

function read(body: unknown): SurfaceRequest {
  const request = readChatRequest(typeof body === 'string' ? body : JSON.stringify(body));
  assert.ok(!isGatewayError(request), JSON.stringify(request));
  return request;
}

function refused(body: unknown): GatewayError {
  const error = readChatRequest(typeof body === 'string' ? body : JSON.stringify(body));
  assert.ok(isGatewayError(error), 'was accepted');
  assert.equal(error.code, 'invalid_request');
  return error;
}

const chat = (more: Record<string, unknown>): Record<string, unknown> => ({ model: 'auto', messages: hello, ...more });
const content = (parts: unknown): Record<string, unknown> => chat({ messages: [...hello, { role: 'user', content: parts }] });

test('a plain request', () => {
  const text = '{"model": "auto", "messages": [{"role": "user", "content": "hello"}]}';
  const request = read(text);
  assert.equal(request.model, 'auto');
  assert.equal(request.stream, false);
  assert.equal(request.wantsUsage, false);
  assert.equal(request.tools, false);
  assert.deepEqual(request.input, []);
  assert.equal(request.outputTokens, null);
  assert.equal(request.routeHint, null);
  assert.equal(request.bodyText, text);
  const span = request.spans.get('model');
  assert.equal(text.slice(span?.valueStart, span?.valueEnd), '"auto"');
});

test('what is not JSON is refused with the place and without its content', () => {
  const error = refused('{"model": "auto",\n "secret-words" oops}');
  assert.match(error.message, /line 2, column 17/);
  assert.doesNotMatch(error.message, /secret|oops/);
  assert.match(refused('{"model": "au').message, /ends too early/);
  assert.match(refused('').message, /empty/);
  assert.match(refused('[]').message, /JSON object/);
  assert.match(refused('"x"').message, /JSON object/);
  assert.match(refused('null').message, /JSON object/);
});

test('a byte order mark is not part of the body', () => {
  const request = read(`\uFEFF${JSON.stringify(chat({}))}`);
  assert.equal(request.bodyText.charAt(0), '{');
});

test('depth, keys and repeated fields are bounded', () => {
  assert.match(refused(`{"model":"auto","messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`).message, /deeper than 64/);
  const nested = (levels: number): string =>
    `{"model":"auto","messages":[{"role":"user","content":"x"}],"x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  read(nested(63));
  refused(nested(64));
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`k${index}`, 1]));
  assert.match(refused(chat({ x: many })).message, /10000 keys/);
  const twice = refused('{"model":"auto","messages":[{"role":"user","content":"x"}],"mo\\u0064el":"code"}');
  assert.equal(twice.param, 'model');
  assert.match(twice.message, /"model".*twice/);
  read('{"model":"auto","messages":[{"role":"user","content":"x"}],"x":{"a":1,"a":2}}');
});

for (const field of ['api_base', 'base_url', 'api_key', 'fallbacks', 'user_config', 'extra_headers', 'organization']) {
  test(`${field} is refused on top and passes inside`, () => {
    const error = refused(chat({ [field]: 'http://192.0.2.1' }));
    assert.equal(error.param, field);
    assert.doesNotMatch(error.message, /192/);
    refused(chat({ [field]: null }));
    read(chat({ metadata: { [field]: 'x' }, messages: [{ role: 'user', content: `{"${field}":1}`, [field]: 'x' }] }));
  });
}

const wrong: [param: string, body: unknown][] = [
  ['model', { messages: hello }],
  ['model', chat({ model: '' })],
  ['model', chat({ model: 7 })],
  ['messages', { model: 'auto' }],
  ['messages', chat({ messages: [] })],
  ['messages', chat({ messages: 'hello' })],
  ['messages[0]', chat({ messages: ['hello'] })],
  ['messages[1].role', chat({ messages: [...hello, { content: 'x' }] })],
  ['messages[1].content', chat({ messages: [...hello, { role: 'user', content: 7 }] })],
  ['messages[1].content', chat({ messages: [...hello, { role: 'user', content: {} }] })],
  ['messages[1].content[0]', content([7])],
  ['messages[1].content[1].text', content(['x', { type: 'text' }])],
  ['tools', chat({ tools: {} })],
  ['tools[1]', chat({ tools: [{ type: 'function' }, 'x'] })],
  ['stream', chat({ stream: 'true' })],
  ['stream_options', chat({ stream_options: true })],
  ['stream_options.include_usage', chat({ stream_options: { include_usage: 1 } })],
  ['max_tokens', chat({ max_tokens: '100' })],
  ['max_tokens', chat({ max_tokens: 0 })],
  ['max_tokens', chat({ max_tokens: 1.5 })],
  ['max_completion_tokens', chat({ max_completion_tokens: -2 })],
  ['metadata', chat({ metadata: 'code' })],
  ['response_format', chat({ response_format: 'json' })],
  ['n', chat({ n: 0 })],
  ['temperature', chat({ temperature: 'hot' })],
  ['stop', chat({ stop: [1] })],
];
for (const [param, body] of wrong) {
  test(`${JSON.stringify(body).slice(0, 90)}: ${param} is named`, () => {
    const error = refused(body);
    assert.equal(error.param, param);
    assert.ok(error.message.includes(`"${param}"`), error.message);
  });
}

test('what was made to be expensive is refused before it is parsed', () => {
  assert.match(refused('['.repeat(100_000)).message, /deeper than 64/);
  assert.match(refused(`{"a":[${'1,'.repeat(600_000)}`).message, /more than 500000 values/);
  assert.match(refused(`{${'"k":1,'.repeat(11_000)}`).message, /more than 10000 keys/);
});

test('the place of a fault is looked for in the first million characters', () => {
  assert.match(refused(`{"a":"${'x'.repeat(900_000)}",}`).message, /see line 1, column 900009/);
  assert.match(refused(`{"a":"${'x'.repeat(1_100_000)}",}`).message, /somewhere behind character 1000000/);
  assert.match(refused(`{"a":"${'x'.repeat(900_000)}`).message, /ends too early/);
});

test('a missing model is told of "auto"', () => {
  assert.match(refused({ messages: hello }).message, /"auto"/);
});

test('what real clients send is tolerated', () => {
  const request = read(
    chat({
      messages: [
        { role: 'developer', content: 'be brief' },
        { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'a', content: 'review the security' },
        { role: 'user', content: ['a bare string', { type: 'text', text: 'a part' }, { type: 'thing', payload: 1 }] },
        { role: 'user' },
      ],
      tools: [],
      stream: null,
      max_tokens: -1,
      stream_options: null,
      some_new_field: { deep: [1] },
    }),
  );
  assert.equal(request.tools, false);
  assert.equal(request.outputTokens, null);
  assert.deepEqual(request.userTexts, ['a bare string\na part']);
  assert.equal(request.systemText, 'be brief');
});

test('user texts come newest first, without messages that have none, at most 64', () => {
  const messages = Array.from({ length: 80 }, (_, index) => [
    { role: 'user', content: `turn ${index}` },
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }] },
    { role: 'assistant', content: 'ok' },
  ]).flat();
  const request = read(chat({ messages }));
  assert.equal(request.userTexts.length, 64);
  assert.equal(request.userTexts[0], 'turn 79');
  assert.equal(request.userTexts[63], 'turn 16');
  assert.equal(request.firstUserText, 'turn 0');
});

test('the first user text belongs to the first user message even if that has none', () => {
  const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }] };
  assert.equal(read(chat({ messages: [image, ...hello] })).firstUserText, '');
});

test('modalities come from the fields of parts, in one order', () => {
  const request = read(
    content([
      { type: 'video_url', video_url: { url: 'data:video/mp4;base64,AA' } },
      { type: 'input_audio', input_audio: { data: '/9j/AA==', format: 'wav' } },
      { type: 'image_url', image_url: { url: 'DATA:image/png;base64,AA', detail: 'low' } },
    ]),
  );
  assert.deepEqual(request.input, ['image', 'audio', 'video']);
  assert.deepEqual(read(content([{ type: 'image_url', image_url: 'data:image/png;base64,AA' }])).input, ['image']);
  assert.deepEqual(read(content([{ type: 'file', file: { filename: 'a.png', file_data: 'data:image/png;base64,AA' } }])).input, ['image']);
  assert.deepEqual(read(content([{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' } }])).input, []);
  assert.deepEqual(read(content([{ image_url: { url: 'data:image/png;base64,AA' } }])).input, ['image']);
});

const reaching: unknown[] = [
  { type: 'image_url', image_url: { url: 'http://169.254.169.254/latest' } },
  { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
  { type: 'image_url', image_url: { url: 'file:///etc/passwd' } },
  { type: 'image_url', image_url: { url: ' data:image/png;base64,AA' } },
  { type: 'image_url', image_url: { url: '/etc/passwd' } },
  { type: 'image_url', image_url: 'https://example.com/a.png' },
  { type: 'image_url', image_url: { url: { a: 1 } } },
  { type: 'image', image: '/etc/passwd' },
  { type: 'text', text: 'x', image_url: { url: 'https://example.com/a.png' } },
  { image_url: 'https://example.com/a.png' },
  { type: 'audio_url', audio_url: { url: 'https://example.com/a.wav' } },
  { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } },
  { type: 'input_audio', input_audio: { data: 'https://example.com/a.wav', format: 'wav' } },
  { type: 'file', file: { file_data: 'https://example.com/a.pdf' } },
  { type: 'file', file_url: 'https://example.com/a.pdf' },
  { type: 'file', file: { file_url: 'https://example.com/a.pdf' } },
  { type: 'new', thing_url: { url: 'https://example.com' } },
];
for (const part of reaching) {
  test(`media that a server would have to fetch are refused: ${JSON.stringify(part)}`, () => {
    const error = refused(content([part]));
    assert.match(error.param ?? '', /^messages\[1\]\.content\[0\]\./);
    assert.doesNotMatch(error.message, /example|169|passwd/);
  });
}

test('addresses in text, tool arguments and schemas pass', () => {
  read(
    chat({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'see https://example.com/a.png' }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"image_url":"https://example.com"}' } }],
        },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { properties: { image_url: { default: 'https://example.com' } } } } }],
    }),
  );
});

test('hosted tools and old functions are tools', () => {
  assert.equal(read(chat({ tools: [{ type: 'web_search' }] })).tools, true);
  assert.equal(read(chat({ functions: [{ name: 'f' }] })).tools, true);
});

test('output, usage and the hint', () => {
  const request = read(
    chat({ max_tokens: 10, max_completion_tokens: 20, stream: true, stream_options: { include_usage: true }, metadata: { route: 'code' } }),
  );
  assert.equal(request.outputTokens, 20);
  assert.equal(request.stream, true);
  assert.equal(request.wantsUsage, true);
  assert.equal(request.routeHint, 'code');
  assert.equal(request.choices, 1);
  assert.equal(read(chat({ n: 3 })).choices, 3);
  assert.equal(read(chat({ max_tokens: 10 })).outputTokens, 10);
  assert.equal(read(chat({ metadata: { route: 7 } })).routeHint, null);
});

test('__proto__ is a key like any other and pollutes nothing', () => {
  const request = read(
    '{"model":"auto","messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}],"__proto__":{"stream":true,"polluted":1},"metadata":{"__proto__":{"route":"code"}}}',
  );
  assert.equal(request.stream, false);
  assert.equal(request.routeHint, null);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Refusal } from '#core/attempt/refusal.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';

import { openaiCompatibleKinds } from './profiles.ts';

function kind(name: string): UpstreamKind {
  const found = upstreamKindNamed(name);
  assert.ok(found !== undefined, name);
  return found;
}

const error = (message: string, more: object = {}): string => JSON.stringify({ error: { message, ...more } });
const vllmError = (message: string, code: number, type = 'BadRequestError'): string =>
  JSON.stringify({ object: 'error', message, type, param: null, code });

/** What the servers really say, in their own words. */
const golden: [meaning: Refusal['meaning'], status: number, body: string, headers?: Record<string, string>][] = [
  ['busy', 429, error('Rate limit reached', { type: 'requests', code: 'rate_limit_exceeded' })],
  ['busy', 429, ''],
  ['busy', 503, error('server busy, please try again.  maximum pending requests exceeded')],
  ['busy', 503, error('no slot available', { code: 503, type: 'unavailable_error' })],
  ['busy', 503, error('Too many requests in the queue')],
  ['busy', 503, '<html><head><title>503 Service Unavailable</title></head></html>', { 'retry-after': '3' }],
  ['failed', 503, '<html><head><title>503 Service Unavailable</title></head></html>'],
  ['loading', 503, error('Loading model', { code: 503, type: 'unavailable_error' })],
  [
    'loading',
    503,
    JSON.stringify({
      error: { message: 'the model is on its way', type: 'model_loading', code: 'model_loading' },
      loading: { model: 'm' },
    }),
    { 'retry-after': '5' },
  ],
  ['absent', 404, vllmError('The model `m` does not exist.', 404, 'NotFoundError')],
  ['absent', 404, error("model 'm' not found", { type: 'api_error' })],
  [
    'absent',
    404,
    error('No models loaded. Please load a model in the developer page or use the "lms load" command.', {
      type: 'invalid_request_error',
      param: 'model',
      code: 'model_not_found',
    }),
  ],
  ['absent', 404, '{"detail":"Not Found"}'],
  ['absent', 400, '{"error":"No models loaded. Please load a model in the developer page."}'],
  ['absent', 400, error('Invalid model identifier "m". Please specify a valid downloaded model.', { code: 'model_not_found' })],
  ['absent', 400, '{"error":"Failed to load model \\"m\\". Error: insufficient system resources."}'],
  ['absent', 400, '{"error":"Model unloaded."}'],
  [
    'too_long',
    400,
    vllmError(
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, 100 in the completion).",
      400,
    ),
  ],
  ['too_long', 400, vllmError('The decoder prompt (length 5000) is longer than the maximum model length of 4096.', 400)],
  [
    'too_long',
    400,
    error('request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it', {
      code: 400,
      type: 'exceed_context_size_error',
      n_ctx: 4096,
    }),
  ],
  [
    'too_long',
    500,
    error('the request exceeds the available context size. try increasing the context size or enable context shift', {
      code: 500,
      type: 'server_error',
    }),
  ],
  [
    'too_long',
    400,
    '{"error":"The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length."}',
  ],
  [
    'too_long',
    400,
    '{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens."}',
  ],
  [
    'too_long',
    400,
    error('Your input is too large.', { type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' }),
  ],
  ['rejected', 400, error('Your request was flagged by our content policy.', { code: 'content_policy_violation' })],
  ['rejected', 400, vllmError('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', 400)],
  [
    'rejected',
    422,
    '{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{"x":"the model m does not exist"}}]}',
  ],
  ['rejected', 413, '<html><title>413 Request Entity Too Large</title></html>'],
  ['rejected', 405, '{"detail":"Method Not Allowed"}'],
  ['unauthorised', 401, '{"error":"Unauthorized"}'],
  ['unauthorised', 401, error('Incorrect API key provided', { code: 'invalid_api_key' })],
  ['unauthorised', 403, error('Forbidden')],
  ['redirect', 307, '', { location: 'http://169.254.169.254/' }],
  ['redirect', 301, '<html><title>Moved</title></html>'],
  ['crashed', 500, error('CUDA error: an illegal memory access was encountered')],
  ['crashed', 500, error('model runner has unexpectedly stopped, this may be due to resource limitations or an internal error')],
  ['crashed', 500, error('llama-server process has terminated: signal: killed')],
  ['crashed', 500, vllmError('EngineCore encountered an issue. See stack trace (above) for the root cause.', 500, 'InternalServerError')],
  ['crashed', 500, vllmError('', 500, 'EngineDeadError')],
  ['crashed', 400, '{"error":"The model has crashed without additional information. (Exit code: 6)"}'],
  ['failed', 500, 'Internal Server Error'],
  ['failed', 500, ''],
  ['failed', 502, '<html>\r\n<head><title>502 Bad Gateway</title></head></html>'],
  ['failed', 504, '<!DOCTYPE html><title>504 Gateway Time-out</title>'],
  ['failed', 408, ''],
];
for (const each of [...openaiCompatibleKinds, kind('scripted')]) {
  test(`${each.name} understands what servers say when they refuse`, () => {
    for (const [meaning, status, body, headers] of golden)
      assert.equal(each.readRefusal(status, headers ?? {}, body).meaning, meaning, `${status} ${body}`);
  });
}

test('a refusal keeps the server’s words, bounded, and when to come back', () => {
  const vllm = kind('vllm');
  assert.deepEqual(vllm.readRefusal(429, { 'retry-after': '7' }, error('slow\n down')), {
    meaning: 'busy',
    status: 429,
    retryAfterMs: 7000,
    message: 'slow down',
  });
  assert.equal(vllm.readRefusal(400, {}, error('x'.repeat(10_000))).message.length, 500);
  assert.equal(vllm.readRefusal(502, {}, '<html><title>Bad\nGateway</title>').message, 'an HTML page: Bad Gateway');
  assert.equal(vllm.readRefusal(500, {}, '[]').message, 'the server gave no reason');
  assert.equal(vllm.readRefusal(500, {}, '{"error":{"error":{"error":{}}}}').message, 'the server gave no reason');
});

test('what a server echoes of the request decides nothing about the machine', () => {
  const vllm = kind('vllm');
  const echoed = vllmError("1 validation error: input_value='model m not found. No models loaded. the model m does not exist'", 400);
  assert.equal(vllm.readRefusal(400, {}, echoed).meaning, 'rejected');
});

test('probes tell up, loading and down', () => {
  for (const name of ['vllm', 'llamacpp', 'mlx', 'scripted']) assert.equal(kind(name).probe.path, '/health');
  for (const name of ['lmstudio', 'openai']) assert.equal(kind(name).probe.path, '/v1/models');
  const { probe } = kind('llamacpp');
  assert.deepEqual(probe.read(200, '{"status":"ok"}'), { state: 'up' });
  assert.deepEqual(probe.read(503, error('Loading model', { code: 503 })), { state: 'loading' });
  assert.deepEqual(probe.read(503, ''), { state: 'down', why: 'answered 503' });
  assert.deepEqual(probe.read(401, ''), { state: 'down', why: 'refused our key (401)' });
});

const unsaid = { context: null, input: null, tools: null, service: null, remote: false, slots: null };

test('catalogues of each server', () => {
  const vllm =
    '{"object":"list","data":[{"id":"glm","object":"model","created":1,"owned_by":"vllm","root":"glm","parent":null,"max_model_len":131072}]}';
  assert.deepEqual(kind('vllm').catalogue.read(vllm), [{ ...unsaid, name: 'glm', context: 131072 }]);
  const llamacpp =
    '{"models":[{"name":"a.gguf","model":"a.gguf","capabilities":["completion"]}],"object":"list","data":[{"id":"a.gguf","object":"model","owned_by":"llamacpp","meta":{"n_ctx":8192,"n_ctx_train":32768}}]}';
  assert.deepEqual(kind('llamacpp').catalogue.read(llamacpp), [{ ...unsaid, name: 'a.gguf', context: 8192, input: [] }]);
  assert.equal(kind('llamacpp').catalogue.read(llamacpp.replace('["completion"]', '["completion","multimodal"]'))?.[0]?.input, null);
  const lmstudio = JSON.stringify({
    data: [
      {
        id: 'gemma',
        object: 'model',
        type: 'vlm',
        state: 'loaded',
        max_context_length: 131072,
        loaded_context_length: 32768,
        capabilities: ['tool_use'],
      },
      { id: 'nomic', object: 'model', type: 'embeddings', state: 'not-loaded', max_context_length: 2048 },
    ],
  });
  assert.deepEqual(kind('lmstudio').catalogue.read(lmstudio), [
    { ...unsaid, name: 'gemma', context: 32768, input: ['image'], tools: true, service: 'chat', loaded: true },
    { ...unsaid, name: 'nomic', context: 2048, input: [], service: 'embeddings', loaded: false },
  ]);
  assert.deepEqual(kind('lmstudio').catalogue.elsePaths, ['/v1/models']);
  assert.equal(kind('lmstudio').catalogue.read('{"error":"Unexpected endpoint or method. (GET /api/v0/models)"}'), null);
  assert.deepEqual(kind('mlx').catalogue.read('{"object":"list","data":[{"id":"mlx-community/x","object":"model","created":1}]}'), [
    { ...unsaid, name: 'mlx-community/x' },
  ]);
  assert.equal(kind('openai').catalogue.read('{"data":[{"id":"m:cloud","remote_host":"https://example.com"}]}')?.[0]?.remote, true);
});

test('a hostile catalogue is read without harm', () => {
  const { catalogue } = kind('openai');
  for (const body of ['', '[]', 'null', '{"data":{}}', '<html>']) assert.equal(catalogue.read(body), null);
  assert.deepEqual(
    catalogue.read(
      '{"data":[null,1,[],{},{"id":""},{"id":7},{"id":"a","max_model_len":-1,"type":"__proto__","meta":7},{"id":"a"},{"id":"__proto__","max_model_len":1e99}]}',
    ),
    [
      { ...unsaid, name: 'a' },
      { ...unsaid, name: '__proto__' },
    ],
  );
});

test('fields that reach out are named with their place', () => {
  assert.equal(kind('vllm').reachingField({ messages: [{ chat_template: 'x' }], chat_template_kwargs: { enable_thinking: false } }), null);
  assert.equal(kind('vllm').reachingField({ chat_template_kwargs: { chat_template: 'x' } }), 'chat_template_kwargs.chat_template');
  assert.equal(kind('vllm').reachingField({ kv_transfer_params: { remote_host: 'x' } }), 'kv_transfer_params');
  assert.equal(kind('mlx').reachingField({ adapters: '/x' }), 'adapters');
  assert.equal(kind('mlx').reachingField({ adapters: null }), null);
  assert.equal(kind('openai').reachingField({ draft_model: 'evil/repo' }), 'draft_model');
});

test('what the kinds say of themselves', () => {
  assert.deepEqual(
    openaiCompatibleKinds.filter((each) => each.locationMustBeSaid).map((each) => each.name),
    ['openai'],
  );
  assert.equal(kind('openai').isCloudModel('gpt-oss:120b-cloud'), true);
  assert.equal(kind('openai').isCloudModel('cloudy'), false);
  assert.deepEqual(kind('vllm').authorise('k'), { authorization: 'Bearer k' });
  assert.equal(upstreamKindNamed('toString'), undefined);
});

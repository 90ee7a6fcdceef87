import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ServedModel, UpstreamKind } from './kind.ts';
import { learnLoad, learnModels } from './learn-server.ts';
import type { AskServer } from './learn-server.ts';
import { upstreamKindNamed } from './registry.ts';

/** What a server answers to GETs, and what it was asked. */
function serverOf(answers: Readonly<Record<string, unknown>>): { readonly ask: AskServer; readonly asked: string[] } {
  const asked: string[] = [];
  const ask: AskServer = (path) => {
    asked.push(path);
    const answer = answers[path];
    if (answer === undefined) return Promise.resolve({ status: 404, body: 'Not Found' });
    return Promise.resolve(answer === null ? null : { status: 200, body: typeof answer === 'string' ? answer : JSON.stringify(answer) });
  };
  return { ask, asked };
}

function kind(name: string): UpstreamKind {
  const found = upstreamKindNamed(name);
  assert.ok(found !== undefined, name);
  return found;
}

const unsaid: Omit<ServedModel, 'name'> = { context: null, input: null, tools: null, service: null, remote: false, slots: null };

const llamacppModels = {
  models: [{ name: 'tiny', model: 'tiny', capabilities: ['completion', 'multimodal'] }],
  object: 'list',
  data: [{ id: 'tiny', aliases: ['tiny', 'small'], object: 'model', owned_by: 'llamacpp', meta: { n_ctx: 2048, n_ctx_train: 4096 } }],
};
const props = {
  default_generation_settings: { params: { max_tokens: -1 }, n_ctx: 1024 },
  total_slots: 2,
  modalities: { vision: true, video: false, audio: true },
  chat_template_caps: { supports_tools: true },
  is_sleeping: false,
};

test('llama.cpp: the window of one slot, the slots and the modalities come from /props, under every alias', async () => {
  const { ask, asked } = serverOf({ '/v1/models': llamacppModels, '/props': props });
  const known = { context: 1024, input: ['image', 'audio'], tools: true, service: null, remote: false, slots: 2, loaded: true };
  assert.deepEqual(await learnModels(kind('llamacpp'), ask), [
    { name: 'tiny', ...known },
    { name: 'small', ...known },
  ]);
  assert.deepEqual(asked, ['/v1/models', '/props'], 'what keeps a server awake is not asked');
});

test('llama.cpp: a server that sleeps has its model out of memory; one without /props tells what its list tells', async () => {
  const asleep = serverOf({ '/v1/models': llamacppModels, '/props': { ...props, is_sleeping: true } });
  assert.equal((await learnModels(kind('llamacpp'), asleep.ask))?.[0]?.loaded, false);
  const bare = serverOf({ '/v1/models': llamacppModels });
  assert.deepEqual((await learnModels(kind('llamacpp'), bare.ask))?.[0], { ...unsaid, name: 'tiny', context: 2048 });
});

test('llama.cpp: a router says which models are loaded, and its /props says nothing of any', async () => {
  const list = {
    object: 'list',
    data: [
      {
        id: 'a',
        object: 'model',
        status: { value: 'loaded' },
        architecture: { input_modalities: ['text', 'image'] },
        meta: { n_ctx: 512 },
      },
      { id: 'b', object: 'model', status: { value: 'unloaded', args: [] }, architecture: { input_modalities: ['text'] } },
    ],
  };
  const router = { role: 'router', max_instances: 4, default_generation_settings: { params: {}, n_ctx: 0 } };
  assert.deepEqual(await learnModels(kind('llamacpp'), serverOf({ '/v1/models': list, '/props': router }).ask), [
    { ...unsaid, name: 'a', context: 512, input: ['image'], loaded: true },
    { ...unsaid, name: 'b', input: [], loaded: false },
  ]);
});

test('llama.cpp: /slots says how many work; nothing is made of an answer that is none', async () => {
  const slots = [
    { id: 0, is_processing: true },
    { id: 1, is_processing: false },
  ];
  assert.deepEqual(await learnLoad(kind('llamacpp'), serverOf({ '/slots': slots }).ask), { running: 1, waiting: null, slots: 2 });
  for (const wrong of ['', '[]', '{}', '[1]', '[{"id":0}]', '[{"is_processing":"yes"}]'])
    assert.equal(await learnLoad(kind('llamacpp'), serverOf({ '/slots': wrong }).ask), null, wrong);
  assert.equal(await learnLoad(kind('llamacpp'), serverOf({}).ask), null, 'started with --no-slots');
});

test('vLLM: running and waiting are summed over the engines', async () => {
  const text = [
    '# HELP vllm:num_requests_running Number of requests in model execution batches.',
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="a} b"} 2.0',
    'vllm:num_requests_running{engine="1",model_name="a} b"} 1.0 1750000000',
    '# TYPE vllm:num_requests_waiting gauge',
    'vllm:num_requests_waiting{engine="0",model_name="a} b"} 4.0',
    'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0',
    '',
  ].join('\n');
  assert.deepEqual(await learnLoad(kind('vllm'), serverOf({ '/metrics': text }).ask), { running: 3, waiting: 4, slots: null });
  for (const wrong of ['', '{}', 'vllm:num_requests_running{} NaN', 'vllm:num_requests_running{} -1', '# vllm:num_requests_running 3'])
    assert.equal(await learnLoad(kind('vllm'), serverOf({ '/metrics': wrong }).ask), null, wrong);
});

test('LM Studio: what is loaded, with what window and how many at once', async () => {
  const v0 = {
    data: [
      { id: 'google/gemma', object: 'model', type: 'vlm', state: 'loaded', max_context_length: 131072 },
      { id: 'gemma-again', object: 'model', type: 'llm', state: 'loaded', max_context_length: 131072 },
      { id: 'qwen', object: 'model', type: 'llm', state: 'not-loaded', max_context_length: 32768 },
    ],
  };
  const instance = (id: string, length: number, parallel: number): object => ({ id, config: { context_length: length, parallel } });
  const v1 = {
    models: [
      {
        type: 'llm',
        key: 'google/gemma',
        loaded_instances: [instance('gemma-again', 8192, 1), instance('google/gemma', 4096, 4)],
        max_context_length: 131072,
        capabilities: { vision: true, trained_for_tool_use: true },
      },
      {
        type: 'llm',
        key: 'qwen',
        loaded_instances: [],
        max_context_length: 32768,
        capabilities: { vision: false, trained_for_tool_use: false },
      },
    ],
  };
  const gemma = { input: ['image'], tools: true, service: 'chat', remote: false, loaded: true };
  assert.deepEqual(await learnModels(kind('lmstudio'), serverOf({ '/api/v0/models': v0, '/api/v1/models': v1 }).ask), [
    { name: 'google/gemma', context: 4096, slots: 4, ...gemma },
    { name: 'gemma-again', context: 8192, slots: 1, ...gemma },
    { name: 'qwen', context: 32768, slots: null, input: [], tools: false, service: 'chat', remote: false, loaded: false },
  ]);
  const unknown = { error: 'Unexpected endpoint or method. (GET /api/v1/models)' };
  const older = await learnModels(kind('lmstudio'), serverOf({ '/api/v0/models': v0, '/api/v1/models': unknown }).ask);
  assert.deepEqual(
    older?.map(({ loaded, slots }) => [loaded, slots]),
    [
      [true, null],
      [true, null],
      [false, null],
    ],
  );
});

test('a server that is gone, or answers something else, is a server nothing is known of', async () => {
  for (const name of ['vllm', 'llamacpp', 'lmstudio', 'mlx', 'openai']) {
    assert.equal(await learnModels(kind(name), serverOf({}).ask), null, name);
    assert.equal(await learnModels(kind(name), () => Promise.resolve(null)), null, name);
    assert.equal(await learnLoad(kind(name), () => Promise.resolve(null)), null, name);
  }
});

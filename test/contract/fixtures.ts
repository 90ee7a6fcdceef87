import { contextLengthScript, modelNotFoundScript, refusalScript } from '#upstreams/scripted/refusal-script.ts';
import type { Json } from '#upstreams/scripted/script.ts';
import { anthropicFixture } from './anthropic-fixture.ts';
import type { KindFixture } from './fixture.ts';
import { ollamaFixture } from './ollama-fixture.ts';
import { loadingWords, openaiFixture } from './openai-fixture.ts';

const unsaid = { context: null, input: null, tools: null, service: null, remote: false, slots: null } as const;
const ok: Json = { status: 'ok' };
const gauges = (running: number, waiting: number): string =>
  [
    '# TYPE vllm:num_requests_running gauge',
    `vllm:num_requests_running{engine="0",model_name="m"} ${running}.0`,
    `vllm:num_requests_waiting{engine="0",model_name="m"} ${waiting}.0`,
    '',
  ].join('\n');
const llamacppPages = {
  '/health': ok,
  '/v1/models': {
    models: [{ name: 'm', model: 'm', capabilities: ['completion'] }],
    object: 'list',
    data: [{ id: 'm', aliases: ['m'], object: 'model', owned_by: 'llamacpp', meta: { n_ctx: 32_768, n_ctx_train: 131_072 } }],
  },
  '/props': {
    default_generation_settings: { params: {}, n_ctx: 32_768 },
    total_slots: 2,
    modalities: { vision: false, audio: false },
    chat_template_caps: { supports_tools: true },
    is_sleeping: false,
  },
  '/slots': [
    { id: 0, n_ctx: 32_768, is_processing: true },
    { id: 1, n_ctx: 32_768, is_processing: false },
  ],
};

/** How the server of every kind speaks. A new kind is a line here. */
export const fixtures: Readonly<Record<string, KindFixture>> = {
  vllm: openaiFixture({
    style: 'vllm',
    reasoningField: 'reasoning',
    pages: {
      '/health': '',
      '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'vllm', root: 'm', max_model_len: 40_960 }] },
      '/metrics': gauges(2, 1),
    },
    listed: { ...unsaid, name: 'm', context: 40_960 },
    load: { running: 2, waiting: 1, slots: null },
  }),
  llamacpp: openaiFixture({
    style: 'llamacpp',
    pages: llamacppPages,
    idlePages: {
      ...llamacppPages,
      '/slots': [
        { id: 0, is_processing: false },
        { id: 1, is_processing: false },
      ],
    },
    listed: { ...unsaid, name: 'm', context: 32_768, input: [], tools: true, slots: 2, loaded: true },
    load: null,
  }),
  lmstudio: openaiFixture({
    style: 'lmstudio',
    refusals: { loading: loadingWords },
    pages: {
      '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'organization_owner' }] },
      '/api/v0/models': { object: 'list', data: [{ id: 'm', object: 'model', type: 'vlm', state: 'loaded', max_context_length: 131_072 }] },
      '/api/v1/models': {
        models: [
          {
            type: 'llm',
            key: 'm',
            loaded_instances: [{ id: 'm', config: { context_length: 32_768, parallel: 3 } }],
            max_context_length: 131_072,
            capabilities: { vision: true, trained_for_tool_use: true },
          },
        ],
      },
    },
    listed: { name: 'm', context: 32_768, input: ['image'], tools: true, service: 'chat', remote: false, slots: 3, loaded: true },
    load: null,
  }),
  mlx: openaiFixture({
    style: 'openai',
    reasoningField: 'reasoning',
    errorEvent: 'data: {"error": "the engine is gone"}\n\n',
    errorBody: { error: 'the engine is gone' },
    refusals: {
      loading: loadingWords,
      // Whatever goes wrong while a model is made ready is a 404 here.
      absent: refusalScript(404, { error: 'Repository Not Found for url: m' }),
    },
    pages: { '/health': ok, '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model', created: 1 }] } },
    listed: { ...unsaid, name: 'm' },
    load: null,
  }),
  openai: openaiFixture({
    style: 'openai',
    policy: { location: 'house' },
    refusals: { loading: loadingWords },
    pages: { '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model', context_length: 65_536 }] } },
    listed: { ...unsaid, name: 'm', context: 65_536 },
    load: null,
  }),
  scripted: openaiFixture({
    style: 'openai',
    refusals: { tooLong: contextLengthScript('openai', { prompt: 9, window: 8 }), absent: modelNotFoundScript('m') },
    pages: { '/health': ok, '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model' }] } },
    listed: { ...unsaid, name: 'm' },
    load: null,
  }),
  ollama: ollamaFixture,
  anthropic: anthropicFixture,
};

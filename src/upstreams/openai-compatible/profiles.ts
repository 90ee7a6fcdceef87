import { versionField } from '#upstreams/version-field.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';

import { readProps } from './llamacpp-props.ts';
import { readLmStudioDetails } from './lmstudio-details.ts';
import { openaiCompatible } from './openai-compatible.ts';
import type { ServerProfile } from './openai-compatible.ts';
import { readSlots, readVllmMetrics } from './read-load.ts';

const rows: readonly ServerProfile[] = [
  {
    name: 'vllm',
    title: 'vLLM',
    honoursAbort: true,
    // Nothing listens before the engine is ready; 503 only once it is dead.
    probePath: '/health',
    catalogue: { path: '/v1/models' },
    load: { path: '/metrics', read: readVllmMetrics },
    version: versionField('/version', 'version'),
    reaching: ['kv_transfer_params', 'lora_request', 'lora_path'],
    says: {
      loading: 'nothing listens until the engine is ready: a refused connection',
      queue: '`/metrics`: `num_requests_running` and `num_requests_waiting`, every minute',
      context: '`max_model_len` of `/v1/models`',
      location: 'the policy; where the address is public it must say so',
      abort: 'stops at once',
    },
  },
  {
    name: 'llamacpp',
    title: 'llama.cpp server',
    // Current servers look once a second whether their caller is still there; older ones run a request that is not streamed to its end.
    honoursAbort: false,
    probePath: '/health',
    catalogue: { path: '/v1/models' },
    details: { path: '/props', read: readProps },
    version: versionField('/props', 'build_info'),
    // A task like any other to the server's sleep timer, where `/health`, `/v1/models` and `/props` are not.
    load: { path: '/slots', keepsAwake: true, read: readSlots },
    reaching: ['lora'],
    says: {
      loading: '`/health` answers 503 "Loading model"',
      queue: '`/slots`: how many work; asked only while a caller has left',
      context: '`n_ctx` of `/props`, which is one slot’s; how many slots there are stands there too',
      location: 'the policy; where the address is public it must say so',
      abort: 'stops within about a second; the slot comes back when `/slots` is idle',
    },
  },
  {
    name: 'lmstudio',
    title: 'LM Studio',
    honoursAbort: true,
    probePath: '/v1/models',
    // Says context, vision and tools; what /v1/models says is names. Both list the names that a request may carry.
    catalogue: { path: '/api/v0/models', elsePaths: ['/v1/models'] },
    details: { path: '/api/v1/models', read: readLmStudioDetails },
    reaching: ['draft_model'],
    says: {
      loading: 'not told: the first answer is slow',
      queue: 'not told; `parallel` of the loaded instance says how many it takes at once',
      context: '`context_length` of the loaded instance, `max_context_length` of one that is not',
      location: 'the policy; a linked LM Studio can pass a request on to another machine and does not say so',
      abort: 'stops at once',
    },
  },
  {
    name: 'mlx',
    title: 'MLX (mlx_lm.server)',
    // Hears of a closed connection only when it writes.
    honoursAbort: false,
    probePath: '/health',
    catalogue: { path: '/v1/models' },
    // Paths or names that it loads or downloads when asked.
    reaching: ['adapters', 'draft_model'],
    // Its own default ends answers after 512 tokens.
    outputTokensDefault: 4096,
    says: {
      loading: 'not told: the first answer is slow',
      queue: 'not told',
      context: 'the policy; the server does not know',
      location: 'the policy; it downloads whatever name it is sent, so only names of the policy are',
      abort: 'stops when it next writes: callers are streamed to, and the slot comes back after a while',
    },
  },
  {
    name: 'openai',
    title: 'any other server that speaks the OpenAI API',
    locationMustBeSaid: true,
    honoursAbort: true,
    probePath: '/v1/models',
    catalogue: { path: '/v1/models' },
    // Nobody knows which server this is: whatever reaches out on one of them.
    reaching: ['kv_transfer_params', 'lora_request', 'lora_path', 'lora', 'draft_model', 'adapters'],
    // It may be an Ollama, which lists models that run elsewhere under such names.
    cloudModel: /[:-]cloud$/i,
    says: {
      loading: 'a 503 that says so',
      queue: 'not told',
      context: 'the list of models, where it says; else the policy',
      location: 'the policy, which must say it; names ending in `-cloud` or `:cloud`, and models listed with a remote host, are cloud',
      abort: 'is taken to stop at once',
    },
  },
];

/** The kinds that are one row each of the OpenAI-compatible table. */
export const openaiCompatibleKinds: readonly UpstreamKind[] = rows.map(openaiCompatible);

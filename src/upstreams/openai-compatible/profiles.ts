import type { UpstreamKind } from '#upstreams/kind.ts';

import { openaiCompatible } from './openai-compatible.ts';
import type { ServerProfile } from './openai-compatible.ts';

const rows: readonly ServerProfile[] = [
  {
    name: 'vllm',
    title: 'vLLM',
    honoursAbort: true,
    // Nothing listens before the engine is ready; 503 only once it is dead.
    probePath: '/health',
    cataloguePath: '/v1/models',
    reaching: ['kv_transfer_params', 'lora_request', 'lora_path'],
  },
  {
    name: 'llamacpp',
    title: 'llama.cpp server',
    // A request that is not streamed may run on to its end.
    honoursAbort: false,
    probePath: '/health',
    cataloguePath: '/v1/models',
    reaching: ['lora'],
  },
  {
    name: 'lmstudio',
    title: 'LM Studio',
    honoursAbort: true,
    probePath: '/v1/models',
    // Says context, vision and tools; what /v1/models says are names.
    cataloguePath: '/api/v0/models',
    catalogueElsePath: '/v1/models',
    reaching: ['draft_model'],
  },
  {
    name: 'mlx',
    title: 'MLX (mlx_lm.server)',
    // Hears of a closed connection only when it writes.
    honoursAbort: false,
    probePath: '/health',
    cataloguePath: '/v1/models',
    // Paths or names that it loads or downloads when asked.
    reaching: ['adapters', 'draft_model'],
    // Its own default ends answers after 512 tokens.
    outputTokensDefault: 4096,
  },
  {
    name: 'openai',
    title: 'any other server that speaks the OpenAI API',
    locationMustBeSaid: true,
    honoursAbort: true,
    probePath: '/v1/models',
    cataloguePath: '/v1/models',
    // Nobody knows which server this is: whatever reaches out on one of them.
    reaching: ['kv_transfer_params', 'lora_request', 'lora_path', 'lora', 'draft_model', 'adapters'],
    // It may be an Ollama, which lists models that run elsewhere under such names.
    cloudModel: /[:-]cloud$/i,
  },
];

/** The kinds that are one row each of the OpenAI-compatible table. */
export const openaiCompatibleKinds: readonly UpstreamKind[] = rows.map(openaiCompatible);

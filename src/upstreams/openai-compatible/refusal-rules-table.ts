import type { RefusalRule } from '#upstreams/refusal-rules.ts';

/*
 * How vLLM, llama.cpp, LM Studio, MLX, OpenAI and the proxies before them word their refusals; the golden ones are in the test beside.
 * One table for all: which server really stands behind an address is not always what the policy says. Texts that decide about a
 * *target* are tied to the beginning of the message, so that echoed input cannot make them up.
 */
export const refusalRules: readonly RefusalRule[] = [
  { statuses: [3], meaning: 'redirect' },
  { statuses: [401, 403, 407], meaning: 'unauthorised' },
  { statuses: [404], meaning: 'absent' },
  {
    statuses: [400, 422],
    says: /^(?:no models? (?:is |are )?loaded|multiple models are loaded|model[^·]{0,80}? (?:not found|is not loaded|not loaded|does not exist|is unloaded)|model (?:un|re)loaded|the model [^·]{0,300}?does not exist|failed to load model|invalid model identifier|unknown model)/i,
    meaning: 'absent',
  },
  { statuses: [400, 404, 422], says: /(?:^|· )(?:model_not_found|model_not_loaded)\b/, meaning: 'absent' },
  // llama.cpp, started without what the policy says it serves.
  { statuses: [501], says: /^this server does not support (?:embeddings|reranking)/i, meaning: 'absent' },
  {
    // vLLM and OpenAI; llama.cpp, whose older releases answer 500; LM Studio in two wordings; the code that OpenAI and llama.cpp give.
    statuses: [400, 413, 422, 500],
    says: /(?:maximum (?:context|model) length|exceeds? (?:the |this model's )?(?:available |maximum )?context (?:size|length|window)|greater than the context (?:length|size)|longer than the model's context length|reached context length|trying to keep the first \d+ tokens|context (?:length|size|window) (?:was |is |has been )?(?:exceeded|overflow)|prompt is too long|(?:^|· )(?:context_length_exceeded|exceed_context_size_error))/i,
    meaning: 'too_long',
  },
  {
    statuses: [5],
    says: /(?:cuda|cublas|hip error|out of memory|out-of-memory|model runner has unexpectedly stopped|process has terminated|EngineDeadError|EngineCore encountered|engine (?:loop|core|process) (?:has |is |was )?(?:died|dead|stopped)|model has crashed|\[METAL\]|illegal memory access|segmentation fault)/i,
    meaning: 'crashed',
  },
  // LM Studio answers 400 for it.
  { statuses: [400], says: /^the model has crashed/i, meaning: 'crashed' },
  { statuses: [503], says: /\bmodel_loading\b|\bloading\b|\bstarting up\b|\bwarming up\b/i, meaning: 'loading' },
  { statuses: [429], meaning: 'busy' },
  { statuses: [503], says: /\bbusy\b|no (?:free |idle )?slots?\b|too many|queue|overload|at capacity|rate limit/i, meaning: 'busy' },
  { statuses: [503], asksToRetry: true, meaning: 'busy' },
  // Answers about time and connections, not about what was asked.
  { statuses: [408, 425, 499], meaning: 'failed' },
  { statuses: [4], meaning: 'rejected' },
];

import type { RefusalRule } from '#upstreams/refusal-rules.ts';

/* How Ollama words its refusals (`{"error":"…"}`), and the proxies before it. */
export const refusalRules: readonly RefusalRule[] = [
  { statuses: [3], meaning: 'redirect' },
  // Where remote models are switched off, asking for one is answered 403: that model is not there, the key is not wrong.
  { statuses: [403], says: /(?:cloud|remote) (?:models?|inference)|disabled/i, meaning: 'absent' },
  { statuses: [401, 403, 407], meaning: 'unauthorised' },
  { statuses: [404], meaning: 'absent' },
  { statuses: [400], says: /^(?:model ['"]?[^·]{0,200}? not found|invalid model name|model is required)/i, meaning: 'absent' },
  {
    statuses: [400, 413, 500],
    says: /(?:input|prompt|request)[^·]{0,60}? exceeds? [^·]{0,60}?context (?:length|size|window)|prompt is too long/i,
    meaning: 'too_long',
  },
  // What the policy says of the model is not so: another one may well do it.
  {
    statuses: [400],
    says: /does not support (?:tools|thinking|chat|vision|images?|completion)|think value [^·]{0,40} is not supported/i,
    meaning: 'failed',
  },
  {
    statuses: [5],
    says: /(?:cuda|cublas|hip error|out[ -]of[ -]memory|model runner has unexpectedly stopped|process has terminated|no longer running|illegal memory access|segmentation fault)/i,
    meaning: 'crashed',
  },
  { statuses: [503], says: /\bloading\b|\bstarting up\b/i, meaning: 'loading' },
  { statuses: [429], meaning: 'busy' },
  { statuses: [503], says: /\bbusy\b|maximum pending requests|too many|queue|overload/i, meaning: 'busy' },
  { statuses: [503], asksToRetry: true, meaning: 'busy' },
  { statuses: [408, 425, 499], meaning: 'failed' },
  { statuses: [4], meaning: 'rejected' },
];

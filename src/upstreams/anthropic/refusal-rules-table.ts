import type { RefusalRule } from '#upstreams/refusal-rules.ts';

/* The Messages API's errors (platform documentation, "Errors"): `{"type":"error","error":{"type","message"}}`. */
export const refusalRules: readonly RefusalRule[] = [
  { statuses: [3], meaning: 'redirect' },
  { statuses: [401, 402, 403, 407], meaning: 'unauthorised' },
  // An account without money is the house's to mend, not the caller's.
  { statuses: [400], says: /credit balance is too low|(?:^|· )billing_error/i, meaning: 'unauthorised' },
  { statuses: [404], meaning: 'absent' },
  {
    statuses: [400, 413],
    says: /prompt is too long|exceeds? (?:the )?context (?:limit|window)|maximum context length/i,
    meaning: 'too_long',
  },
  { statuses: [429, 529], meaning: 'busy' },
  { statuses: [503], says: /overloaded|too many|rate limit/i, meaning: 'busy' },
  { statuses: [503], asksToRetry: true, meaning: 'busy' },
  { statuses: [408, 425, 499], meaning: 'failed' },
  { statuses: [4], meaning: 'rejected' },
];

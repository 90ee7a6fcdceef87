import { httpDateSeconds } from './http-date.ts';

const retryAfterMaxMs = 60_000;
const decimal = /^\d+(?:\.\d*)?(?:e\d{1,3})?$/i;

/**
 * When a server asks to be asked again (`retry-after-ms`, `Retry-After`), bounded to 0…60 s; null where it does not say or says nonsense.
 * A date is measured against the reply's own `Date`: the two clocks need not agree with ours.
 */
export function readRetryAfterMs(headers: Readonly<Record<string, string>>): number | null {
  const inMs = headers['retry-after-ms']?.trim();
  if (inMs !== undefined && decimal.test(inMs)) return bounded(Number(inMs));
  const value = headers['retry-after']?.trim();
  if (value === undefined) return null;
  if (decimal.test(value)) return bounded(Number(value) * 1000);
  const then = httpDateSeconds(value);
  const now = httpDateSeconds(headers['date'] ?? '');
  return then === null || now === null ? null : bounded((then - now) * 1000);
}

function bounded(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), retryAfterMaxMs);
}

import type { ErrorCode } from '#core/errors/catalog.ts';
import type { FaultCase } from '#upstreams/scripted/faults/fault.ts';

/** A machine that may be asked, in its order, and what the request meets there. */
export interface Candidate {
  readonly machine: string;
  readonly fault: FaultCase | null;
}

/** What has to come of one request. */
export interface ExpectedEnd {
  readonly end:
    | { readonly type: 'answered'; readonly machine: string; readonly fault: FaultCase | null }
    | { readonly type: 'broken'; readonly machine: string; readonly fault: FaultCase; readonly code: ErrorCode }
    | { readonly type: 'error'; readonly code: ErrorCode }
    | { readonly type: 'left' }
    | { readonly type: 'cut' };
  /** Machine and result of each attempt, in order. */
  readonly attempts: readonly (readonly [machine: string, result: string])[];
}

/** Walks the candidates as the catalogue says that the house does; one quick retry a request, two crashes at most. */
export function expectedEnd(candidates: readonly Candidate[]): ExpectedEnd {
  const attempts: [string, string][] = [];
  const seen = { retried: false, crashes: 0, busy: false, loading: false, failure: null as ErrorCode | null };
  for (const { machine, fault } of candidates) {
    const ends = fault?.ends ?? { then: 'answered' };
    if (fault?.once === true && ends.then === 'answered') {
      attempts.push([machine, 'flaky']);
      if (seen.retried) {
        seen.failure = 'upstream_bad_gateway';
        continue;
      }
    }
    switch (ends.then) {
      case 'answered':
        attempts.push([machine, 'answered']);
        return { end: { type: 'answered', machine, fault }, attempts };
      case 'left':
        attempts.push([machine, 'cancelled']);
        return { end: { type: 'left' }, attempts };
      case 'cut':
        attempts.push([machine, 'cancelled']);
        return { end: { type: 'cut' }, attempts };
      case 'broken':
        attempts.push([machine, 'broken']);
        if (fault) return { end: { type: 'broken', machine, fault, code: ends.code }, attempts };
        break;
      case 'next': {
        const { result, alone } = ends;
        attempts.push([machine, result]);
        if (result === 'flaky' && !seen.retried) {
          seen.retried = true;
          attempts.push([machine, result]);
        }
        if (result === 'busy') seen.busy = true;
        else if (result === 'loading') seen.loading = true;
        else if (result !== 'unreachable' && result !== 'absent') seen.failure = alone;
        if (result === 'crashed') seen.crashes += 1;
        if (seen.crashes === 2) return { end: { type: 'error', code: 'upstream_crashed' }, attempts };
        break;
      }
    }
  }
  const code = seen.busy ? 'saturated' : seen.loading ? 'model_loading' : (seen.failure ?? 'no_route');
  return { end: { type: 'error', code }, attempts };
}

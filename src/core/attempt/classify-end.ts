import type { ErrorCode } from '#core/errors/catalog.ts';
import type { Verdict } from '#core/judge/judge-reply.ts';
import type { AttemptResult } from '#core/routing/outcome.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { ClockName } from './attempt.ts';
import type { Refusal } from './refusal.ts';

/** Everything about an attempt's end that decides what it means. */
export interface AttemptEnd {
  /** The caller left. */
  readonly cancelled: boolean;
  /** Something of the answer has been released to the caller. */
  readonly committed: boolean;
  /** How the connection failed, if it did. */
  readonly fault: { readonly cause: FaultCause; readonly receivedBytes: number } | null;
  readonly reused: boolean;
  readonly clock: ClockName | null;
  readonly status: number | null;
  /** What a reply that is not a success means. */
  readonly refusal: Refusal | null;
  /** The judge's word on a reply that began as a success. */
  readonly verdict: Verdict | null;
  /** Milliseconds from the request being sent to the end; null if it never was. */
  readonly sinceSentMs: number | null;
}

/** The dialer's words for how a connection fails. */
export type FaultCause =
  | 'refused'
  | 'connect_timeout'
  | 'unresolved'
  | 'wrong_peer'
  | 'no_permit'
  | 'tls'
  /** The connection was reset, or closed before the reply was whole. */
  | 'reset'
  | 'closed'
  /** The server broke HTTP. */
  | 'protocol'
  | 'aborted';

export interface AttemptMeaning {
  readonly result: AttemptResult;
  readonly code: ErrorCode | null;
  /** What happened, as a clause after the machine's name: `answered 500`. */
  readonly clause: string;
}

/** Failures this soon after sending may be the moment's: one quick retry. */
const quickMs = 1_000;

const unreachable: Partial<Record<FaultCause, string>> = {
  refused: 'refused the connection',
  connect_timeout: 'did not accept the connection in time',
  unresolved: 'has a name that does not resolve',
  wrong_peer: 'is not where its location says',
  no_permit: 'may not be dialled under the policy in force',
  tls: 'could not prove its identity',
};

const verdictCodes: Record<Exclude<Verdict, 'ok' | 'synthetic'>, ErrorCode> = {
  empty: 'upstream_empty',
  reasoning_exhausted: 'upstream_reasoning_exhausted',
  truncated: 'upstream_truncated',
  stream_broken: 'upstream_stream_broken',
  stalled: 'upstream_stalled',
  not_as_asked: 'upstream_not_as_asked',
};

const verdictClauses: Record<Exclude<Verdict, 'ok' | 'synthetic'>, string> = {
  empty: 'answered nothing',
  reasoning_exhausted: 'spent its whole output on reasoning',
  truncated: 'ended its answer before it was finished',
  stream_broken: 'broke off in the middle of its answer',
  stalled: 'fell silent',
  not_as_asked: 'did not answer in the form that was asked for',
};

/** What the end of an attempt means: first match first. */
export function classifyEnd(end: AttemptEnd): AttemptMeaning {
  if (end.cancelled) return { result: 'cancelled', code: null, clause: 'was left by the caller' };
  if (end.verdict === 'ok') return { result: 'answered', code: null, clause: 'answered' };
  const failure = classifyFailure(end);
  return end.committed ? { ...failure, result: 'broken' } : failure;
}

function classifyFailure(end: AttemptEnd): AttemptMeaning {
  if (end.clock !== null) return clockMeaning(end.clock, end.sinceSentMs);
  if (end.refusal) return refusalMeaning(end.refusal, end.sinceSentMs);
  if (end.fault) return faultMeaning(end);
  return verdictMeaning(end.verdict);
}

function verdictMeaning(verdict: Verdict | null): AttemptMeaning {
  if (verdict === null || verdict === 'ok' || verdict === 'synthetic')
    return { result: 'failed', code: 'upstream_bad_gateway', clause: 'gave no answer that can be read' };
  return { result: 'failed', code: verdictCodes[verdict], clause: verdictClauses[verdict] };
}

function clockMeaning(clock: ClockName, sinceSentMs: number | null): AttemptMeaning {
  const after = sinceSentMs === null ? '' : ` for ${formatDuration(sinceSentMs)}`;
  if (clock === 'first_token') return { result: 'failed', code: 'upstream_stalled', clause: `gave no first token${after}` };
  if (clock === 'idle') return { result: 'failed', code: 'upstream_stalled', clause: 'fell silent in the middle of its answer' };
  return { result: 'failed', code: 'timeout', clause: `did not finish in time (${clock} clock)` };
}

function faultMeaning(end: AttemptEnd): AttemptMeaning {
  const { fault, status, sinceSentMs } = end;
  if (!fault) return verdictMeaning(end.verdict);
  const cannot = unreachable[fault.cause];
  if (cannot !== undefined) return { result: 'unreachable', code: null, clause: cannot };
  if (fault.cause === 'protocol') return { result: 'failed', code: 'upstream_bad_gateway', clause: 'broke HTTP' };
  const early = sinceSentMs === null || sinceSentMs <= quickMs;
  if (status === null) {
    const stale = end.reused && fault.receivedBytes === 0;
    if (stale || early) return { result: 'flaky', code: 'upstream_bad_gateway', clause: 'closed the connection without an answer' };
    return { result: 'crashed', code: 'upstream_bad_gateway', clause: 'closed the connection while it was working' };
  }
  if (fault.cause === 'reset' && !early)
    return { result: 'crashed', code: 'upstream_stream_broken', clause: 'broke off in the middle of its answer' };
  return verdictMeaning(end.verdict ?? 'stream_broken');
}

function refusalMeaning(refusal: Refusal, sinceSentMs: number | null): AttemptMeaning {
  const answered = `answered ${refusal.status}`;
  switch (refusal.meaning) {
    case 'busy':
      return { result: 'busy', code: null, clause: `is busy (it ${answered})` };
    case 'loading':
      return { result: 'loading', code: null, clause: 'is loading the model' };
    case 'absent':
      return { result: 'absent', code: null, clause: 'does not have the model' };
    case 'too_long':
      return { result: 'too_long', code: 'context_length_exceeded', clause: 'says that the prompt is too long for it' };
    case 'rejected':
      return { result: 'rejected', code: 'upstream_rejected', clause: `refused the request: ${refusal.message}` };
    case 'unauthorised':
      return { result: 'failed', code: 'upstream_unauthorised', clause: `refused our key (${refusal.status})` };
    case 'redirect':
      return { result: 'failed', code: 'upstream_redirect', clause: `answered with a redirect (${refusal.status})` };
    case 'crashed':
      return { result: 'crashed', code: 'upstream_bad_gateway', clause: `crashed (it ${answered})` };
    case 'failed': {
      const quick = [500, 502, 504].includes(refusal.status) && sinceSentMs !== null && sinceSentMs <= quickMs;
      return { result: quick ? 'flaky' : 'failed', code: 'upstream_bad_gateway', clause: answered };
    }
  }
}

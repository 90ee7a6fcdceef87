import type { ErrorCode } from '#core/errors/catalog.ts';
import type { TargetId } from '#core/policy/policy.ts';

/**
 * How one attempt ended, as far as the walk cares.
 *
 * - `answered`: the reply was released; `cancelled`: the caller left; `broken`: it failed after the answer was released;
 * - `rejected`: the machine refused the request itself: the caller's answer;
 * - `busy`, `loading`: not now; `absent`, `unreachable`: cannot;
 * - `flaky`: a failure that one quick retry may mend; `failed`: any other that moves on;
 * - `too_long`: larger windows only; `crashed`: the engine died under this request.
 */
export type AttemptResult =
  | 'answered'
  | 'cancelled'
  | 'broken'
  | 'rejected'
  | 'busy'
  | 'loading'
  | 'absent'
  | 'unreachable'
  | 'flaky'
  | 'failed'
  | 'too_long'
  | 'crashed';

/** One attempt's end. Serialisable; the record keeps it. */
export interface Outcome {
  readonly target: TargetId;
  readonly result: AttemptResult;
  /** What the caller would be told if this were the last word; null where that is not an error of its own. */
  readonly code: ErrorCode | null;
  /** Our own words for it (`spark answered 500`), without a machine's text unless `rejected`. */
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** For `flaky`: the upstream's budget of quick retries has room. */
  readonly retryAllowed: boolean;
}

/** What follows an attempt: the whole table of next steps. */
export interface NextStep {
  /**
   * - `stop`: nobody else is asked;
   * - `not_now`: like a busy candidate: spill, the wait, failover;
   * - `move_on`: failover, never this target again for this request;
   * - `retry`: the same target once more on a new connection, if this request has not retried yet; else `move_on`.
   */
  readonly then: 'stop' | 'not_now' | 'move_on' | 'retry';
  /** Whether the target counts as judged bad for this request, also in a later walk of it from the queue. */
  readonly bad: boolean;
}

export const nextSteps: Readonly<Record<AttemptResult, NextStep>> = {
  answered: { then: 'stop', bad: false },
  cancelled: { then: 'stop', bad: false },
  broken: { then: 'stop', bad: false },
  rejected: { then: 'stop', bad: false },
  busy: { then: 'not_now', bad: false },
  loading: { then: 'not_now', bad: false },
  absent: { then: 'move_on', bad: false },
  unreachable: { then: 'move_on', bad: false },
  flaky: { then: 'retry', bad: true },
  failed: { then: 'move_on', bad: true },
  too_long: { then: 'move_on', bad: true },
  crashed: { then: 'move_on', bad: true },
};

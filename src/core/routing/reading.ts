import type { TargetId } from '#core/policy/policy.ts';

/** The three states of a candidate. */
export type CandidateState = 'free' | 'not_now' | 'cannot';

/**
 * Why a candidate reads as it does.
 *
 * free: `up`, `degraded`, `unprobed`, `canary` (out for bad answers; this one may try it) · not now: `no_slot`, `answered_busy`, `loading`,
 * `canary_out` (another request is that one try) · cannot: `ejected` (unreachable), `ejected_bad` (bad answers), `quarantined`,
 * `drained`, `not_served` (not in its server's list now), `absent` (the server said it does not know the model), `remote` (the server
 * names it as running elsewhere), `window` (its live window is too small)
 */
export type ReadingReason =
  | 'up'
  | 'degraded'
  | 'unprobed'
  | 'canary'
  | 'no_slot'
  | 'answered_busy'
  | 'loading'
  | 'canary_out'
  | 'ejected'
  | 'ejected_bad'
  | 'quarantined'
  | 'drained'
  | 'not_served'
  | 'absent'
  | 'remote'
  | 'window';

/**
 * What was seen of one candidate when it was visited: the only way in which the state of the fleet enters a decision. Serialisable
 * and free of absolute time, so that feeding it back replays the decision.
 */
export interface Reading {
  readonly target: TargetId;
  readonly state: CandidateState;
  readonly why: ReadingReason;
  /** Requests under way in its pool of slots, and the pool's size (null: unlimited). */
  readonly inFlight: number;
  readonly slots: number | null;
  /** For whom is busy or loading: when to try again, as far as known. */
  readonly retryAfterMs: number | null;
  /** For whom cannot: what happened (`connection refused`), how long ago, and when it is looked at again. */
  readonly cause: string | null;
  readonly sinceMs: number | null;
  readonly nextTryMs: number | null;
}

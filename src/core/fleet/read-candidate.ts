import type { Plan } from '#core/routing/plan.ts';
import type { Reading, ReadingReason } from '#core/routing/reading.ts';
import type { TargetId, Tier } from '#core/policy/policy.ts';
import type { Target } from '#core/policy/tables.ts';
import type { TargetHealth, UpstreamHealth } from './health.ts';

/** Everything known now that one candidate's state depends on. Times are of the monotonic clock. */
export interface CandidateView {
  readonly upstream: UpstreamHealth;
  readonly health: TargetHealth;
  readonly inFlight: number;
  readonly slots: number | null;
  /** A slot that has come free is promised to somebody who waits longer. */
  readonly promised: number;
  readonly busyUntil: number | null;
  /** Since when its server says that it is loading this model, and until when that word counts. */
  readonly loadingSince: number | null;
  readonly loadingUntil: number | null;
  /** Until when the server's word counts that it does not have the model. */
  readonly absentUntil: number | null;
  readonly drainedUpstream: boolean;
  readonly drainedRoutes: ReadonlySet<string>;
  /** The server's own list; null while it is not known. */
  readonly served: boolean | null;
  readonly remote: boolean;
  readonly liveContext: number | null;
  readonly canaryOut: boolean;
}

/** What a visit asks. */
export interface Visit {
  readonly target: Target;
  readonly plan: Plan;
  readonly tier: Tier;
  readonly tokensNeeded: number;
  readonly loadMs: number;
  readonly lastResort: boolean;
  readonly now: number;
}

/** Reads the state of one candidate: cannot is looked at first, then not now, else it is free. */
export function readCandidate(view: CandidateView, visit: Visit): Reading {
  const { now } = visit;
  const base = {
    target: visit.target.id,
    inFlight: view.inFlight,
    slots: view.slots,
    retryAfterMs: null,
    cause: null,
    sinceMs: null,
    nextTryMs: null,
  };
  const out = (why: ReadingReason, more: Partial<Reading> = {}): Reading => ({ ...base, state: 'cannot', why, ...more });
  if (isDrained(view, visit)) return out('drained');
  if (view.upstream.state === 'quarantined') return out('quarantined', { cause: view.upstream.cause, sinceMs: now - view.upstream.since });
  if (view.upstream.state === 'ejected') {
    const nextTryMs = view.upstream.nextProbeAt === null ? null : Math.max(0, view.upstream.nextProbeAt - now);
    return out('ejected', { cause: view.upstream.cause, sinceMs: now - view.upstream.since, nextTryMs });
  }
  if (view.remote && visit.tier !== 'cloud-explicit') return out('remote');
  if (view.served === false) return out('not_served');
  if (view.absentUntil !== null && view.absentUntil > now) return out('absent', { nextTryMs: view.absentUntil - now });
  if (view.liveContext !== null && view.liveContext < visit.tokensNeeded) return out('window', { cause: `${view.liveContext} tokens` });
  if (view.loadingSince !== null && now - view.loadingSince > visit.loadMs)
    return out('ejected', { cause: 'the model did not finish loading', sinceMs: now - view.loadingSince });
  if (!visit.lastResort && awaitsCanary(view, now)) {
    const nextTryMs = view.health.canaryAt === null ? null : Math.max(0, view.health.canaryAt - now);
    return out('ejected_bad', { cause: view.health.cause, sinceMs: now - view.health.since, nextTryMs });
  }
  return readPresent(view, visit, base);
}

/** Out for bad answers, and nobody may try it now: its time has not come, or another request is its canary. */
function awaitsCanary({ health, canaryOut }: CandidateView, now: number): boolean {
  return health.state === 'ejected' && (canaryOut || health.canaryAt === null || health.canaryAt > now);
}

function readPresent(view: CandidateView, visit: Visit, base: Omit<Reading, 'state' | 'why'>): Reading {
  const { now } = visit;
  const later = (why: ReadingReason, retryAfterMs: number | null): Reading => ({ ...base, state: 'not_now', why, retryAfterMs });
  if (view.health.state === 'ejected' && view.canaryOut) return later('canary_out', null);
  if (view.busyUntil !== null && view.busyUntil > now) return later('answered_busy', view.busyUntil - now);
  if (view.upstream.state === 'loading') return later('loading', null);
  if (view.loadingUntil !== null && view.loadingUntil > now) return later('loading', view.loadingUntil - now);
  if (view.slots !== null && view.inFlight + view.promised >= view.slots) return later('no_slot', null);
  const why =
    view.health.state === 'ejected'
      ? 'canary'
      : view.upstream.state === 'unprobed'
        ? 'unprobed'
        : view.health.state === 'suspect'
          ? 'degraded'
          : 'up';
  return { ...base, state: 'free', why };
}

/** A drain counts for whoever did not name exactly what is drained; a route's drain is of its target only. */
function isDrained(view: CandidateView, { plan, target }: Visit): boolean {
  if (view.drainedUpstream && plan.named.upstream !== target.upstream) return true;
  return plan.route !== null && !plan.named.route && view.drainedRoutes.has(plan.route) && standsAsTarget(plan, target.id);
}

function standsAsTarget(plan: Plan, id: TargetId): boolean {
  return (
    plan.target.some((candidate) => candidate.target === id) ||
    plan.tail.some((candidate) => candidate.target === id && candidate.place === 'target')
  );
}

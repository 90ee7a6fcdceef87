import type { TargetId } from '#core/policy/policy.ts';

/**
 * Health of one upstream: is anybody there? Only reachability moves it; what is said of answers moves targets. All times are
 * milliseconds of the monotonic clock.
 */
export interface UpstreamHealth {
  readonly state: 'unprobed' | 'up' | 'loading' | 'ejected' | 'quarantined';
  /** What took it out: `connection refused`, `name does not resolve`, `wrong peer`, `no answer within 1 s`. */
  readonly cause: string | null;
  readonly since: number;
  /** When the prober looks again; null while nothing is wrong. */
  readonly nextProbeAt: number | null;
  /** Probes that failed since it was ejected; spaces the next ones. */
  readonly failedProbes: number;
  /** Good probes in a row since it was ejected: two bring it back. */
  readonly goodProbes: number;
  /** Connect timeouts in a row: the second ejects. */
  readonly connectTimeouts: number;
}

/** What is learnt of an upstream, by a probe or by a call. */
export type HealthEvent =
  | { readonly type: 'reached' }
  | { readonly type: 'probe_good'; readonly loading: boolean }
  | { readonly type: 'probe_bad'; readonly cause: string }
  | { readonly type: 'unreachable'; readonly cause: string; readonly timeout: boolean };

const probeEveryMs = 30_000;
const probeEveryMaxMs = 300_000;
const goodProbeGapMs = 1_000;

export function unprobedUpstream(now: number): UpstreamHealth {
  return { state: 'unprobed', cause: null, since: now, nextProbeAt: null, failedProbes: 0, goodProbes: 0, connectTimeouts: 0 };
}

/** Health after one event. */
export function stepHealth(health: UpstreamHealth, event: HealthEvent, now: number): UpstreamHealth {
  if (health.state === 'quarantined') return health;
  switch (event.type) {
    case 'reached':
      // An answered call proves the machine is there, but only two good probes bring an ejected one back.
      return health.state === 'ejected' ? health : { ...health, state: health.state === 'loading' ? 'loading' : 'up', connectTimeouts: 0 };
    case 'probe_good':
      return probedGood(health, event.loading, now);
    case 'probe_bad':
      return health.state === 'ejected' ? stayOut(health, event.cause, now) : eject(health, event.cause, now);
    case 'unreachable': {
      const connectTimeouts = event.timeout ? health.connectTimeouts + 1 : 0;
      if (health.state === 'ejected') return { ...health, goodProbes: 0 };
      if (event.timeout && connectTimeouts < 2) return { ...health, connectTimeouts };
      return eject({ ...health, connectTimeouts }, event.cause, now);
    }
  }
}

function probedGood(health: UpstreamHealth, loading: boolean, now: number): UpstreamHealth {
  const state = loading ? 'loading' : 'up';
  if (health.state !== 'ejected') {
    return {
      ...health,
      state,
      cause: null,
      since: health.state === state ? health.since : now,
      nextProbeAt: loading ? now + goodProbeGapMs : null,
      connectTimeouts: 0,
    };
  }
  const goodProbes = health.goodProbes + 1;
  if (goodProbes < 2) return { ...health, goodProbes, nextProbeAt: now + goodProbeGapMs };
  return { ...unprobedUpstream(now), state, nextProbeAt: loading ? now + goodProbeGapMs : null };
}

function eject(health: UpstreamHealth, cause: string, now: number): UpstreamHealth {
  return { ...health, state: 'ejected', cause, since: now, nextProbeAt: now + spacedMs(0), failedProbes: 0, goodProbes: 0 };
}

function stayOut(health: UpstreamHealth, cause: string, now: number): UpstreamHealth {
  const failedProbes = health.failedProbes + 1;
  return { ...health, cause, failedProbes, goodProbes: 0, nextProbeAt: now + spacedMs(failedProbes) };
}

/** Tries of what is out are spaced by 30 s times their number, at most 5 minutes. */
function spacedMs(failed: number): number {
  return Math.min(probeEveryMs * (failed + 1), probeEveryMaxMs);
}

/** What is held against one target for its answers. */
export interface TargetHealth {
  readonly state: 'good' | 'suspect' | 'ejected';
  /** Bad answers since the last good one, at most a minute old. */
  readonly complaints: readonly Complaint[];
  readonly cause: string | null;
  readonly since: number;
  /** While it is ejected: when one request may try it again, whose good answer brings it back. */
  readonly canaryAt: number | null;
  /** Canaries that failed since it was ejected; spaces the next ones. */
  readonly failedCanaries: number;
}

/** One bad answer: to whom, and to which body, so that no caller can take a machine down alone or with one request. */
export interface Complaint {
  readonly principal: string;
  readonly bodyHash: string;
  readonly at: number;
  /** When the attempt began that it is about. */
  readonly startedAt: number;
}

const complaintsKeptMs = 60_000;
const principalsToEject = 2;
const bodiesToEject = 3;

export const goodTarget: TargetHealth = { state: 'good', complaints: [], cause: null, since: 0, canaryAt: null, failedCanaries: 0 };

/** A good answer clears a target; a canary's good answer brings an ejected one back. */
export function targetAnswered(health: TargetHealth): TargetHealth {
  return health.state === 'good' ? health : goodTarget;
}

/**
 * A bad answer makes a target suspect; it is ejected once two principals or three distinct bodies complain within a minute. Then only the
 * canaries count: what was asked before it was ejected says nothing new.
 */
export function targetComplained(health: TargetHealth, complaint: Complaint, cause: string): TargetHealth {
  const complaints = [...health.complaints.filter((earlier) => complaint.at - earlier.at < complaintsKeptMs), complaint];
  const principals = new Set(complaints.map((each) => each.principal)).size;
  const bodies = new Set(complaints.map((each) => each.bodyHash)).size;
  if (health.state === 'ejected') {
    if (complaint.startedAt < health.since) return health;
    const failedCanaries = health.failedCanaries + 1;
    return { ...health, complaints, cause, failedCanaries, canaryAt: complaint.at + spacedMs(failedCanaries) };
  }
  const out = principals >= principalsToEject || bodies >= bodiesToEject;
  return {
    ...goodTarget,
    state: out ? 'ejected' : 'suspect',
    complaints,
    cause,
    since: complaint.at,
    canaryAt: out ? complaint.at + spacedMs(0) : null,
  };
}

/** A drain, durable: of a route or of an upstream. */
export type Drain = { readonly type: 'route'; readonly name: string } | { readonly type: 'upstream'; readonly name: string };

/** Names a target by its upstream, the part before the first slash. */
export function upstreamOf(target: TargetId): string {
  return target.slice(0, target.indexOf('/'));
}

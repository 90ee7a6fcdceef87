import type { ErrorCode } from '#core/errors/catalog.ts';
import type { TargetId } from '#core/policy/policy.ts';
import { nextSteps } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { pickMember } from './pick-member.ts';
import { candidatesOf } from './plan.ts';
import type { Candidate, Plan } from './plan.ts';
import type { Reading } from './reading.ts';

/**
 * The walk: which candidate is asked next, as a pure state machine. It is told what was read of candidates and how attempts ended,
 * and answers what to do. The request path, `explain`, replay, the prover and the simulator all run this one.
 */
export type WalkAction =
  /** Read these candidates' states (all members of a group at once). `lastResort`: one that was ejected for bad answers may be tried. */
  | { readonly do: 'observe'; readonly targets: readonly TargetId[]; readonly lastResort: boolean }
  | { readonly do: 'dial'; readonly target: TargetId; readonly fresh: boolean }
  /** Wait for the first of these that is free or can no more, at most this long. */
  | { readonly do: 'wait'; readonly targets: readonly TargetId[]; readonly maxMs: number }
  | { readonly do: 'end' };

export type WalkEvent =
  | { readonly type: 'observed'; readonly readings: readonly Reading[] }
  | { readonly type: 'outcome'; readonly outcome: Outcome }
  /** `reading` is of the candidate that changed; null if the time was over. */
  | { readonly type: 'waited'; readonly ms: number; readonly reading: Reading | null };

type Phase = 'target' | 'spill' | 'wait' | 'failover' | 'tail' | 'last_resort' | 'ended';

/** Where a walk stands. Plain data; equal states have equal futures, which is what lets the prover explore them as a graph. */
export interface Walk {
  readonly phase: Phase;
  /** The next candidate of the phase's list. */
  readonly at: number;
  /** The target was busy (or was taken away by the tier, or does not fit): spill is open. */
  readonly spillOpen: boolean;
  /** Candidates of target and spill that are only not now, in the order they were met. */
  readonly notNow: readonly TargetId[];
  /** Targets that this request is through with. */
  readonly done: readonly TargetId[];
  /** Targets that answered busy: not dialled again unless they were waited for. */
  readonly answeredBusy: readonly TargetId[];
  /** Targets judged bad: they stay out if the request is walked again from the queue. */
  readonly bad: readonly TargetId[];
  readonly waitLeftMs: number;
  readonly retried: boolean;
  readonly crashes: number;
  /** Only windows larger than this may still be asked. */
  readonly windowAbove: number | null;
  /** The last visited candidate that is out only for bad answers. */
  readonly lastResort: TargetId | null;
  readonly seen: Seen;
  /** The outcome that settles the request, once there is one. */
  readonly settled: Outcome | null;
}

/** What exhaustion asks about the candidates visited. */
export interface Seen {
  readonly busy: boolean;
  readonly loading: boolean;
  /** The last attempt that ended in a bad reply or on a clock. */
  readonly failure: ErrorCode | null;
  /** Candidates whose window, or whose own word, was that the prompt is too long for them. */
  readonly tooLong: readonly TargetId[];
  readonly retryAfterMs: number | null;
}

export interface WalkStep {
  readonly walk: Walk;
  readonly action: WalkAction;
}

/**
 * Starts a walk. From the queue it is a new one, but what the walk before learnt stays: who was judged `bad`, and of the request
 * itself that its one quick retry is spent, that it crashed a machine, that it is too long.
 */
export function beginWalk(plan: Plan, before: Walk | null = null): WalkStep {
  const bad = before?.bad ?? [];
  const walk: Walk = {
    phase: 'target',
    at: 0,
    spillOpen: plan.targetMoved,
    notNow: [],
    done: bad,
    answeredBusy: [],
    bad,
    waitLeftMs: plan.waitMs,
    retried: before?.retried ?? false,
    crashes: before?.crashes ?? 0,
    windowAbove: before?.windowAbove ?? null,
    lastResort: null,
    seen: { busy: false, loading: false, failure: null, tooLong: [], retryAfterMs: null },
    settled: null,
  };
  return advance(plan, walk);
}

/** Takes one event and says what to do next. */
export function stepWalk(plan: Plan, walk: Walk, event: WalkEvent): WalkStep {
  if (event.type === 'observed') return observed(plan, walk, event.readings);
  if (event.type === 'waited') return waited(plan, walk, event);
  return ended(plan, walk, event.outcome);
}

/** Finds the next candidate worth reading from where the walk stands. */
function advance(plan: Plan, walk: Walk): WalkStep {
  switch (walk.phase) {
    case 'target': {
      const members = open(plan.target, walk);
      if (members.length > 0)
        return { walk, action: { do: 'observe', targets: members.map((member) => member.target), lastResort: false } };
      const unfit = plan.target.length > 0 && plan.target.every((member) => member.lacks.length > 0);
      const spillOpen = walk.spillOpen || unfit || plan.target.some((member) => walk.notNow.includes(member.target));
      return advance(plan, { ...walk, phase: spillOpen ? 'spill' : 'failover', at: 0, spillOpen });
    }
    case 'spill':
      return advanceList(plan, walk, { list: plan.spill, then: 'wait' });
    case 'wait':
      if (walk.notNow.length === 0 || walk.waitLeftMs <= 0) return advance(plan, { ...walk, phase: 'failover', at: 0 });
      return { walk, action: { do: 'wait', targets: walk.notNow, maxMs: walk.waitLeftMs } };
    case 'failover':
      return advanceList(plan, walk, { list: plan.failover, then: 'tail' });
    case 'tail': {
      const list = walk.spillOpen ? plan.tail : plan.tail.filter((candidate) => candidate.place !== 'spill');
      return advanceList(plan, walk, { list, then: 'last_resort' });
    }
    case 'last_resort': {
      const last = open(candidatesOf(plan), walk).find((candidate) => candidate.target === walk.lastResort);
      if (!last) return advance(plan, { ...walk, phase: 'ended' });
      return { walk, action: { do: 'observe', targets: [last.target], lastResort: true } };
    }
    case 'ended':
      return { walk, action: { do: 'end' } };
  }
}

function advanceList(plan: Plan, walk: Walk, step: { readonly list: readonly Candidate[]; readonly then: Phase }): WalkStep {
  for (let at = walk.at; at < step.list.length; at++) {
    const [candidate] = open(step.list.slice(at, at + 1), walk);
    if (candidate) return { walk: { ...walk, at }, action: { do: 'observe', targets: [candidate.target], lastResort: false } };
  }
  return advance(plan, { ...walk, phase: step.then, at: 0 });
}

/** The candidates that this request may still ask. */
function open(candidates: readonly Candidate[], walk: Walk): readonly Candidate[] {
  return candidates.filter(
    (candidate) =>
      candidate.lacks.length === 0 &&
      !walk.done.includes(candidate.target) &&
      !walk.answeredBusy.includes(candidate.target) &&
      (walk.windowAbove === null || candidate.context === null || candidate.context > walk.windowAbove),
  );
}

function observed(plan: Plan, walk: Walk, readings: readonly Reading[]): WalkStep {
  const noted = readings.reduce(note, walk);
  const members = plan.target.map((member) => member.target);
  const picked =
    noted.phase === 'target' ? pickMember(readings, plan.session, members) : (readings.find((reading) => reading.state === 'free') ?? null);
  if (picked) return { walk: noted, action: { do: 'dial', target: picked.target, fresh: false } };
  return advance(plan, passOver(noted, readings));
}

/** Puts what cannot or is not now behind the walk. */
function passOver(walk: Walk, readings: readonly Reading[]): Walk {
  if (walk.phase === 'last_resort') return { ...walk, phase: 'ended' };
  const waitable = walk.phase === 'target' || walk.phase === 'spill';
  const notNow = waitable ? readings.filter((reading) => reading.state === 'not_now').map((reading) => reading.target) : [];
  const added = { ...walk, notNow: union(walk.notNow, notNow) };
  if (walk.phase !== 'target') return { ...added, at: walk.at + 1 };
  // The group as a whole is behind us: not now if one of its members is only that.
  const spillOpen = walk.spillOpen || added.notNow.length > 0;
  return { ...added, phase: spillOpen ? 'spill' : 'failover', at: 0, spillOpen };
}

/** Remembers of a reading what exhaustion will ask. */
function note(walk: Walk, reading: Reading): Walk {
  const seen: Seen = {
    ...walk.seen,
    busy: walk.seen.busy || (reading.state === 'not_now' && reading.why !== 'loading'),
    loading: walk.seen.loading || (reading.state === 'not_now' && reading.why === 'loading'),
    tooLong: reading.why === 'window' ? union(walk.seen.tooLong, [reading.target]) : walk.seen.tooLong,
    retryAfterMs: smaller(walk.seen.retryAfterMs, reading.state === 'not_now' ? reading.retryAfterMs : null),
  };
  return { ...walk, seen, lastResort: reading.why === 'ejected_bad' ? reading.target : walk.lastResort };
}

function waited(plan: Plan, walk: Walk, event: { readonly ms: number; readonly reading: Reading | null }): WalkStep {
  // A wait costs at least a millisecond, so that a machine that keeps saying busy cannot keep a walk alive for ever.
  const waitLeftMs = Math.max(0, walk.waitLeftMs - Math.max(1, event.ms));
  if (event.reading === null) return advance(plan, { ...walk, waitLeftMs: 0 });
  const left = { ...note(walk, event.reading), waitLeftMs };
  if (event.reading.state === 'free') return { walk: left, action: { do: 'dial', target: event.reading.target, fresh: false } };
  if (event.reading.state === 'not_now') return advance(plan, left);
  return advance(plan, { ...left, notNow: without(left.notNow, event.reading.target) });
}

function ended(plan: Plan, walk: Walk, outcome: Outcome): WalkStep {
  const step = nextSteps[outcome.result];
  if (step.then === 'stop') return advance(plan, { ...walk, phase: 'ended', settled: outcome });
  if (step.then === 'not_now') return notNow(plan, walk, outcome);
  if (step.then === 'retry' && !walk.retried && outcome.retryAllowed) {
    return { walk: { ...walk, retried: true }, action: { do: 'dial', target: outcome.target, fresh: true } };
  }
  const crashes = walk.crashes + (outcome.result === 'crashed' ? 1 : 0);
  const failed: Walk = {
    ...walk,
    crashes,
    done: union(walk.done, [outcome.target]),
    notNow: without(walk.notNow, outcome.target),
    bad: step.bad ? union(walk.bad, [outcome.target]) : walk.bad,
    lastResort: walk.lastResort === outcome.target ? null : walk.lastResort,
    windowAbove: outcome.result === 'too_long' ? windowOf(plan, outcome.target) : walk.windowAbove,
    seen: {
      ...walk.seen,
      tooLong: outcome.result === 'too_long' ? union(walk.seen.tooLong, [outcome.target]) : walk.seen.tooLong,
      failure: step.bad && outcome.result !== 'too_long' ? outcome.code : walk.seen.failure,
    },
  };
  // A second crash under one body is the body's doing: nobody else is risked.
  if (crashes >= 2) return advance(plan, { ...failed, phase: 'ended' });
  return advance(plan, afterFailure(plan, failed));
}

/** A failed member of the group, a failed spill, a failed failover: the next in its list. A failed wait goes on with failover. */
function afterFailure(plan: Plan, walk: Walk): Walk {
  if (walk.phase === 'target') return open(plan.target, walk).length > 0 ? walk : leaveTarget(plan, walk);
  if (walk.phase === 'wait') return { ...walk, phase: 'failover', at: 0 };
  if (walk.phase === 'last_resort') return { ...walk, phase: 'ended' };
  return { ...walk, at: walk.at + 1 };
}

/** Once a group has failed members and no others to ask, it is not now if one of them is only that. */
function leaveTarget(plan: Plan, walk: Walk): Walk {
  const spillOpen = walk.spillOpen || plan.target.some((member) => walk.notNow.includes(member.target));
  return { ...walk, phase: spillOpen ? 'spill' : 'failover', at: 0, spillOpen };
}

function notNow(plan: Plan, walk: Walk, outcome: Outcome): WalkStep {
  const waitable = walk.phase === 'target' || walk.phase === 'spill' || walk.phase === 'wait';
  const busy: Walk = {
    ...walk,
    answeredBusy: union(walk.answeredBusy, [outcome.target]),
    notNow: waitable ? union(walk.notNow, [outcome.target]) : walk.notNow,
    seen: {
      ...walk.seen,
      busy: walk.seen.busy || outcome.result === 'busy',
      loading: walk.seen.loading || outcome.result === 'loading',
      retryAfterMs: smaller(walk.seen.retryAfterMs, outcome.retryAfterMs),
    },
  };
  if (walk.phase === 'wait') return advance(plan, busy);
  return advance(plan, afterFailure(plan, busy));
}

function windowOf(plan: Plan, target: TargetId): number | null {
  return candidatesOf(plan).find((candidate) => candidate.target === target)?.context ?? Number.MAX_SAFE_INTEGER;
}

function smaller(left: number | null, right: number | null): number | null {
  return left === null ? right : right === null ? left : Math.min(left, right);
}

function union(list: readonly TargetId[], more: readonly TargetId[]): readonly TargetId[] {
  const added = more.filter((target) => !list.includes(target));
  return added.length === 0 ? list : [...list, ...added];
}

function without(list: readonly TargetId[], target: TargetId): readonly TargetId[] {
  return list.includes(target) ? list.filter((other) => other !== target) : list;
}

import type { TargetId } from '#core/policy/policy.ts';
import type { AttemptResult, Outcome } from '#core/routing/outcome.ts';
import { pickMember } from '#core/routing/pick-member.ts';
import type { Reading, ReadingReason } from '#core/routing/reading.ts';
import type { WalkAction, WalkEvent } from '#core/routing/walk.ts';

/** What can happen at one step of a walk, one of each kind that a walk tells apart (`test/prover/walk-events.test.ts` holds it to that). */
export interface Happening {
  readonly type: 'event';
  readonly event: WalkEvent;
  /** The member that the session must favour for this to happen; null where any session does. */
  readonly favourite: TargetId | null;
}

const states: Readonly<Record<ReadingReason, Reading['state']>> = {
  up: 'free',
  degraded: 'free',
  unprobed: 'free',
  canary: 'free',
  no_slot: 'not_now',
  answered_busy: 'not_now',
  canary_out: 'not_now',
  loading: 'not_now',
  ejected: 'cannot',
  quarantined: 'cannot',
  drained: 'cannot',
  not_served: 'cannot',
  absent: 'cannot',
  remote: 'cannot',
  window: 'cannot',
  ejected_bad: 'cannot',
};

/** Of each kind of reading that a walk tells apart, one; and which others are like it. */
export const readingKinds: Readonly<Record<string, readonly ReadingReason[]>> = {
  no_slot: ['no_slot', 'answered_busy', 'canary_out', 'loading'],
  ejected: ['ejected', 'quarantined', 'drained', 'not_served', 'absent', 'remote', 'window'],
  ejected_bad: ['ejected_bad'],
  up: ['up', 'degraded', 'unprobed', 'canary'],
};

/** The same of outcomes; a failure that a quick retry may mend comes once with and once without room for it. */
export const outcomeKinds: Readonly<Record<string, readonly AttemptResult[]>> = {
  answered: ['answered', 'cancelled', 'broken', 'rejected'],
  unreachable: ['unreachable', 'absent'],
  failed: ['failed'],
  busy: ['busy', 'loading'],
  flaky: ['flaky'],
  too_long: ['too_long'],
  crashed: ['crashed'],
};

const reasons: readonly ReadingReason[] = ['no_slot', 'ejected', 'ejected_bad', 'up'];
/** An operator thinks first of a target that is busy, and of whoever stands behind it as down. */
const reasonsBehind: readonly ReadingReason[] = ['ejected', 'no_slot', 'ejected_bad', 'up'];
const results: readonly AttemptResult[] = ['answered', 'unreachable', 'failed', 'busy', 'flaky', 'too_long', 'crashed'];

export function readingOf(target: TargetId, why: ReadingReason, inFlight = 0): Reading {
  const state = states[why];
  const retryAfterMs = state === 'not_now' ? 1_000 : null;
  return { target, state, why, inFlight, slots: 4, retryAfterMs, cause: null, sinceMs: null, nextTryMs: null };
}

export function outcomeOf(target: TargetId, result: AttemptResult, retryAllowed = false): Outcome {
  const bad = result === 'failed' || result === 'flaky' || result === 'crashed' || result === 'too_long';
  const code = bad ? 'upstream_bad_gateway' : null;
  return { target, result, code, message: `${target} ${result}`, retryAfterMs: null, retryAllowed };
}

/** Everything that can happen on an action; nothing on the end. `isTarget` says who belongs to the route's target. */
export function happeningsOn(action: WalkAction, isTarget: (id: TargetId) => boolean): readonly Happening[] {
  switch (action.do) {
    case 'end':
      return [];
    case 'dial':
      return results.map((result) => plainly({ type: 'outcome', outcome: outcomeOf(action.target, result, result === 'flaky') }));
    case 'wait':
      return [
        plainly({ type: 'waited', ms: action.maxMs, reading: null }),
        ...action.targets.flatMap((target) => reasons.map((why) => plainly({ type: 'waited', ms: 1, reading: readingOf(target, why) }))),
      ];
    case 'observe':
      return combinations(action.targets, isTarget).flatMap(observations);
  }
}

function plainly(event: WalkEvent): Happening {
  return { type: 'event', event, favourite: null };
}

/** One of the things that can happen on an action, by chance; null on the end. For groups too large for every combination. */
export function happeningBy(dice: () => number, action: WalkAction): Happening | null {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(dice() * list.length)];
  if (action.do !== 'observe') return pick(happeningsOn(action, () => true)) ?? null;
  return pick(observations(action.targets.map((target) => ({ target, why: pick(reasons) ?? 'up' })))) ?? null;
}

type Reasons = readonly { readonly target: TargetId; readonly why: ReadingReason }[];

/** Every combination of the readings of a group. */
function combinations(targets: readonly TargetId[], isTarget: (id: TargetId) => boolean): readonly Reasons[] {
  let all: readonly Reasons[] = [[]];
  for (const target of targets)
    all = all.flatMap((before) => (isTarget(target) ? reasons : reasonsBehind).map((why) => [...before, { target, why }]));
  return all;
}

/** Where several members are free, each of them can be the one that is picked: the session's favourite, or the least loaded. */
function observations(readings: Reasons): readonly Happening[] {
  const freed = readings.filter(({ why }) => states[why] === 'free');
  if (freed.length <= 1) return [plainly({ type: 'observed', readings: readings.map(({ target, why }) => readingOf(target, why)) })];
  return freed.map(({ target: picked }) => ({
    type: 'event',
    event: { type: 'observed', readings: readings.map(({ target, why }) => readingOf(target, why, target === picked ? 0 : 1)) },
    favourite: picked,
  }));
}

/** A session that favours each member of a group, by trying. */
export function sessionsFor(members: readonly TargetId[]): ReadonlyMap<TargetId, string> {
  const sessions = new Map<TargetId, string>();
  const all = members.map((target) => readingOf(target, 'up'));
  for (let at = 0; sessions.size < members.length && at < 10_000; at++) {
    const picked = pickMember(all, `${at}`, members);
    if (picked && !sessions.has(picked.target)) sessions.set(picked.target, `${at}`);
  }
  return sessions;
}

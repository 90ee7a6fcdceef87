import type { GeneratorValue } from 'fast-check';
import type { TargetId } from '#core/policy/policy.ts';
import { nextSteps } from '#core/routing/outcome.ts';
import type { AttemptResult, Outcome } from '#core/routing/outcome.ts';
import type { Reading, ReadingReason } from '#core/routing/reading.ts';
import type { WalkAction, WalkEvent } from '#core/routing/walk.ts';
import { pick, sometimes, upTo } from './dice.ts';

/** A fleet that may be in any state at any visit, and attempts that may end in any way. */

const states: Readonly<Record<ReadingReason, Reading['state']>> = {
  up: 'free',
  degraded: 'free',
  unprobed: 'free',
  canary: 'free',
  no_slot: 'not_now',
  answered_busy: 'not_now',
  loading: 'not_now',
  canary_out: 'not_now',
  ejected: 'cannot',
  ejected_bad: 'cannot',
  quarantined: 'cannot',
  drained: 'cannot',
  not_served: 'cannot',
  absent: 'cannot',
  remote: 'cannot',
  window: 'cannot',
};
/** Every reason and result, the ordinary ones more often. */
const likelyReasons: readonly ReadingReason[] = [
  'up',
  'up',
  'no_slot',
  'no_slot',
  'ejected',
  ...Object.keys(states).filter((why) => isReason(why)),
];
const likelyResults: readonly AttemptResult[] = [
  'busy',
  'flaky',
  'failed',
  'failed',
  ...Object.keys(nextSteps).filter((result) => isResult(result)),
];

function isReason(why: string): why is ReadingReason {
  return why in states;
}

function isResult(result: string): result is AttemptResult {
  return result in nextSteps;
}

function randomReading(g: GeneratorValue, target: TargetId): Reading {
  const why = pick(g, likelyReasons);
  const retryAfterMs = states[why] === 'not_now' && sometimes(g, 50) ? upTo(g, 60) * 1_000 : null;
  const sinceMs = states[why] === 'cannot' && sometimes(g, 50) ? upTo(g, 90) * 10_000 : null;
  const cause = sinceMs === null ? null : 'connection refused';
  return { target, state: states[why], why, inFlight: upTo(g, 4), slots: 4, retryAfterMs, cause, sinceMs, nextTryMs: sinceMs };
}

function randomOutcome(g: GeneratorValue, target: TargetId): Outcome {
  const result = pick(g, likelyResults);
  const bad = nextSteps[result].bad;
  return {
    target,
    result,
    code: bad ? 'upstream_bad_gateway' : null,
    message: `${target} ${result}`,
    retryAfterMs: result === 'busy' || result === 'loading' ? upTo(g, 60) * 1_000 : null,
    retryAllowed: sometimes(g, 50),
  };
}

/** What happens on an action of a walk. */
export function randomEvent(g: GeneratorValue, action: Exclude<WalkAction, { do: 'end' }>): WalkEvent {
  if (action.do === 'observe') return { type: 'observed', readings: action.targets.map((target) => randomReading(g, target)) };
  if (action.do === 'dial') return { type: 'outcome', outcome: randomOutcome(g, action.target) };
  const target = action.targets[upTo(g, action.targets.length)];
  return target === undefined
    ? { type: 'waited', ms: action.maxMs, reading: null }
    : { type: 'waited', ms: upTo(g, action.maxMs), reading: randomReading(g, target) };
}

import type { TargetId, Tier } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { bucketsTakingPart, decide, isClassified } from '#core/routing/decide.ts';
import { reasonLine } from '#core/routing/explain.ts';
import { nextSteps } from '#core/routing/outcome.ts';
import type { Outcome } from '#core/routing/outcome.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { Reading } from '#core/routing/reading.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkAction, WalkEvent } from '#core/routing/walk.ts';
import { factsFromText } from './facts-from-text.ts';
import type { RecordedCall } from './recorded-call.ts';

/** Where a call ends up under another policy. */
export interface Redecided {
  /** The route finally used, or null for a pinned target. */
  readonly route: string | null;
  /** Who had the last word: answered, refused the request itself, or was at it when the caller left; null if nobody was. */
  readonly target: TargetId | null;
  /** What settled the route (`words:coding`), or the code of the refusal. */
  readonly why: string;
}

/** Why a call cannot be decided under another policy. */
export type NotRedecided = 'was not decided' | 'its profile is gone' | 'its words were not captured';

/**
 * Decides a recorded call under another policy and walks its plan through the fleet as it was recorded: who was busy or down then is so
 * again, an attempt at a target ends as it did then; whoever was not looked at is free and answers.
 */
export function redecide(call: RecordedCall, under: { readonly from: PolicyTables; readonly to: PolicyTables }): Redecided | NotRedecided {
  const { facts } = call.intent;
  if (facts === null || call.intent.decision === null) return 'was not decided';
  const tier = tierUnder(facts, under);
  if (tier === null) return 'its profile is gone';
  const read = factsUnder(call, { ...facts, tier }, under);
  if (read === null) return 'its words were not captured';
  const decision = decide(read, under.to);
  if (decision.plan === null) return { route: decision.route, target: null, why: decision.refusal?.code ?? 'internal' };
  const end = walkAsRecorded(decision.plan, call.terminal?.walks.flat() ?? []);
  return { route: decision.route, target: end, why: end === null ? 'nobody left' : reasonLine(decision) };
}

/** Where a call ended up when it was made. */
export function decidedThen({ intent, terminal }: RecordedCall): Redecided {
  const last = terminal?.walks
    .flat()
    .flatMap((event) => (event.type === 'outcome' && nextSteps[event.outcome.result].then === 'stop' ? [event.outcome.target] : []))
    .at(-1);
  const why = intent.decision === null || intent.decision.reason === null ? 'refused' : reasonLine(intent.decision);
  return { route: intent.decision?.route ?? null, target: last ?? null, why };
}

/** The tier of the caller's profile there; a caller who had narrowed its own keeps that at most. Null if the profile is gone. */
function tierUnder(facts: Facts, { from, to }: { readonly from: PolicyTables; readonly to: PolicyTables }): Tier | null {
  const there = to.profiles.get(facts.profile)?.tier ?? null;
  if (there === null || facts.tier === from.profiles.get(facts.profile)?.tier) return there;
  return tierRank(facts.tier) < tierRank(there) ? facts.tier : there;
}

/** The facts under the other policy: read anew where there is text; else the recorded words serve if both policies look for the same. */
function factsUnder(
  call: RecordedCall,
  facts: Facts,
  { from, to }: { readonly from: PolicyTables; readonly to: PolicyTables },
): Facts | null {
  if (call.requestText !== null) return factsFromText(call.requestText, { surface: call.intent.surface, facts }, to);
  if (!isClassified(facts, to)) return { ...facts, scores: [] };
  return isClassified(facts, from) && wordsOf(facts, from) === wordsOf(facts, to) ? facts : null;
}

/** What is looked for in the text of such a caller. */
function wordsOf(facts: Facts, tables: PolicyTables): string {
  return JSON.stringify([bucketsTakingPart(facts, tables).map((bucket) => [bucket.name, bucket.words]), tables.policy.injected]);
}

function walkAsRecorded(plan: Plan, recorded: readonly WalkEvent[]): TargetId | null {
  const past = new Past(recorded);
  let step = beginWalk(plan);
  while (step.action.do !== 'end') step = stepWalk(plan, step.walk, past.answer(step.action));
  return step.walk.settled?.target ?? null;
}

/** What was seen of each target, handed out in its order; the last reading stands for all later visits. */
class Past {
  readonly #readings = new Map<TargetId, Reading[]>();
  readonly #outcomes = new Map<TargetId, Outcome[]>();

  constructor(events: readonly WalkEvent[]) {
    for (const event of events) {
      if (event.type === 'outcome') listOf(this.#outcomes, event.outcome.target).push(event.outcome);
      else if (event.type === 'observed') for (const reading of event.readings) listOf(this.#readings, reading.target).push(reading);
      else if (event.reading !== null) listOf(this.#readings, event.reading.target).push(event.reading);
    }
  }

  answer(action: Exclude<WalkAction, { do: 'end' }>): WalkEvent {
    switch (action.do) {
      case 'observe':
        return { type: 'observed', readings: action.targets.map((target) => this.#reading(target)) };
      case 'dial':
        return { type: 'outcome', outcome: this.#outcomes.get(action.target)?.shift() ?? answered(action.target) };
      case 'wait': {
        const freed = action.targets.map((target) => this.#reading(target)).find((reading) => reading.state === 'free');
        return { type: 'waited', ms: freed ? 1 : action.maxMs, reading: freed ?? null };
      }
    }
  }

  #reading(target: TargetId): Reading {
    const seen = this.#readings.get(target) ?? [];
    return (seen.length > 1 ? seen.shift() : seen[0]) ?? free(target);
  }
}

function listOf<Value>(lists: Map<TargetId, Value[]>, target: TargetId): Value[] {
  const list = lists.get(target) ?? [];
  lists.set(target, list);
  return list;
}

function free(target: TargetId): Reading {
  return {
    target,
    state: 'free',
    why: 'up',
    inFlight: 0,
    slots: null,
    retryAfterMs: null,
    cause: null,
    sinceMs: null,
    nextTryMs: null,
  };
}

function answered(target: TargetId): Outcome {
  return { target, result: 'answered', code: null, message: 'answered', retryAfterMs: null, retryAllowed: false };
}

import type { GatewayError } from '#core/errors/gateway-error.ts';
import { errorRow } from '#core/errors/gateway-error.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { BucketScore, Facts } from '#core/request/facts.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import { decide } from './decide.ts';
import type { Decision, Reason } from './decide.ts';
import { exhaustedError } from './exhaust.ts';
import { candidatesOf, lackWord } from './plan.ts';
import type { Candidate, Place, Plan } from './plan.ts';
import { readingClause } from './exhaust.ts';
import type { Reading } from './reading.ts';
import { beginWalk, stepWalk } from './walk.ts';
import type { WalkEvent } from './walk.ts';

/** Why a request would go where it goes. The `--json` form of `gatehouse explain`: stable, documented in docs/explain.md. */
export interface Explanation {
  readonly facts: Facts;
  readonly bucket: string | null;
  readonly scores: readonly BucketScore[];
  readonly reason: Reason | null;
  readonly route: string | null;
  readonly promotedTo: string | null;
  readonly plan: readonly ExplainedCandidate[];
  readonly chosen: TargetId | null;
  readonly refusal: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly retryAfterMs: number | null;
  } | null;
  readonly notes: readonly string[];
}

export interface ExplainedCandidate {
  readonly target: TargetId;
  readonly place: Place;
  /** `chosen`; the three states; `unfit`; `removed` (not in this caller's walk); `not_asked` (the walk never came to it). */
  readonly state: 'chosen' | 'free' | 'not_now' | 'cannot' | 'unfit' | 'removed' | 'not_asked';
  readonly why: string;
}

/** Reads one candidate's state during an explanation. */
export type ReadState = (target: TargetId, plan: Plan, lastResort: boolean) => Reading;

/**
 * Decides a request and rehearses its walk without dialling: whoever would be dialled first counts as answering. It runs the same
 * functions as the request path.
 */
export function explain(facts: Facts, tables: PolicyTables, read: ReadState): Explanation {
  const decision = decide(facts, tables);
  const rehearsed = decision.plan
    ? rehearse(decision.plan, facts, read)
    : { chosen: null, refusal: decision.refusal, readings: new Map<TargetId, Reading>() };
  const { refusal } = rehearsed;
  return {
    facts,
    bucket: decision.bucket,
    scores: facts.scores,
    reason: decision.reason,
    route: decision.route,
    promotedTo: decision.promotedTo,
    plan: decision.plan ? explainPlan(decision.plan, rehearsed.chosen, rehearsed.readings) : [],
    chosen: rehearsed.chosen,
    refusal:
      refusal === null
        ? null
        : { status: errorRow(refusal).status, code: refusal.code, message: refusal.message, retryAfterMs: refusal.retryAfterMs },
    notes: decision.plan && refusal ? [...decision.notes, ...insteadOf(decision.plan)] : decision.notes,
  };
}

/** What the profile does with a walk that ends without an answer, where that is not the error at once. */
function insteadOf({ exhausted }: Plan): readonly string[] {
  if (exhausted.type === 'queue')
    return [`the profile queues such a request for up to ${formatDuration(exhausted.maxMs)}; the error comes after that`];
  return exhausted.type === 'reply' ? [`the profile answers this instead: ${JSON.stringify(exhausted.json)}`] : [];
}

interface Rehearsal {
  readonly chosen: TargetId | null;
  readonly refusal: GatewayError | null;
  readonly readings: ReadonlyMap<TargetId, Reading>;
}

function rehearse(plan: Plan, facts: Facts, read: ReadState): Rehearsal {
  const readings = new Map<TargetId, Reading>();
  const events: WalkEvent[] = [];
  let step = beginWalk(plan);
  for (;;) {
    const { action } = step;
    if (action.do === 'dial') return { chosen: action.target, refusal: null, readings };
    if (action.do === 'end') return { chosen: null, refusal: exhaustedError(plan, step.walk, { facts, events }), readings };
    const event = rehearsedEvent(action, plan, read);
    if (event.type === 'observed') for (const reading of event.readings) readings.set(reading.target, reading);
    events.push(event);
    step = stepWalk(plan, step.walk, event);
  }
}

/** Nothing changes while one looks: a wait passes in vain. */
function rehearsedEvent(
  action: Extract<ReturnType<typeof beginWalk>['action'], { do: 'observe' | 'wait' }>,
  plan: Plan,
  read: ReadState,
): WalkEvent {
  if (action.do === 'wait') return { type: 'waited', ms: action.maxMs, reading: null };
  return { type: 'observed', readings: action.targets.map((target) => read(target, plan, action.lastResort)) };
}

function explainPlan(plan: Plan, chosen: TargetId | null, readings: ReadonlyMap<TargetId, Reading>): readonly ExplainedCandidate[] {
  const explained = (candidate: Candidate): ExplainedCandidate => {
    const { target, place } = candidate;
    if (candidate.lacks.length > 0) return { target, place, state: 'unfit', why: candidate.lacks.map(lackWord).join(', ') };
    const reading = readings.get(target);
    if (!reading) return { target, place, state: 'not_asked', why: 'the walk ended before it' };
    return { target, place, state: target === chosen ? 'chosen' : reading.state, why: readingClause(reading) };
  };
  const removed = plan.removed.map(({ target, place, why }): ExplainedCandidate => ({
    target,
    place,
    state: 'removed',
    why: why === 'tier' ? 'the tier keeps the request in the house' : 'the profile never falls back',
  }));
  return [...candidatesOf(plan).map(explained), ...removed];
}

/** What a decision says about itself in one line, for logs and the `x-gatehouse-reason` header: `words:coding`, `model`, `image:vision`. */
export function reasonLine(decision: Pick<Decision, 'reason' | 'bucket' | 'promotedTo'>): string {
  const base = decision.bucket === null ? (decision.reason ?? 'refused') : `${decision.reason ?? ''}:${decision.bucket}`;
  return decision.promotedTo === null ? base : `${base},promoted`;
}

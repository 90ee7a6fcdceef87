import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import type { Decision } from '#core/routing/decide.ts';
import { exhaustedError, mayQueue } from '#core/routing/exhaust.ts';
import type { Plan } from '#core/routing/plan.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { Walk, WalkAction, WalkEvent } from '#core/routing/walk.ts';

/** Everything that is decided about one request, and what moved it. */
export interface Account {
  readonly policyHash: string;
  readonly facts: Facts;
  readonly decision: Decision;
  readonly walks: readonly WalkAccount[];
}

export interface WalkAccount {
  readonly actions: readonly WalkAction[];
  readonly events: readonly WalkEvent[];
  readonly end: Walk;
  readonly refusal: GatewayError | null;
}

/** Whoever says what happened on an action: a random fleet, or the log. */
export type Happening = (action: Exclude<WalkAction, { do: 'end' }>, walk: number) => WalkEvent;

/** More steps than any walk of the random houses can take. */
const stepsMax = 500;

/** Decides a request and walks its plan to the end; where the profile queues, once more from the queue. */
export function accountOf(facts: Facts, tables: PolicyTables, happening: Happening): Account {
  const decision = decide(facts, tables);
  const { plan } = decision;
  const walks: WalkAccount[] = [];
  if (plan) {
    walks.push(walkOf(plan, facts, { before: null, happening: (action) => happening(action, 0) }));
    const first = walks[0]?.end;
    if (plan.exhausted.type === 'queue' && first && mayQueue(plan, first)) {
      walks.push(walkOf(plan, facts, { before: first, happening: (action) => happening(action, 1) }));
    }
  }
  return { policyHash: tables.hash, facts, decision, walks };
}

function walkOf(
  plan: Plan,
  facts: Facts,
  { before, happening }: { readonly before: Walk | null; readonly happening: (action: Exclude<WalkAction, { do: 'end' }>) => WalkEvent },
): WalkAccount {
  const actions: WalkAction[] = [];
  const events: WalkEvent[] = [];
  let step = beginWalk(plan, before);
  while (step.action.do !== 'end') {
    if (actions.length === stepsMax) throw new Error(`a walk of ${plan.label} does not end`);
    actions.push(step.action);
    const event = happening(step.action);
    events.push(event);
    step = stepWalk(plan, step.walk, event);
  }
  return {
    actions,
    events,
    end: step.walk,
    refusal: step.walk.settled === null ? exhaustedError(plan, step.walk, { facts, events }) : null,
  };
}

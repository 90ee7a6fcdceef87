import type { ErrorCode } from '#core/errors/catalog.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Terminal } from '#core/record/record.ts';
import { decide } from '#core/routing/decide.ts';
import type { Plan } from '#core/routing/plan.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkAction, WalkEvent, WalkStep } from '#core/routing/walk.ts';
import { factsFromText } from './facts-from-text.ts';
import { firstDifference } from './first-difference.ts';
import type { Difference } from './first-difference.ts';
import type { RecordedCall } from './recorded-call.ts';

/**
 * What deciding a call again found. `from`: where it could begin; `text` if the request was captured, else `scores`: the words found are
 * taken as recorded.
 */
export type Replay =
  | { readonly outcome: 'equal'; readonly from: 'text' | 'scores' }
  | ({ readonly outcome: 'differs'; readonly from: 'text' | 'scores' } & Difference)
  /** It was refused before there was anything to decide. */
  | { readonly outcome: 'undecided' };

/**
 * Decides a recorded call again. Nothing recorded about the decision is looked at before it is made anew from the facts; its plan is
 * then walked along what was observed. Every value must be the recorded one, bit for bit.
 */
export function replayCall({ intent, terminal, requestText }: RecordedCall, tables: PolicyTables): Replay {
  if (intent.facts === null || intent.decision === null) return { outcome: 'undecided' };
  const from = requestText === null ? 'scores' : 'text';
  const facts = requestText === null ? intent.facts : factsFromText(requestText, { surface: intent.surface, facts: intent.facts }, tables);
  const decision = decide(facts ?? intent.facts, tables);
  const difference =
    firstDifference(intent.facts, facts, 'facts') ??
    firstDifference(intent.decision, asRecorded(decision), 'decision') ??
    (decision.plan === null || terminal === null ? null : replayWalks(decision.plan, terminal));
  return difference === null ? { outcome: 'equal', from } : { outcome: 'differs', from, ...difference };
}

/** What ends a walk from outside: its caller was cut, or the gatehouse failed. */
const stoppedBy: readonly ErrorCode[] = ['caller_too_slow', 'key_unknown', 'internal'];

/** Walks a plan along what was recorded: each event must answer just what the walk asks for, and the end must be the recorded one. */
function replayWalks(plan: Plan, terminal: Terminal): Difference | null {
  let before: WalkStep | null = null;
  for (const [walk, events] of terminal.walks.entries()) {
    let step: WalkStep = beginWalk(plan, before?.walk ?? null);
    for (const [index, event] of events.entries()) {
      if (!answers(step.action, event)) return { field: `walks[${walk}][${index}]`, recorded: event, replayed: step.action };
      step = stepWalk(plan, step.walk, event);
    }
    before = step;
  }
  // Whoever leaves or is cut ends its walk wherever it stands.
  if (before === null || terminal.result === 'cancelled' || (terminal.code !== null && stoppedBy.includes(terminal.code))) return null;
  if (before.action.do !== 'end') return { field: 'walks', recorded: 'over', replayed: before.action };
  const settled = before.walk.settled;
  const answeredBy = settled?.result === 'answered' ? settled.target : null;
  return terminal.result === 'ok' && terminal.verdict !== 'synthetic' ? firstDifference(terminal.servedBy, answeredBy, 'servedBy') : null;
}

/** Whether an event is an answer to what the walk asked for. */
function answers(action: WalkAction, event: WalkEvent): boolean {
  switch (event.type) {
    case 'observed': {
      const read = event.readings.map((reading) => reading.target);
      return action.do === 'observe' && firstDifference(action.targets, read, '') === null;
    }
    case 'outcome':
      return action.do === 'dial' && event.outcome.target === action.target;
    case 'waited':
      return action.do === 'wait' && (event.reading === null || action.targets.includes(event.reading.target));
  }
}

/** A value as the record spells it: what is not defined is not there. */
function asRecorded(value: unknown): unknown {
  const parsed: unknown = JSON.parse(JSON.stringify(value));
  return parsed;
}

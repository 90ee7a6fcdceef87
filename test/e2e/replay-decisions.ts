import type { PolicyTables } from '#core/policy/tables.ts';
import { decide } from '#core/routing/decide.ts';
import type { Decision } from '#core/routing/decide.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkAction, WalkEvent, WalkStep } from '#core/routing/walk.ts';
import type { DecisionLine } from './running-house.ts';

/** What deciding a log again found. */
export interface Replayed {
  readonly decided: number;
  readonly walked: number;
  readonly problems: readonly string[];
}

/** Decides every call of a log again from its facts, and walks its plan again along what was recorded; `tables`: the policies it was under. */
export function replayDecisions(lines: readonly DecisionLine[], tables: readonly PolicyTables[]): Replayed {
  const decisions = new Map<string, Decision>();
  const problems: string[] = [];
  let walked = 0;
  for (const line of lines) {
    if (line.type === 'start' && line.facts && line.decision) {
      const policy = tables.find((each) => each.hash === line.policyHash);
      if (!policy) problems.push(`${line.id}: nobody has the policy ${line.policyHash}`);
      else if (spelt(decide(line.facts, policy)) !== spelt(line.decision)) problems.push(`${line.id}: is decided otherwise`);
      decisions.set(line.id, line.decision);
    }
    const plan = line.type === 'terminal' ? decisions.get(line.id)?.plan : null;
    if (line.type !== 'terminal' || !plan) continue;
    walked++;
    let before: WalkStep | null = null;
    for (const events of line.walks) {
      let step: WalkStep = beginWalk(plan, before?.walk ?? null);
      for (const event of events) {
        if (!answers(step.action, event)) problems.push(`${line.id}: ${event.type} does not answer ${spelt(step.action)}`);
        step = stepWalk(plan, step.walk, event);
      }
      before = step;
    }
    // Whoever leaves or is cut ends its walk wherever it stands.
    const cut = line.code === 'key_unknown' || line.code === 'caller_too_slow';
    if (before?.action.do !== 'end' && line.result !== 'cancelled' && !cut)
      problems.push(`${line.id}: the walk is not over at ${spelt(before?.action)}`);
  }
  return { decided: decisions.size, walked, problems };
}

/** Values as the log has them. */
function spelt(value: unknown): string {
  return JSON.stringify(value);
}

function answers(action: WalkAction, event: WalkEvent): boolean {
  switch (event.type) {
    case 'observed':
      return action.do === 'observe' && spelt(event.readings.map((reading) => reading.target)) === spelt(action.targets);
    case 'outcome':
      return action.do === 'dial' && event.outcome.target === action.target;
    case 'waited':
      return action.do === 'wait' && (event.reading === null || action.targets.includes(event.reading.target));
  }
}

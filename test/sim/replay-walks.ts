import type { ErrorCode } from '#core/errors/catalog.ts';
import type { Terminal } from '#core/record/record.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { TargetId } from '#core/policy/policy.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { Walk, WalkEvent, WalkStep } from '#core/routing/walk.ts';

/** What ends a walk from outside: the record failed, or the caller was cut. */
const stoppedBy: readonly ErrorCode[] = ['record_unavailable', 'caller_too_slow', 'key_unknown'];

/** Walks the recorded walks again: whether each event answers what the walk asked for, and whether the bounds of dialling hold. */
export function replayWalks(plan: Plan, terminal: Terminal): string[] {
  const found: string[] = [];
  const dialled: TargetId[] = [];
  let earlier: Walk | null = null;
  for (const [at, events] of terminal.walks.entries()) {
    let step = beginWalk(plan, earlier);
    let redialsLeft = 1;
    const before = dialled.length;
    for (const event of events) {
      if (!answers(step, event)) found.push(`walk ${at}: ${event.type} does not answer ${JSON.stringify(step.action)}`);
      if (event.type === 'outcome') dialled.push(event.outcome.target);
      if (event.type === 'waited' && event.reading?.state === 'free') redialsLeft++;
      step = stepWalk(plan, step.walk, event);
    }
    const candidates = candidatesOf(plan).filter((candidate) => candidate.lacks.length === 0);
    if (dialled.length - before > candidates.length + redialsLeft) found.push(`walk ${at} dialled ${dialled.length - before} times`);
    for (const target of dialled)
      if (!candidates.some((candidate) => candidate.target === target))
        found.push(`walk ${at} dialled ${target}, who is no candidate that fits`);
    if (
      at === terminal.walks.length - 1 &&
      step.action.do !== 'end' &&
      terminal.result !== 'cancelled' &&
      !(terminal.code !== null && stoppedBy.includes(terminal.code))
    ) {
      found.push(`the last walk stopped at ${JSON.stringify(step.action)}`);
    }
    earlier = step.walk;
  }
  const attempted = terminal.attempts.map((attempt) => attempt.target);
  // A lost race, a limit and a withdrawn permit are outcomes without an attempt.
  let next = 0;
  for (const target of dialled) if (target === attempted[next]) next++;
  if (next < attempted.length) found.push(`attempts [${attempted.join(' ')}] are not among the dials [${dialled.join(' ')}]`);
  return found;
}

/** Whether an event is one that the walk's action asked for. */
function answers({ action }: WalkStep, event: WalkEvent): boolean {
  switch (event.type) {
    case 'observed':
      return action.do === 'observe' && event.readings.map((reading) => reading.target).join(' ') === action.targets.join(' ');
    case 'outcome':
      return action.do === 'dial' && event.outcome.target === action.target;
    case 'waited':
      return action.do === 'wait' && (event.reading === null || action.targets.includes(event.reading.target));
  }
}

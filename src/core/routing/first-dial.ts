import type { TargetId } from '#core/policy/policy.ts';
import type { Plan } from './plan.ts';
import type { Reading } from './reading.ts';
import { beginWalk, stepWalk } from './walk.ts';
import type { Walk } from './walk.ts';

/**
 * The reading of whoever a new walk would dial first as things are, or null if nobody (`before`: the walk that has ended). A request is
 * walked again from the queue only for this: a free machine that its walk never comes to (a spill while the target is down) is none.
 * What a walk would wait for counts as not coming.
 */
export function firstDial(
  plan: Plan,
  before: Walk | null,
  read: (target: TargetId, visit: { readonly lastResort: boolean }) => Reading,
): Reading | null {
  let step = beginWalk(plan, before);
  let seen: readonly Reading[] = [];
  for (;;) {
    const { action } = step;
    if (action.do === 'end') return null;
    if (action.do === 'dial') return seen.find((reading) => reading.target === action.target) ?? null;
    if (action.do === 'observe') {
      seen = action.targets.map((target) => read(target, { lastResort: action.lastResort }));
      step = stepWalk(plan, step.walk, { type: 'observed', readings: seen });
    } else step = stepWalk(plan, step.walk, { type: 'waited', ms: action.maxMs, reading: null });
  }
}

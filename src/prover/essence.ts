import type { TargetId } from '#core/policy/policy.ts';
import type { Candidate, Plan } from '#core/routing/plan.ts';
import type { Walk, WalkAction, WalkStep } from '#core/routing/walk.ts';

/** What keeps the books of one exploration short. */
export interface Books {
  /** Gives each name of a target a bit. */
  readonly bitOf: ReadonlyMap<TargetId, number>;
}

const nothingSeen = { busy: false, loading: false, failure: null, tooLong: [], retryAfterMs: null } as const;

/**
 * What of a walk's state its future depends on, and a key of it. Left out: what only the final error asks, and what is remembered of
 * candidates that the walk has behind it for good. Leaving out what a walk is through with lets it do more, never less, so whatever
 * holds of all states here holds of all real ones.
 *
 * Of a walk from the queue without one who was `bad` only that one's fate is of interest (the others' is seen in the walk before), so
 * what may end it early is left out as well.
 */
export function essenceOf(
  plan: Plan,
  { walk, action }: WalkStep,
  { bad, books }: { readonly bad: TargetId | null; readonly books: Books },
): { readonly walk: Walk; readonly key: string } {
  const { bitOf } = books;
  const bitsOf = (targets: readonly TargetId[]): number => targets.reduce((bits, target) => bits | (1 << (bitOf.get(target) ?? 31)), 0);
  const waiting = walk.phase === 'target' || walk.phase === 'spill' || walk.phase === 'wait';
  const notNow = waiting ? walk.notNow : [];
  const lastResort = bad === null || walk.lastResort === bad ? walk.lastResort : null;
  const kept = bitsOf(notNow) | (lastResort === null ? 0 : bitsOf([lastResort])) | bitsAhead(plan, walk, bitsOf);
  const only = (targets: readonly TargetId[]): readonly TargetId[] =>
    targets.length === 0 ? targets : targets.filter((target) => (kept & bitsOf([target])) !== 0);
  const essence: Walk = {
    ...walk,
    notNow,
    done: only(walk.done),
    answeredBusy: only(walk.answeredBusy),
    bad: bad === null ? [] : [bad],
    waitLeftMs: walk.waitLeftMs > 0 ? plan.waitMs : 0,
    retried: walk.retried || bad !== null,
    crashes: bad === null ? walk.crashes : 0,
    windowAbove: bad === null && shutsOut(plan, walk.windowAbove, { kept, bitsOf }) ? walk.windowAbove : null,
    lastResort,
    seen: nothingSeen,
    settled: walk.settled === null ? null : { ...walk.settled, message: '', code: null, result: 'answered' },
  };
  return { walk: essence, key: `${bad ?? ''};${keyOf(essence, action, bitsOf)}` };
}

/** Whether a window that was too small keeps anybody out that may still be asked. */
function shutsOut(
  plan: Plan,
  windowAbove: number | null,
  { kept, bitsOf }: { readonly kept: number; readonly bitsOf: (targets: readonly TargetId[]) => number },
): boolean {
  if (windowAbove === null) return false;
  const isOut = ({ target, lacks, context }: Candidate): boolean =>
    lacks.length === 0 && context !== null && context <= windowAbove && (kept & bitsOf([target])) !== 0;
  return plan.target.some(isOut) || plan.spill.some(isOut) || plan.failover.some(isOut) || plan.tail.some(isOut);
}

/** Whom the walk may still come to on its way. */
function bitsAhead(plan: Plan, walk: Walk, bitsOf: (targets: readonly TargetId[]) => number): number {
  if (walk.phase === 'last_resort' || walk.phase === 'ended') return 0;
  const bits = (list: readonly Candidate[], from = 0): number => bitsOf(list.slice(from).map((candidate) => candidate.target));
  const tail = walk.spillOpen || walk.phase === 'target' ? plan.tail : plan.tail.filter((candidate) => candidate.place !== 'spill');
  if (walk.phase === 'tail') return bits(tail, walk.at);
  if (walk.phase === 'failover') return bits(plan.failover, walk.at) | bits(tail);
  const behind = bits(plan.failover) | bits(tail);
  if (walk.phase === 'wait') return behind;
  return walk.phase === 'spill' ? bits(plan.spill, walk.at) | behind : bits(plan.target) | bits(plan.spill) | behind;
}

function keyOf(walk: Walk, action: WalkAction, bitsOf: (targets: readonly TargetId[]) => number): string {
  const flags = (walk.spillOpen ? 1 : 0) | (walk.retried ? 2 : 0) | (walk.waitLeftMs > 0 ? 4 : 0) | (walk.crashes << 3);
  const request = `${walk.windowAbove ?? ''}`;
  if (action.do === 'end') return `${walk.settled === null ? 'end' : 'answered'};${flags & ~5};${request}`;
  const does = action.do === 'dial' ? `dial${action.fresh ? '!' : ' '}${action.target}` : `${action.do}${bitsOf(action.targets)}`;
  return `${walk.phase}${walk.at};${does};${flags};${bitsOf(walk.notNow)};${bitsOf(walk.done)};${bitsOf(walk.answeredBusy)};${request};${walk.lastResort ?? ''}`;
}

import type { TargetId } from '#core/policy/policy.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Candidate, Plan } from '#core/routing/plan.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import type { Passage } from './walk-graph.ts';

/**
 * A plan without the names: candidates are `a/a`, `b/b` … in the order of the lists, windows are ranks, and a wait is a wait. The walk
 * asks nothing else of a plan, so plans of one shape have one graph.
 */
export interface WalkShape {
  readonly key: string;
  readonly plan: Plan;
  /** The same with every member of a large group, where `plan` has a few of them that stand for the others; else null. */
  readonly whole: Plan | null;
  /** The candidate's name in the shape → the target of the real plan, and back. */
  readonly realOf: ReadonlyMap<TargetId, TargetId>;
  readonly shapeOf: ReadonlyMap<TargetId, TargetId>;
}

const waitMs = 1_000;

/** Members of a group that are looked at in full. */
const membersMax = 3;

/**
 * Takes the names out of a plan, and from a large group all members but a few. `queues`: it is looked at what the queue does, which more
 * profiles may share than have one.
 */
export function shapeOf(plan: Plan, queues: boolean): WalkShape {
  const fit = plan.target.filter((member) => member.lacks.length === 0);
  if (fit.length <= membersMax) return namelessOf(plan, queues);
  const behind = new Set([...plan.spill, ...plan.failover, ...plan.tail].map((candidate) => candidate.target));
  const few = fewOf(fit, behind);
  const shape = namelessOf({ ...plan, target: plan.target.filter((member) => !fit.includes(member) || few.includes(member)) }, queues);
  const shapeNames = new Map(shape.shapeOf);
  for (const member of fit) {
    const like = few.find((one) => one.context === member.context) ?? few[0];
    const name = like && shape.shapeOf.get(like.target);
    if (name !== undefined && !shapeNames.has(member.target)) shapeNames.set(member.target, name);
  }
  return { ...shape, key: `${shape.key}*${fit.length}`, shapeOf: shapeNames, whole: namelessOf(plan, queues).plan };
}

/** A few members of a group, as different as can be: those who also stand behind it, and else one of each window first. */
function fewOf(members: readonly Candidate[], behind: ReadonlySet<TargetId>): readonly Candidate[] {
  const twice = members.filter((member) => behind.has(member.target));
  const byWindow = members.filter((member, at) => members.findIndex((other) => other.context === member.context) === at);
  const others = [...byWindow, ...members.filter((member) => !byWindow.includes(member))].filter((member) => !twice.includes(member));
  return [...twice, ...others.slice(0, Math.max(0, membersMax - twice.length))];
}

function namelessOf(plan: Plan, queues: boolean): WalkShape {
  const candidates = candidatesOf(plan);
  const shapeNames = new Map<TargetId, TargetId>();
  for (const { target } of candidates) if (!shapeNames.has(target)) shapeNames.set(target, nameAt(shapeNames.size));
  // Whoever lacks something is never asked, and neither is its window.
  const fit = candidates.filter((candidate) => candidate.lacks.length === 0);
  const windows = [...new Set(fit.map((candidate) => candidate.context).filter((context) => context !== null))].toSorted((a, b) => a - b);
  const key: string[] = [];
  const bare = (list: readonly Candidate[]): readonly Candidate[] => {
    key.push('|');
    return list.map((candidate) => {
      const target = shapeNames.get(candidate.target) ?? candidate.target;
      const lacks = candidate.lacks.slice(0, 1);
      const context = candidate.context === null || lacks.length > 0 ? null : windows.indexOf(candidate.context) + 1;
      key.push(`${target}${lacks.length > 0 ? '-' : ''}${context ?? ''}${candidate.place === 'spill' ? 's' : ''};`);
      return { target, place: candidate.place, lacks, context };
    });
  };
  const shape: Plan = {
    route: '',
    label: '',
    target: bare(plan.target),
    spill: bare(plan.spill),
    failover: bare(plan.failover),
    tail: bare(plan.tail),
    removed: [],
    targetMoved: plan.targetMoved,
    waitMs: plan.waitMs > 0 ? waitMs : 0,
    exhausted: queues ? { type: 'queue', maxMs: 1 } : { type: 'error' },
    named: { route: false, upstream: null },
    session: '',
  };
  key.push(plan.targetMoved ? 'm' : '', plan.waitMs > 0 ? 'w' : '', queues ? 'q' : '');
  const realOf = new Map([...shapeNames].map(([real, name]) => [name, real]));
  return { key: key.join(''), plan: shape, whole: null, realOf, shapeOf: shapeNames };
}

function nameAt(index: number): TargetId {
  const name = index < 26 ? String.fromCharCode(97 + index) : `x${index}`;
  return `${name}/${name}`;
}

/** The events of a way with the names of the real plan, a list for each walk. */
export function realWalks(way: readonly Passage[], realOf: ReadonlyMap<TargetId, TargetId>): readonly (readonly WalkEvent[])[] {
  const real = <T extends { readonly target: TargetId }>(named: T): T => ({ ...named, target: realOf.get(named.target) ?? named.target });
  const walks: WalkEvent[][] = [[]];
  for (const passage of way) {
    if (passage.type === 'queue') walks.push([]);
    else walks.at(-1)?.push(realEvent(passage.event, real));
  }
  return walks;
}

function realEvent(event: WalkEvent, real: <T extends { readonly target: TargetId }>(named: T) => T): WalkEvent {
  if (event.type === 'outcome') return { type: 'outcome', outcome: real(event.outcome) };
  if (event.type === 'observed') return { type: 'observed', readings: event.readings.map(real) };
  return { ...event, reading: event.reading && real(event.reading) };
}

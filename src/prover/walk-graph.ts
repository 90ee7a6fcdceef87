import type { TargetId } from '#core/policy/policy.ts';
import { mayQueue } from '#core/routing/exhaust.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Plan } from '#core/routing/plan.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { Walk, WalkAction, WalkStep } from '#core/routing/walk.ts';
import { essenceOf } from './essence.ts';
import type { Books } from './essence.ts';
import { happeningBy, happeningsOn, sessionsFor } from './walk-events.ts';
import type { Happening } from './walk-events.ts';

/** Why one state follows another: something happened, or the request was walked again from the queue. */
export type Passage =
  | Happening
  /** `bad`: one who was judged bad before; null for everybody anew. */
  | { readonly type: 'queue'; readonly bad: TargetId | null };

/** A state: what is done in it, and the states that may follow, each with why (two lists side by side, for there are many). */
export interface GraphNode {
  readonly action: WalkAction;
  readonly next: readonly number[];
  readonly by: readonly Passage[];
}

/** All states that the walk of one plan can come to, and what leads from each to which. Node 0 is the start. */
export interface WalkGraph {
  readonly plan: Plan;
  readonly nodes: readonly GraphNode[];
  readonly passages: number;
  /** What may happen that gives some of the profile's wait back, or a wait that uses none of it: by number of state and of passage. */
  readonly waitKept: readonly { readonly node: number; readonly at: number }[];
  /** A walk from the queue has forgotten what the request had learnt: its one retry, its crashes, its length. */
  readonly forgetful: boolean;
  /** Not every state was looked at. */
  readonly sampled: boolean;
}

export interface ExploreLimits {
  /** Passages beyond which the rest of one graph is sampled. */
  readonly passagesMax: number;
  /** Random walks through that rest. */
  readonly samples: number;
  readonly dice: () => number;
}

interface Growing {
  readonly plan: Plan;
  readonly nodes: { readonly action: WalkAction; readonly next: number[]; readonly by: Passage[] }[];
  /** Each state as the walk has it, and who was judged bad in the walk before it. */
  readonly states: { readonly walk: Walk; readonly bad: TargetId | null }[];
  readonly known: Map<string, number>;
  /** The plan as it is for a session that favours a member. */
  readonly favouring: ReadonlyMap<TargetId, Plan>;
  readonly books: Books;
  /** What can happen on each action, made once. */
  readonly happenings: Map<string, readonly Happening[]>;
  readonly waitKept: { readonly node: number; readonly at: number }[];
  forgetful: boolean;
  passages: number;
}

/**
 * Explores the walk of a plan as a graph: from every state every reading and every outcome, by the functions that serve requests. What a
 * walk can no more ask about is left out of a state first (`essence.ts`), so that states are few. Beyond `passagesMax` the rest is
 * sampled with `dice`.
 */
export function exploreWalk(plan: Plan, limits: ExploreLimits): WalkGraph {
  const sessions = sessionsFor(plan.target.map((member) => member.target));
  const targets = new Set(candidatesOf(plan).map(({ target }) => target));
  const growing: Growing = {
    plan,
    nodes: [],
    states: [],
    known: new Map(),
    favouring: new Map([...sessions].map(([target, session]) => [target, { ...plan, session }])),
    books: { bitOf: new Map([...targets].map((target, bit) => [target, bit])) },
    happenings: new Map(),
    waitKept: [],
    forgetful: false,
    passages: 0,
  };
  nodeOf(growing, beginWalk(plan), null);
  let at = 0;
  for (; at < growing.nodes.length && growing.passages < limits.passagesMax; at++) expand(growing, at);
  const whole = at === growing.nodes.length;
  if (!whole) sample(growing, at, limits);
  return {
    plan,
    nodes: growing.nodes,
    passages: growing.passages,
    waitKept: growing.waitKept,
    forgetful: growing.forgetful,
    sampled: !whole,
  };
}

/** Adds a state, unless it is known; gives its number. */
function nodeOf(growing: Growing, step: WalkStep, bad: TargetId | null): number {
  const { walk, key } = essenceOf(growing.plan, step, { bad, books: growing.books });
  const before = growing.known.get(key);
  if (before !== undefined) return before;
  const number = growing.nodes.length;
  growing.known.set(key, number);
  growing.nodes.push({ action: step.action, next: [], by: [] });
  growing.states.push({ walk, bad });
  return number;
}

function expand(growing: Growing, at: number): void {
  const { plan, nodes, states } = growing;
  const [node, state] = [nodes[at], states[at]];
  if (!node || !state) return;
  for (const happening of happeningsAt(growing, node.action)) follow(growing, at, happening);
  if (node.action.do === 'end' && plan.exhausted.type === 'queue' && state.bad === null && mayQueue(plan, state.walk))
    walkAgain(growing, at, state.walk);
}

function join(growing: Growing, from: number, to: { readonly node: number; readonly by: Passage }): void {
  const node = growing.nodes[from];
  node?.next.push(to.node);
  node?.by.push(to.by);
  growing.passages++;
}

function happeningsAt({ plan, happenings }: Growing, action: WalkAction): readonly Happening[] {
  const key = action.do === 'dial' ? action.target : action.do === 'end' ? '' : `${action.do} ${action.targets.join()}`;
  const before = happenings.get(key);
  if (before) return before;
  const all = happeningsOn(action, (id) => plan.target.some((member) => member.target === id));
  happenings.set(key, all);
  return all;
}

/** Lets something happen in a state; gives the number of the one that follows. */
function follow(growing: Growing, from: number, happening: Happening): number {
  const state = growing.states[from];
  if (!state) return from;
  const plan = (happening.favourite === null ? undefined : growing.favouring.get(happening.favourite)) ?? growing.plan;
  const step = stepWalk(plan, state.walk, happening.event);
  const to = nodeOf(growing, step, state.bad);
  const usedMs = state.walk.waitLeftMs - step.walk.waitLeftMs;
  if (usedMs < 0 || (happening.event.type === 'waited' && usedMs === 0))
    growing.waitKept.push({ node: from, at: growing.nodes[from]?.next.length ?? 0 });
  join(growing, from, { node: to, by: happening });
  return to;
}

/**
 * Walked again from the queue, without one who was judged bad. Without several at once fewer are asked, in the same order, so it is
 * enough to look at each of them for itself. Without anybody it is the first walk again, if what the request has learnt is kept: less
 * is then possible, not more.
 */
function walkAgain(growing: Growing, from: number, walk: Walk): void {
  const { plan } = growing;
  const again = beginWalk(plan, walk).walk;
  if (again.retried !== walk.retried || again.crashes !== walk.crashes || again.windowAbove !== walk.windowAbove) {
    growing.forgetful = true;
    join(growing, from, { node: 0, by: { type: 'queue', bad: null } });
  }
  const fit = candidatesOf(plan).filter((candidate) => candidate.lacks.length === 0);
  for (const bad of new Set(fit.map((candidate) => candidate.target)))
    join(growing, from, { node: nodeOf(growing, beginWalk(plan, { ...walk, bad: [bad] }), bad), by: { type: 'queue', bad } });
}

/** Walks on at random from states that were not looked at. */
function sample(growing: Growing, from: number, { samples, dice }: ExploreLimits): void {
  const frontier = growing.nodes.length - from;
  for (let walk = 0; walk < samples; walk++) {
    let at = from + Math.floor(dice() * frontier);
    for (;;) {
      const node = growing.nodes[at];
      const happening = node && happeningBy(dice, node.action);
      if (!happening) break;
      at = follow(growing, at, happening);
    }
  }
}

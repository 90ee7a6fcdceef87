import type { TargetId } from '#core/policy/policy.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { Law } from './search.ts';
import type { GraphNode, Passage, WalkGraph } from './walk-graph.ts';

/**
 * The laws of walks, each as a small memory that is carried along every way through a graph. They know events and dials, and nothing of
 * how a walk keeps its books.
 */

/** Whom a step ends in dialling, and how it came to that. */
function dialled(passage: Passage, to: GraphNode): { readonly target: TargetId; readonly fresh: boolean } | null {
  return to.action.do === 'dial' && passage.type === 'event' ? to.action : null;
}

function readingsIn(passage: Passage): readonly Reading[] {
  if (passage.type === 'queue') return [];
  const { event } = passage;
  if (event.type === 'observed') return event.readings;
  return event.type === 'waited' && event.reading ? [event.reading] : [];
}

/** The target is dialled somewhere. */
export function dialOf(target: TargetId): Law {
  return {
    memories: 1,
    after: (memory, passage, { to }) => {
      if (passage.type === 'queue') return null;
      return dialled(passage, to)?.target === target ? 'broken' : memory;
    },
  };
}

/** The target is read as a last resort. */
export function lastResortOf(target: TargetId): Law {
  return {
    memories: 1,
    after: (memory, passage, { to }) => {
      if (passage.type === 'queue') return null;
      return to.action.do === 'observe' && to.action.lastResort && to.action.targets.includes(target) ? 'broken' : memory;
    },
  };
}

const wasBusy = 1;
const failed = 2;
const wasBad = 3;
const retried = 4;

/**
 * Nobody is dialled more often than allowed: once in a walk, again after it was busy and waited for, once more on a new connection if
 * that may mend it (once per request), and never again in the request once it was judged bad.
 */
export function dialsOf(target: TargetId): Law {
  return {
    memories: 8,
    after: (memory, passage, { from, to }) => {
      const [kind, retry] = [memory % retried, memory >= retried ? retried : 0];
      if (passage.type === 'queue') {
        const bad = kind === wasBad ? target : null;
        return bad !== null && passage.bad === bad ? wasBad + retry : null;
      }
      const { event } = passage;
      const kindAfter =
        from.action.do === 'dial' && from.action.target === target && event.type === 'outcome' ? ended(event.outcome.result) : kind;
      const dial = dialled(passage, to);
      if (!dial) return kindAfter + retry;
      if (dial.fresh) {
        const mends = event.type === 'outcome' && event.outcome.target === dial.target && event.outcome.retryAllowed;
        return !mends || retry > 0 ? 'broken' : kind + retried;
      }
      if (dial.target !== target) return kindAfter + retry;
      const isFree = readingsIn(passage).some((reading) => reading.target === target && reading.state === 'free');
      if (!isFree || kind === failed || kind === wasBad) return 'broken';
      return kind === wasBusy && event.type !== 'waited' ? 'broken' : kind + retry;
    },
  };
}

function ended(result: string): number {
  if (result === 'busy' || result === 'loading') return wasBusy;
  return result === 'unreachable' || result === 'absent' ? failed : wasBad;
}

/** A walk from the queue knows what the request has learnt before. */
export function forgetting(graph: WalkGraph): Law | null {
  if (!graph.forgetful) return null;
  return { memories: 1, after: (memory, passage) => (passage.type === 'queue' && passage.bad === null ? 'broken' : memory) };
}

/** What a law about the order of candidates has to know of a plan, judged from the policy alone. */
export interface Order {
  readonly targets: ReadonlySet<TargetId>;
  /** The route's target does not count in this request, because of its tier or because it does not fit: spill is open from the start. */
  readonly spillOpen: boolean;
}

/** `spill` helps a target that is busy, nobody else: who stands only there is not dialled before a member of the target was not now. */
export function spillAfterBusy(order: Order, spillOnly: ReadonlySet<TargetId>): Law {
  const open = 1;
  return {
    memories: 2,
    after: (memory, passage, { to }) => {
      if (passage.type === 'queue') return null;
      const now = memory === open || order.spillOpen || targetWasBusy(passage, order) ? open : 0;
      const dial = dialled(passage, to);
      return dial && spillOnly.has(dial.target) && now !== open ? 'broken' : now;
    },
  };
}

function targetWasBusy(passage: Passage, { targets }: Order): boolean {
  return (
    answeredBusy(passage, targets) || readingsIn(passage).some((reading) => targets.has(reading.target) && reading.state === 'not_now')
  );
}

/** The target as a whole was only not now: no member of it free, one of them busy; or one answered so. */
function targetWasOnlyBusy(passage: Passage, { targets }: Order): boolean {
  if (answeredBusy(passage, targets)) return true;
  const readings = readingsIn(passage).filter((reading) => targets.has(reading.target));
  return readings.some((reading) => reading.state === 'not_now') && !readings.some((reading) => reading.state === 'free');
}

function answeredBusy(passage: Passage, targets: ReadonlySet<TargetId>): boolean {
  if (passage.type === 'queue' || passage.event.type !== 'outcome') return false;
  const { outcome } = passage.event;
  return targets.has(outcome.target) && (outcome.result === 'busy' || outcome.result === 'loading');
}

/**
 * A cloud is dialled only after somebody in the house was passed over: read as not free, tried in vain, or too small for what a machine
 * has called too long. A spill counts only where spill is open.
 */
export function houseFirst(
  house: { readonly target: TargetId; readonly context: number | null; readonly spillOnly: boolean },
  clouds: ReadonlySet<TargetId>,
  order: Order & { readonly contextOf: (target: TargetId) => number | null },
): Law {
  const passed = 1;
  const open = 2;
  // Nobody of the target was free: what is read from then on is read of somebody who stands behind it, though it may be the same machine.
  const left = 4;
  return {
    memories: 8,
    after: (memory, passage, { to }) => {
      if (passage.type === 'queue') return null;
      let now = memory;
      if (order.spillOpen || ((now & left) === 0 && targetWasOnlyBusy(passage, order))) now |= open;
      if (passage.event.type === 'observed' && passage.event.readings.every((reading) => reading.state !== 'free')) now |= left;
      if (readingsIn(passage).some((reading) => reading.target === house.target && reading.state !== 'free')) now |= passed;
      const { event } = passage;
      if (event.type === 'outcome' && event.outcome.target === house.target) now |= passed;
      if (
        event.type === 'outcome' &&
        event.outcome.result === 'too_long' &&
        isTooSmall(house.context, order.contextOf(event.outcome.target))
      )
        now |= passed;
      const dial = dialled(passage, to);
      if (!dial || !clouds.has(dial.target)) return now;
      const counts = !house.spillOnly || (now & open) > 0;
      return counts && (now & passed) === 0 ? 'broken' : now;
    },
  };
}

/** Not larger than a window that was too small. */
function isTooSmall(window: number | null, tooSmall: number | null): boolean {
  return window !== null && (tooSmall === null || window <= tooSmall);
}

/**
 * Every walk ends: there is something to do in every state, and the only ways round in a circle are waits, each of which uses up some
 * of the profile's `wait`, and the queue, which has its own bound. Gives the way to a place where that is not so.
 */
export function endlessWay(graph: WalkGraph): readonly Passage[] | null {
  const kept = graph.waitKept[0];
  const keptBy = kept && graph.nodes[kept.node]?.by[kept.at];
  if (keptBy) return [keptBy];
  const [onWay, done] = [1, 2];
  const marks = new Uint8Array(graph.nodes.length);
  const way: { readonly node: number; at: number }[] = [];
  const passages: Passage[] = [];
  for (const start of graph.nodes.keys()) {
    if (marks[start] !== 0) continue;
    way.push({ node: start, at: 0 });
    marks[start] = onWay;
    for (let top = way.at(-1); top; top = way.at(-1)) {
      const node = graph.nodes[top.node];
      if (node && isStuck(node)) return [...passages];
      const at = top.at++;
      const [next, by] = [node?.next[at], node?.by[at]];
      if (next === undefined || !by) {
        marks[top.node] = done;
        way.pop();
        passages.pop();
      } else if (!isBounded(by) && marks[next] !== done) {
        if (marks[next] === onWay) return [...passages, by];
        marks[next] = onWay;
        way.push({ node: next, at: 0 });
        passages.push(by);
      }
    }
  }
  return null;
}

function isBounded(by: Passage): boolean {
  return by.type === 'queue' || by.event.type === 'waited';
}

function isStuck(node: GraphNode): boolean {
  return (node.action.do === 'observe' || node.action.do === 'wait') && node.action.targets.length === 0;
}

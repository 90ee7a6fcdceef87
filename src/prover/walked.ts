import type { TargetId } from '#core/policy/policy.ts';
import { dialOf, dialsOf, endlessWay, forgetting, houseFirst, lastResortOf, spillAfterBusy } from './laws.ts';
import type { Order } from './laws.ts';
import { shortestBreach } from './search.ts';
import type { Breach } from './search.ts';
import { exploreWalk } from './walk-graph.ts';
import type { ExploreLimits, Passage, WalkGraph } from './walk-graph.ts';
import type { WalkShape } from './walk-shape.ts';

/** The graph of one shape of walk, and what was found in it so far. Targets are those of the shape. */
export interface Walked {
  readonly graph: WalkGraph;
  /** Random walks through the whole of a large group; null where `graph` has everybody. */
  readonly wide: WalkGraph | null;
  /** The shortest way to a dial of this target; null if it is never dialled. */
  dial(target: TargetId): Breach | null;
  lastResort(target: TargetId): Breach | null;
  tooOften(): Breach | null;
  endless(): readonly Passage[] | null;
  spilled(order: Order, spillOnly: ReadonlySet<TargetId>): Breach | null;
  cloudEarly(house: Parameters<typeof houseFirst>[0], clouds: ReadonlySet<TargetId>, order: Order): Breach | null;
}

/** Explores the walk of a shape; everything asked of it is looked up once. */
export function walkedOf({ plan, whole }: Pick<WalkShape, 'plan' | 'whole'>, limits: ExploreLimits): Walked {
  const graph = exploreWalk(plan, limits);
  const wide = whole === null ? null : exploreWalk(whole, { ...limits, passagesMax: 0 });
  const candidates = [...plan.target, ...plan.spill, ...plan.failover, ...plan.tail];
  const targets = new Set(candidates.map((candidate) => candidate.target));
  const contexts = new Map(candidates.map((candidate) => [candidate.target, candidate.context]));
  const memo = new Map<string, Breach | null>();
  const once = (key: string, find: () => Breach | null): Breach | null => {
    const before = memo.get(key);
    if (before !== undefined) return before;
    const breach = find();
    memo.set(key, breach);
    return breach;
  };
  const named = (order: Order): string => `${[...order.targets].join()};${order.spillOpen ? 'open' : ''}`;
  let endless: readonly Passage[] | null | undefined;
  return {
    graph,
    wide,
    dial: (target) => once(`dial ${target}`, () => shortestBreach(graph, dialOf(target))),
    lastResort: (target) => once(`last ${target}`, () => shortestBreach(graph, lastResortOf(target))),
    tooOften: () =>
      once('often', () => {
        const forgotten = forgetting(graph);
        if (forgotten) return shortestBreach(graph, forgotten);
        for (const target of targets) {
          const breach = shortestBreach(graph, dialsOf(target));
          if (breach) return breach;
        }
        for (const { target } of whole?.target ?? []) {
          const breach = wide && shortestBreach(wide, dialsOf(target));
          if (breach) return breach;
        }
        return null;
      }),
    endless: () => (endless === undefined ? (endless = endlessWay(graph)) : endless),
    spilled: (order, spillOnly) =>
      once(`spill ${[...spillOnly].join()};${named(order)}`, () => shortestBreach(graph, spillAfterBusy(order, spillOnly))),
    cloudEarly: (house, clouds, order) =>
      once(`cloud ${house.target}${house.spillOnly ? 's' : ''};${[...clouds].join()};${named(order)}`, () =>
        shortestBreach(graph, houseFirst(house, clouds, { ...order, contextOf: (target) => contexts.get(target) ?? null })),
      ),
  };
}

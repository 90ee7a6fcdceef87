import type { GraphNode, Passage, WalkGraph } from './walk-graph.ts';

/** What a law remembers on its way: a small number below `memories`. */
export interface Law {
  readonly memories: number;
  /**
   * What is remembered after a passage, `broken` if the law is broken by it, or null if the way is not of interest (from the queue, only
   * one of several beginnings is the one that fits what is remembered).
   */
  readonly after: (
    memory: number,
    passage: Passage,
    step: { readonly from: GraphNode; readonly to: GraphNode },
  ) => number | 'broken' | null;
}

/** How a law is broken: the passages on the shortest way there, and the state that the last of them leads to. */
export interface Breach {
  readonly way: readonly Passage[];
  readonly end: GraphNode;
}

/** The shortest way from the start to a passage that breaks a law; null if nothing does. */
export function shortestBreach(graph: WalkGraph, law: Law): Breach | null {
  const { nodes } = graph;
  const { memories } = law;
  const reached = new Uint8Array(nodes.length * memories);
  const queue: { readonly state: number; readonly before: number; readonly by: Passage | null }[] = [{ state: 0, before: -1, by: null }];
  reached[0] = 1;
  for (let at = 0; at < queue.length; at++) {
    const { state } = queue[at] ?? { state: 0 };
    const memory = state % memories;
    const from = nodes[(state - memory) / memories];
    if (!from) continue;
    for (let passage = 0; passage < from.next.length; passage++) {
      const to: number = from.next[passage] ?? 0;
      const [next, by] = [nodes[to], from.by[passage]];
      if (!next || !by) continue;
      const after = law.after(memory, by, { from, to: next });
      if (after === null) continue;
      if (after === 'broken') return { way: [...wayTo(queue, at), by], end: next };
      const found = to * memories + after;
      if (reached[found] === 1) continue;
      reached[found] = 1;
      queue.push({ state: found, before: at, by });
    }
  }
  return null;
}

function wayTo(queue: readonly { readonly before: number; readonly by: Passage | null }[], at: number): readonly Passage[] {
  const way: Passage[] = [];
  for (let each = queue[at]; each?.by; each = queue[each.before]) way.push(each.by);
  return way.toReversed();
}

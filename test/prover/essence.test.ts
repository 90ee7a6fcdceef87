/** What the prover leaves out of a state changes nothing: real walks, which leave out nothing, do at every step what the graph says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import { tablesOf } from '#core/policy/tables.ts';
import { decide } from '#core/routing/decide.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkAction } from '#core/routing/walk.ts';
import { rawPolicyOf } from '#prover/raw-policy.ts';
import { requestClasses } from '#prover/requests.ts';
import { sessionsFor } from '#prover/walk-events.ts';
import { exploreWalk } from '#prover/walk-graph.ts';
import type { WalkGraph } from '#prover/walk-graph.ts';
import { shapeOf } from '#prover/walk-shape.ts';
import { casesOf } from '#test/determinism/cases.ts';
import { upTo } from '#test/determinism/dice.ts';

const seed = Number(process.env['SEED'] ?? 20_260_104);
const walksEach = 30;

/** What an action does, whatever the order in which a wait names its candidates. */
function said(action: WalkAction): string {
  if (action.do === 'end') return 'end';
  if (action.do === 'dial') return `dial ${action.target} ${action.fresh}`;
  return `${action.do} ${action.targets.toSorted().join()} ${action.do === 'observe' && action.lastResort}`;
}

/** Walks a real walk and the graph side by side; gives the number of steps. */
function sideBySide(graph: WalkGraph, dice: (count: number) => number): number {
  const sessions = sessionsFor(graph.plan.target.map((member) => member.target));
  let step = beginWalk(graph.plan);
  let at = 0;
  for (let steps = 0; ; steps++) {
    const node = graph.nodes[at];
    assert.ok(node);
    assert.equal(said(node.action), said(step.action));
    const choice = dice(Math.max(1, node.next.length));
    const [by, next] = [node.by[choice], node.next[choice]];
    if (step.action.do === 'end' || by?.type !== 'event' || next === undefined || steps === 200) return steps;
    const session = by.favourite === null ? '' : (sessions.get(by.favourite) ?? '');
    step = stepWalk({ ...graph.plan, session }, step.walk, by.event);
    at = next;
  }
}

test(`real walks and their graphs do the same (seed ${seed})`, () => {
  let [graphs, steps] = [0, 0];
  const seen = new Set<string>();
  for (const { policy, g } of casesOf(seed).slice(0, 80)) {
    const loaded = loadPolicy(JSON.stringify(policy), { file: 'random.yaml', folder: '.', env: {} });
    assert.ok(loaded.ok);
    const tables = tablesOf(loaded.policy, loaded.hash);
    for (const { facts } of [...requestClasses(rawPolicyOf(loaded.policy))].filter((_, at) => at % 41 === 0)) {
      const { plan } = decide(facts, tables);
      const shape = plan && shapeOf(plan, false);
      if (!shape || seen.has(shape.key)) continue;
      seen.add(shape.key);
      const graph = exploreWalk(shape.plan, { passagesMax: 8_000, samples: 0, dice: () => 0 });
      if (graph.sampled) continue;
      graphs++;
      for (let walk = 0; walk < walksEach; walk++) steps += sideBySide(graph, (count) => upTo(g, count - 1));
    }
  }
  assert.ok(graphs > 100 && steps > 10_000, `${graphs} graphs, ${steps} steps`);
});

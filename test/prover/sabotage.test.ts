/**
 * The prover against a broken planner: one part of the real code is taken out at a time, in a copy of the tree, and `gatehouse check` has
 * to end with 1 and to name the promise that does not hold any more. Unbroken it proves the same policy.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { copyTree } from '#scripts/copy-tree.ts';
import { builtInGuarantees } from '#prover/proof.ts';
import type { BuiltIn } from '#prover/proof.ts';

interface Sabotage {
  readonly without: string;
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly breaks: BuiltIn;
}

const plan = 'src/core/routing/plan.ts';
const fit = 'src/core/routing/fit.ts';
const walk = 'src/core/routing/walk.ts';
const read = 'src/core/fleet/read-candidate.ts';
const party = 'src/core/policy/party-flow.ts';
const decide = 'src/core/routing/decide.ts';

const sabotages: readonly Sabotage[] = [
  {
    without: 'the tier filter',
    file: plan,
    find: "else removed.push({ target: id, place, why: 'tier' });",
    replace: 'else kept.push(candidate);',
    breaks: 'home',
  },
  {
    without: 'the silence of traces in a cloud',
    file: party,
    find: "return 'nothing';",
    replace: "return 'facts';",
    breaks: 'told',
  },
  {
    without: 'the words that stay in the house',
    file: party,
    find: " || (party.location === 'cloud' && tier !== 'cloud-explicit')",
    replace: '',
    breaks: 'told',
  },
  {
    without: 'the fit of the window',
    file: fit,
    find: 'tokensNeeded(facts) > target.context',
    replace: 'tokensNeeded(facts) < 0',
    breaks: 'fits',
  },
  {
    without: 'the fit of unsaid output',
    file: fit,
    find: 'facts.outputTokens ?? outputTokensDefault',
    replace: 'facts.outputTokens ?? 0',
    breaks: 'fits',
  },
  {
    without: 'the fit of images',
    file: fit,
    find: 'if (!target.input.includes(modality)) lacks.push(modality);',
    replace: ';',
    breaks: 'able',
  },
  { without: 'the fit of tools', file: fit, find: "if (facts.tools && !target.tools) lacks.push('tools');", replace: '', breaks: 'able' },
  {
    without: "an upstream's drain",
    file: read,
    find: 'if (view.drainedUpstream && plan.named.upstream !== target.upstream) return true;',
    replace: '',
    breaks: 'open',
  },
  { without: "a route's drain", file: read, find: 'view.drainedRoutes.has(plan.route)', replace: 'false', breaks: 'open' },
  {
    without: "the server's own list",
    file: read,
    find: "if (view.served === false) return out('not_served');",
    replace: '',
    breaks: 'open',
  },
  {
    without: 'what a server says of a cloud',
    file: read,
    find: "if (view.remote && visit.tier !== 'cloud-explicit') return out('remote');",
    replace: '',
    breaks: 'open',
  },
  {
    without: 'the live window',
    file: read,
    find: 'view.liveContext < visit.tokensNeeded',
    replace: 'view.liveContext < 0',
    breaks: 'open',
  },
  {
    without: 'fallback: never',
    file: plan,
    find: "if (place !== 'target' && profile.fallback === 'never') removed",
    replace: "if (place !== 'target' && tables.hash === '') removed",
    breaks: 'never',
  },
  {
    without: 'the way of clouds to the end',
    file: plan,
    find: 'tail.push(candidate);',
    replace: 'kept.push(candidate);',
    breaks: 'cloudLast',
  },
  {
    without: 'the refusal of routes without a house',
    file: plan,
    find: "facts.tier === 'local-first' && !houseless",
    replace: "facts.tier === 'local-first'",
    breaks: 'cloudLast',
  },
  {
    without: "the profile's routes",
    file: decide,
    find: 'return profile.routes === null || profile.routes.includes(route.name);',
    replace: 'return profile.name.length > 0 && route.name.length > 0;',
    breaks: 'lists',
  },
  {
    without: 'the memory of who failed',
    file: walk,
    find: 'done: union(walk.done, [outcome.target]),',
    replace: 'done: walk.done,',
    breaks: 'once',
  },
  {
    without: 'the bound of the quick retry',
    file: walk,
    find: '!walk.retried && outcome.retryAllowed',
    replace: 'outcome.retryAllowed',
    breaks: 'once',
  },
  { without: 'the memory of who was bad, after the queue', file: walk, find: 'done: bad,', replace: 'done: [],', breaks: 'once' },
  {
    without: 'the memory of the retry, after the queue',
    file: walk,
    find: 'retried: before?.retried ?? false,',
    replace: 'retried: false,',
    breaks: 'once',
  },
  {
    without: 'the end of a wait',
    file: walk,
    find: 'Math.max(0, walk.waitLeftMs - Math.max(1, event.ms))',
    replace: 'walk.waitLeftMs',
    breaks: 'ends',
  },
  {
    without: 'the rule that spill is for the busy',
    file: walk,
    find: "return { ...added, phase: spillOpen ? 'spill' : 'failover', at: 0, spillOpen };",
    replace: "return { ...added, phase: 'spill', at: 0, spillOpen };",
    breaks: 'spill',
  },
  {
    without: 'failover',
    file: walk,
    find: "{ list: plan.failover, then: 'tail' }",
    replace: "{ list: [], then: 'tail' }",
    breaks: 'asked',
  },
];

const house = join(import.meta.dirname, 'house.yaml');
const copies: string[] = [];
after(() => copies.forEach((copy) => rmSync(copy, { recursive: true, force: true })));

function check(root: string): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [join(root, 'src/main.ts'), 'check', house], (error, out, err) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: error ? Number(error.code) : 0, out: `${out}${err}` });
    });
  });
}

async function broken(root: string, { file, find, replace }: Sabotage): Promise<{ readonly code: number; readonly out: string }> {
  const path = join(root, file);
  const whole = readFileSync(path, 'utf8');
  assert.equal(whole.split(find).length, 2, `${file} does not hold this once: ${find}`);
  writeFileSync(
    path,
    whole.replace(find, () => replace),
  );
  try {
    return await check(root);
  } finally {
    writeFileSync(path, whole);
  }
}

test('check ends with 0 with the planner as it is, and with 1 without any one of its parts', { timeout: 180_000 }, async (t) => {
  const queue = [...sabotages];
  const work = async (): Promise<void> => {
    const root = copyTree({ only: ['src/', 'package.json'] });
    copies.push(root);
    const unbroken = await check(root);
    assert.equal(unbroken.code, 0, unbroken.out);
    for (let sabotage = queue.shift(); sabotage; sabotage = queue.shift()) {
      const { without, breaks } = sabotage;
      const { code, out } = await broken(root, sabotage);
      const sentence = out.split('\n').find((line) => line.includes(`${builtInGuarantees[breaks]}: `));
      assert.equal(code, 1, `without ${without}: ${out}`);
      assert.ok(sentence, `without ${without}: ${out}`);
      t.diagnostic(`without ${without}: ${sentence.trim()}`);
    }
  };
  await Promise.all([work(), work()]);
});

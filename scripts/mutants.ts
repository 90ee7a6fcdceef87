/**
 * `npm run mutants`: breaks the real code on purpose, one named line at a time, on a copy of the tree, and demands that the named
 * test turns red. `--only <text>` takes the mutants whose name contains it, `--count N` so many of them, spread
 * over the list. The last line is JSON.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MUTANTS } from '#test/mutants/mutants.ts';
import { copyTree } from './copy-tree.ts';
import { runMutant, runTests } from './run-mutant.ts';
import type { Mutant, Verdict } from './run-mutant.ts';

const AT_ONCE = 2;

interface Row {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

/** Which of the named tests are not green on the unbroken tree; a mutant proves nothing with such a test. */
async function redBefore(root: string, mutants: readonly Mutant[]): Promise<Row[]> {
  const { green } = await runTests(root, [...new Set(mutants.flatMap((mutant) => mutant.tests))]);
  const red = mutants.filter((mutant) => !green.has(mutant.expect));
  return red.map((mutant) => ({ mutant, verdict: { outcome: 'broken', detail: `not green on the unbroken tree: ${mutant.expect}` } }));
}

/** Takes mutants from the common list until it is empty, each worker in its own copy. */
async function work(queue: Mutant[], done: (row: Row) => void): Promise<void> {
  const root = copyTree();
  try {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      done({ mutant, verdict: await runMutant(root, mutant) });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { only: { type: 'string' }, count: { type: 'string' } } });
const named = MUTANTS.filter((mutant) => mutant.name.includes(values.only ?? ''));
const count = Math.min(named.length, Number(values.count ?? named.length));
const chosen = named.filter((_, at) => Math.floor((at * count) / named.length) !== Math.floor(((at - 1) * count) / named.length));
const rows: Row[] = [];
const done = (row: Row): void => {
  rows.push(row);
  console.log(`${row.verdict.outcome.padEnd(8)}  ${row.mutant.name}  (${row.verdict.detail})`);
};
const root = copyTree();
for (const row of await redBefore(root, chosen)) done(row);
rmSync(root, { recursive: true, force: true });
const queue = chosen.filter((mutant) => !rows.some((row) => row.mutant === mutant));
await Promise.all(Array.from({ length: AT_ONCE }, () => work(queue, done)));

const killed = rows.filter((row) => row.verdict.outcome === 'killed').length;
console.log(`${killed} of ${chosen.length} mutants killed`);
console.log(JSON.stringify({ part: 'mutants', mutants: chosen.length, killed, failed: chosen.length - killed }));
process.exitCode = chosen.length > 0 && killed === chosen.length ? 0 : 1;

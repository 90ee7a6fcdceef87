/**
 * `npm run faults`: every fault of the catalogue against a real house on real sockets, `--rounds` times each, and `--pairs` random pairs. `--fault F32` plays
 * one (or several, with commas), `--seed` repeats a run, `--write` writes the results and `docs/reliability.md`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import { playRounds } from '#test/faults/play-rounds.ts';
import type { Failed } from '#test/faults/play-rounds.ts';
import { writeResults } from '#test/faults/reliability-results.ts';
import type { Tally } from '#test/faults/reliability-results.ts';
import { pairRound, roundsOf } from '#test/faults/rounds.ts';
import type { Round } from '#test/faults/round.ts';
import { reliabilityPage } from './reliability-page.ts';
import { ROOT } from './tree.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    pairs: { type: 'string', default: '0' },
    fault: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    jobs: { type: 'string', default: '8' },
    write: { type: 'boolean', default: false },
  },
});
const [rounds, pairs, seed, atOnce] = [Number(values.rounds), Number(values.pairs), Number(values.seed), Number(values.jobs)];
const wanted = values.fault?.toUpperCase().split(',');
const faults = faultCatalog.filter(({ id }) => wanted?.includes(id) ?? true);
if (faults.length === 0) throw new Error(`there is no fault ${values.fault}`);
if (values.write && wanted) throw new Error('a page is written of all faults or of none');

/** How many failed rounds of one kind are told in full. */
const toldMax = 5;

async function play(name: string, played: readonly Round[]): Promise<Tally> {
  const began = performance.now();
  const failed = await playRounds(played, { atOnce });
  const tally: Tally = { rounds: played.length, passed: played.length - failed.length };
  console.log(`${name}: ${tally.passed} of ${tally.rounds} (${((performance.now() - began) / 1_000).toFixed(1)} s)`);
  for (const one of failed.slice(0, toldMax)) console.log(sentence(one));
  return tally;
}

function sentence({ round, wrong }: Failed): string {
  return `  ${round.name}\n    ${wrong.join('\n    ')}`;
}

console.log(`seed ${seed}`);
const tallies = new Map<string, Tally>();
for (const fault of rounds > 0 ? faults : [])
  tallies.set(fault.id, await play(`${fault.id} ${fault.title}`, roundsOf(fault, { count: rounds, seed })));
const pairTally =
  pairs === 0
    ? { rounds: 0, passed: 0 }
    : await play(
        'random pairs',
        Array.from({ length: pairs }, (_, at) => pairRound(seed * 10_000 + at)),
      );
const all = [...tallies.values(), pairTally];
const failures = all.reduce((sum, tally) => sum + tally.rounds - tally.passed, 0);
console.log(
  `${all.reduce((sum, tally) => sum + tally.passed, 0)} of ${all.reduce((sum, tally) => sum + tally.rounds, 0)} rounds went as they must`,
);
if (values.write) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const results = { commit, seed, faults: Object.fromEntries(tallies), pairs: pairTally };
  writeResults(results);
  writeFileSync(join(ROOT, 'docs/reliability.md'), reliabilityPage(results));
  console.log('docs/reliability.md written');
}
const singles = [...tallies.values()].reduce((sum, tally) => sum + tally.rounds, 0);
console.log(JSON.stringify({ part: 'faults', seed, faults: tallies.size, rounds: singles, pairs: pairTally.rounds, failed: failures }));
process.exitCode = failures === 0 ? 0 : 1;

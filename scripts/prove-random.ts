/**
 * `npm run prove`: generates policies, proves each, and tries it with random requests in random fleets; prover and walks have to agree
 * every time. `--policies 100000`, `--requests 50`, `--seed N` (default: a fresh one, printed). Ends with 1 at the first disagreement.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { proveCase } from '#test/prover/prove-cases.ts';

const { values } = parseArgs({
  options: { policies: { type: 'string', default: '100000' }, requests: { type: 'string', default: '50' }, seed: { type: 'string' } },
});
const [policies, requests] = [Number(values.policies), Number(values.requests)];
const seed = Number(values.seed ?? randomInt(2 ** 31));
/** As many policies as are made at once, and a line is printed for. */
const batch = 1_000;

console.log(`${policies} policies × ${requests} requests, seed ${seed}`);
const seen = { policies: 0, states: 0, walks: 0, dials: 0, foreseen: 0, replayed: 0 };
for (let from = 0; from < policies; from += batch) {
  const count = Math.min(batch, policies - from);
  for (const [at, g] of fc.sample(fc.gen(), { seed: seed + from, numRuns: count }).entries()) {
    try {
      const one = proveCase(g, requests, { passagesMax: 2_000, passagesInAllMax: 8_000, samples: 30, seed });
      seen.policies++;
      seen.states += one.proof.states;
      seen.walks += one.walks;
      seen.dials += one.dials;
      seen.foreseen += one.foreseen;
      seen.replayed += one.replayed;
    } catch (error) {
      console.error(`policy ${at} of seed ${seed + from} (--seed ${seed + from} --policies ${at + 1}):`);
      console.error(error);
      console.log(JSON.stringify({ part: 'prove', seed, requests, ...seen, failed: 1 }));
      process.exit(1);
    }
  }
  console.log(JSON.stringify(seen));
}
console.log('prover and walks agree');
console.log(JSON.stringify({ part: 'prove', seed, requests, ...seen, failed: 0 }));

/**
 * `npm run fuzz`: bad input of every sort, made from a seed. `--inputs 1000000` of all sorts together, or of one with `--only bodies`
 * (bodies, streams, requests, targets, heads, policies); `--seed N` (default: a fresh one, printed); `--from N` begins at that input.
 * One line of counts for each sort. Ends with 1 at the first input that did what none may do, and says how to see it again.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runFuzzer } from '#test/fuzz/fuzzer.ts';
import { fuzzers } from '#test/fuzz/fuzzers.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
});
const seed = Number(values.seed ?? randomInt(2 ** 31));
const chosen = values.only === undefined ? fuzzers : fuzzers.filter(({ name }) => name === values.only);
if (chosen.length === 0) throw new Error(`there is no "${values.only}"; there are ${fuzzers.map(({ name }) => name).join(', ')}`);

console.log(`${values.inputs} inputs, seed ${seed}`);
let failed = 0;
for (const fuzzer of chosen) {
  const inputs = values.only === undefined ? Math.round((Number(values.inputs) * fuzzer.share) / 100) : Number(values.inputs);
  const startedMs = performance.now();
  try {
    const counts = await runFuzzer(fuzzer, { inputs, seed, from: Number(values.from) });
    console.log(
      JSON.stringify({ fuzzer: fuzzer.name, seed, inputs, seconds: Math.round((performance.now() - startedMs) / 1000), ...counts }),
    );
  } catch (error) {
    failed++;
    console.error(error);
  }
}
console.log(failed === 0 ? 'nothing fell over' : `${failed} of ${chosen.length} sorts found something`);
console.log(JSON.stringify({ part: 'fuzz', seed, inputs: Number(values.inputs), sorts: chosen.length, failed }));
process.exitCode = failed === 0 ? 0 : 1;

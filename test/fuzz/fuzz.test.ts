/** A slice of `npm run fuzz`, with a fresh seed every time. */
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runFuzzer } from './fuzzer.ts';
import { fuzzers } from './fuzzers.ts';

const inputs = 20_000;
const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));

for (const fuzzer of fuzzers) {
  test(`${fuzzer.name}: no input throws, stalls, leaks or reaches a machine that should not (seed ${seed})`, async (t) => {
    const counts = await runFuzzer(fuzzer, { inputs: (inputs * fuzzer.share) / 100, seed });
    t.diagnostic(JSON.stringify(counts));
  });
}

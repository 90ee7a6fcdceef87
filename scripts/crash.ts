/**
 * `npm run crash -- --rounds 500`: kills a house at random moments under load and compares what its callers were answered with what the
 * record says afterwards. `--seed N` (default: a fresh one, printed). Ends with one line of JSON, and with 1 if anything was lost.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { crashRounds } from '#test/record/crash-rounds.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '500' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? randomInt(2 ** 31));
const { failures, ...report } = await crashRounds({ rounds: Number(values.rounds), seed });
for (const failure of failures) console.error(failure);
console.log(JSON.stringify({ part: 'crash', seed, ...report, failed: failures.length }));
process.exitCode = failures.length === 0 ? 0 : 1;

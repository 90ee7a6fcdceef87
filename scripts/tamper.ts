/**
 * `npm run tamper`: changes records in random ways, with raw bytes and with SQL, hashed anew but not signed, and asks the audit each
 * time; then checks honest records. `--rounds 10000`, `--honest 1000`, `--seed N` (default: a fresh one, printed). Ends with one line of
 * JSON, and with 1 if anything was not found or an honest record was blamed.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkHonest } from '#test/audit/check-honest.ts';
import { tamperAll } from '#test/audit/tamper.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { rounds: { ...text, default: '10000' }, honest: { ...text, default: '0' }, seed: text } });
const seed = Number(values.seed ?? randomInt(2 ** 31));
console.log(`${values.rounds} tamperings, ${values.honest} honest records, seed ${seed}`);
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tamper-'));
try {
  const { rounds, found, failed, meaningless, failures, ways } = tamperAll(Number(values.rounds), seed, folder);
  const honest = checkHonest(Number(values.honest), seed, folder);
  for (const [way, count] of Object.entries(ways)) console.log(`${String(count).padStart(6)}  ${way}`);
  for (const line of [...failures, ...honest.blamed]) console.error(line);
  const blamed = honest.blamed.length;
  console.log(JSON.stringify({ part: 'tamper', seed, rounds, found, failed, meaningless, honest: honest.records, blamed }));
  process.exitCode = failed + blamed > 0 || rounds + honest.records === 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { givenKey } from '#audit/open-record.ts';
import { keyOf } from '#audit/export-log.ts';
import { verifyRecord } from '#audit/verify-record.ts';
import { diceOf } from '#test/sim/random.ts';
import { makeLog } from './make-log.ts';

/** Makes honest records and lets the audit check them; tells what it blames them for, and what had happened to them. */
export function checkHonest(
  records: number,
  seed: number,
  folder: string,
): { readonly records: number; readonly blamed: readonly string[]; readonly stories: ReadonlySet<string> } {
  const blamed: string[] = [];
  const stories = new Set<string>();
  for (let record = 0; record < records; record++) {
    const dice = diceOf(seed + record);
    const at = join(folder, `honest-${record}`);
    const made = makeLog(at, dice, dice.int(20, 250));
    for (const story of made.story) stories.add(story);
    const report = verifyRecord(made.file, { key: givenKey(keyOf(made.file)), checkpoints: made.outside });
    const named = `record ${record} of seed ${seed}, ${made.story.join(', ')}`;
    if (!report.ok) blamed.push(`${named}: ${JSON.stringify(report.findings.slice(0, 3))}`);
    else if (report.proven?.by !== 'outside') blamed.push(`${named}: not proven by the outside copy`);
    rmSync(at, { recursive: true, force: true });
  }
  return { records, blamed, stories };
}

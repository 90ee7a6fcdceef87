import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#scripts/tree.ts';

/** What the last written run of the command found; `docs/reliability.md` shows it. */
export interface ReliabilityResults {
  /** The commit it ran on. */
  readonly commit: string;
  readonly seed: number;
  readonly faults: Readonly<Record<string, Tally>>;
  readonly pairs: Tally;
}

export interface Tally {
  readonly rounds: number;
  readonly passed: number;
}

const path = join(ROOT, 'test/faults/results.json');

export function readResults(): ReliabilityResults {
  const results: ReliabilityResults = JSON.parse(readFileSync(path, 'utf8'));
  return results;
}

export function writeResults(results: ReliabilityResults): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

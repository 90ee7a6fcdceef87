import type { DatabaseSync } from 'node:sqlite';
import { boundsOf } from './list-records.ts';
import type { RecordFilter } from './list-records.ts';
import { numberIn, textIn } from './record-row.ts';

/** What costs can be summed by. */
export const COST_KEYS = {
  task: 'task',
  key: 'principal',
  profile: 'profile',
  route: 'route',
  upstream: 'upstream',
  // What stands behind the first slash of the target.
  model: "substr(target, instr(target, '/') + 1)",
  session: 'session',
} as const;
export type CostKey = keyof typeof COST_KEYS | 'day';

/** What one group of calls cost. Amounts are sums of what is known; `unknown` says of how many calls it is not. */
export interface CostGroup {
  /** The value they share; null for those without one. */
  readonly name: string | null;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costNano: number;
  readonly unknown: number;
  readonly energyMws: number;
  /** What the answers of the house among them would have cost at the price the policy compares with. */
  readonly compareNano: number;
}

/**
 * Sums the costs of calls, dearest first; days in their order. `offsetMs`: how far local time is ahead of UTC, for the days.
 */
export function costGroups(
  database: DatabaseSync,
  by: CostKey,
  filter: RecordFilter & { readonly offsetMs?: number },
): readonly CostGroup[] {
  const { above, below } = boundsOf(database, filter, null);
  const key = by === 'day' ? `date((at + ${Math.trunc(filter.offsetMs ?? 0)}) / 1000, 'unixepoch')` : COST_KEYS[by];
  const rows = database
    .prepare(
      `SELECT ${key} AS name, count(*) AS calls, total(input_tokens) AS input, total(output_tokens) AS output, total(cost_nano) AS cost,
         sum(cost_nano IS NULL) AS unknown, total(energy_mws) AS energy, total(compare_nano) AS compare
       FROM records WHERE seq > ? AND seq < ? GROUP BY 1 ORDER BY ${by === 'day' ? '1' : 'cost DESC, calls DESC, 1'}`,
    )
    .all(above, below);
  return rows.map((row) => ({
    name: textIn(row, 'name'),
    calls: numberIn(row, 'calls') ?? 0,
    inputTokens: numberIn(row, 'input') ?? 0,
    outputTokens: numberIn(row, 'output') ?? 0,
    costNano: numberIn(row, 'cost') ?? 0,
    unknown: numberIn(row, 'unknown') ?? 0,
    energyMws: numberIn(row, 'energy') ?? 0,
    compareNano: numberIn(row, 'compare') ?? 0,
  }));
}

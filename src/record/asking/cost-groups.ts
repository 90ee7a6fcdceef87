import type { DatabaseSync } from 'node:sqlite';
import { boundsOf, conditions, termsOf } from './list-records.ts';
import type { RecordFilter } from './list-records.ts';
import { whileInTime } from './record-reader.ts';
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
  /** So many groups that are not told one by one: the cheapest, together. */
  readonly others?: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costNano: number;
  readonly unknown: number;
  readonly energyMws: number;
  /** What the answers of the house among them would have cost at the price the policy compares with. */
  readonly compareNano: number;
}

/** So many groups are told if nobody says how many. */
const groupsUsual = 100;
/** More than a record ever has. */
const daysMax = 1_000_000;

/**
 * Sums the costs of calls, dearest first; days in their order. `offsetMs`: how far local time is ahead of UTC, for the days. `limit`: groups
 * that are told one by one; all others are the last one. Of days there are not so many that any would be left out.
 */
export function costGroups(
  database: DatabaseSync,
  by: CostKey,
  filter: RecordFilter & { readonly offsetMs?: number; readonly limit?: number },
): readonly CostGroup[] {
  const { above, below } = boundsOf(database, filter, null);
  const terms = termsOf(filter);
  const key = by === 'day' ? `date((at + ${Math.trunc(filter.offsetMs ?? 0)}) / 1000, 'unixepoch')` : COST_KEYS[by];
  const limit = by === 'day' ? daysMax : (filter.limit ?? groupsUsual);
  const order = by === 'day' ? 'name' : 'cost DESC, calls DESC, name';
  const rows = database
    .prepare(
      `WITH sums AS (
         SELECT ${key} AS name, count(*) AS calls, total(input_tokens) AS input, total(output_tokens) AS output, total(cost_nano) AS cost,
           sum(cost_nano IS NULL) AS unknown, total(energy_mws) AS energy, total(compare_nano) AS compare
         FROM records WHERE seq > ? AND seq < ? AND ${whileInTime('seq')} ${conditions(terms)} GROUP BY 1
       ), placed AS (SELECT *, row_number() OVER (ORDER BY ${order}) AS place FROM sums)
       SELECT min(name) AS name, count(*) AS groups, sum(calls) AS calls, total(input) AS input, total(output) AS output, total(cost) AS cost,
         sum(unknown) AS unknown, total(energy) AS energy, total(compare) AS compare
       FROM placed GROUP BY min(place, ?) ORDER BY min(place, ?)`,
    )
    .all(above, below, ...terms.map(([, value]) => value), limit + 1, limit + 1);
  return rows.map((row) => ({
    ...nameOf(textIn(row, 'name'), numberIn(row, 'groups') ?? 1),
    calls: numberIn(row, 'calls') ?? 0,
    inputTokens: numberIn(row, 'input') ?? 0,
    outputTokens: numberIn(row, 'output') ?? 0,
    costNano: numberIn(row, 'cost') ?? 0,
    unknown: numberIn(row, 'unknown') ?? 0,
    energyMws: numberIn(row, 'energy') ?? 0,
    compareNano: numberIn(row, 'compare') ?? 0,
  }));
}

/** One group has its name; several have none. */
function nameOf(name: string | null, groups: number): Pick<CostGroup, 'name' | 'others'> {
  return groups === 1 ? { name } : { name: null, others: groups };
}

import type { DatabaseSync } from 'node:sqlite';
import { COST_KEYS } from './cost-groups.ts';
import { numberIn, textIn } from './record-row.ts';

/** What scores can be ranked by. */
export type RankKey = 'route' | 'model' | 'upstream' | 'task';

/** How one route, model, upstream or task was scored under one name. */
export interface ScoreRank {
  readonly name: string | null;
  readonly score: string;
  /** How many numbers were given, and their mean; null where there were words only. */
  readonly numbers: number;
  readonly mean: number | null;
  /** The words given and how often, most frequent first. */
  readonly labels: readonly { readonly label: string; readonly count: number }[];
}

/** Ranks by the scores that calls were given, the best mean first. Of a score given twice to a call from one source the later counts. */
export function scoreRanks(database: DatabaseSync, by: RankKey): readonly ScoreRank[] {
  const rows = database
    .prepare(
      `SELECT ${COST_KEYS[by]} AS name, s.name AS score, s.label AS label, count(s.value) AS numbers, total(s.value) AS sum, count(*) AS n
       FROM scores s JOIN records r ON r.id = s.id
       WHERE s.seq = (SELECT max(o.seq) FROM scores o WHERE o.id = s.id AND o.name = s.name AND o.source IS s.source)
       GROUP BY 1, 2, 3`,
    )
    .all();
  const ranks = new Map<
    string,
    { name: string | null; score: string; numbers: number; sum: number; labels: { label: string; count: number }[] }
  >();
  for (const row of rows) {
    const [name, score, label] = [textIn(row, 'name'), textIn(row, 'score') ?? '', textIn(row, 'label')];
    const at = JSON.stringify([name, score]);
    const rank = ranks.get(at) ?? { name, score, numbers: 0, sum: 0, labels: [] };
    ranks.set(at, rank);
    rank.numbers += numberIn(row, 'numbers') ?? 0;
    rank.sum += numberIn(row, 'sum') ?? 0;
    if (label !== null) rank.labels.push({ label, count: numberIn(row, 'n') ?? 0 });
  }
  return [...ranks.values()]
    .map(({ sum, labels, ...rank }) => ({
      ...rank,
      mean: rank.numbers === 0 ? null : sum / rank.numbers,
      labels: labels.toSorted((a, b) => b.count - a.count),
    }))
    .toSorted((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : (b.mean ?? -Infinity) - (a.mean ?? -Infinity)));
}

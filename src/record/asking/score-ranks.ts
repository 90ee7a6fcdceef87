import type { DatabaseSync } from 'node:sqlite';
import { COST_KEYS } from './cost-groups.ts';
import { whileInTime } from './record-reader.ts';
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

/** More groups than this, and more words of one group, are not told: those with the most scores are. */
const groupsMax = 500;
const labelsMax = 20;

/**
 * Ranks by the scores that calls were given, the best mean first. Of a score given twice to a call from one source the later counts. `since`: scores
 * given from then on, milliseconds since 1970.
 */
export function scoreRanks(database: DatabaseSync, by: RankKey, since = 0): readonly ScoreRank[] {
  const given = `WITH given AS (
       SELECT ${COST_KEYS[by]} AS name, s.name AS score, s.label AS label, s.value AS value
       FROM scores s JOIN records r ON r.id = s.id
       WHERE s.at >= ? AND ${whileInTime('s.seq')}
         AND s.seq = (SELECT max(o.seq) FROM scores o WHERE o.id = s.id AND o.name = s.name AND o.source IS s.source))`;
  const groups = database
    .prepare(
      `${given} SELECT name, score, count(value) AS numbers, avg(value) AS mean FROM given GROUP BY 1, 2 ORDER BY count(*) DESC, 2, 1 LIMIT ${groupsMax}`,
    )
    .all(since);
  const labels = database
    .prepare(
      `${given} SELECT name, score, label, n FROM (
         SELECT name, score, label, count(*) AS n, row_number() OVER (PARTITION BY name, score ORDER BY count(*) DESC, label) AS place
         FROM given WHERE label IS NOT NULL GROUP BY 1, 2, 3)
       WHERE place <= ${labelsMax} ORDER BY n DESC, label LIMIT ${groupsMax * labelsMax}`,
    )
    .all(since);
  return groups
    .map((row) => ({
      name: textIn(row, 'name'),
      score: textIn(row, 'score') ?? '',
      numbers: numberIn(row, 'numbers') ?? 0,
      mean: numberIn(row, 'mean'),
      labels: labels
        .filter((each) => each['name'] === row['name'] && each['score'] === row['score'])
        .map((each) => ({ label: textIn(each, 'label') ?? '', count: numberIn(each, 'n') ?? 0 })),
    }))
    .toSorted((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : (b.mean ?? -Infinity) - (a.mean ?? -Infinity)));
}

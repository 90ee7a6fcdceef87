import type { CostGroup, CostKey } from './cost-groups.ts';
import type { RecordFilter, RecordPage } from './list-records.ts';
import type { CallStory } from './read-call.ts';
import type { Run, RunRow } from './runs.ts';
import type { RankKey, ScoreRank } from './score-ranks.ts';

/** What the record can be asked. */
export type Question =
  | { readonly ask: 'records'; readonly filter: RecordFilter; readonly limit: number; readonly before: number | null }
  | { readonly ask: 'call'; readonly id: string }
  /** The whole id of the call that is named by it or by its beginning. */
  | { readonly ask: 'id'; readonly named: string }
  | { readonly ask: 'cost'; readonly by: CostKey; readonly filter: RecordFilter; readonly limit: number }
  | { readonly ask: 'runs'; readonly since: number; readonly limit: number }
  | { readonly ask: 'run'; readonly session: string }
  | { readonly ask: 'ranks'; readonly by: RankKey; readonly since: number };

/** A call with its texts as texts; null where they are not kept. */
export type ToldCall = Omit<CallStory, 'bodies'> & {
  readonly captured: { readonly request: string; readonly reply: string };
  readonly said: { readonly request: string | null; readonly reply: string | null };
};

/** What is answered to each. Null: there is no such call or run. */
export interface Answers {
  readonly records: RecordPage;
  readonly call: ToldCall | null;
  readonly id: string | null;
  readonly cost: readonly CostGroup[];
  readonly runs: readonly RunRow[];
  readonly run: Run | null;
  readonly ranks: readonly ScoreRank[];
}

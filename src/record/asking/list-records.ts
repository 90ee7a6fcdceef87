import type { DatabaseSync } from 'node:sqlite';
import { whileInTime } from './record-reader.ts';
import { recordRow } from './record-row.ts';
import type { RecordRow } from './record-row.ts';
import { TERM_COLUMNS, termOf, termsThrough } from './terms.ts';
import type { TermColumn } from './terms.ts';

/** Which calls are asked for. Times are of the calls' ends, milliseconds since 1970. */
export interface RecordFilter extends Partial<Readonly<Record<TermColumn, string>>> {
  readonly since?: number;
  readonly until?: number;
}

/** One page of a list, newest first. */
export interface RecordPage {
  readonly rows: readonly RecordRow[];
  /** Give it as `before` to go on; null at the end. */
  readonly next: number | null;
}

interface Bounds {
  /** Rows with a `seq` above this, and below that. */
  readonly above: number;
  readonly below: number;
}

/** Lists calls. `before`: a page's `next`. Where a value is rare, its terms lead to it; what has none yet is looked through. */
export function listRecords(
  database: DatabaseSync,
  filter: RecordFilter,
  { limit, before }: { readonly limit: number; readonly before: number | null },
): RecordPage {
  const bounds = boundsOf(database, filter, before);
  const terms = termsOf(filter);
  // One more than asked for tells whether there is another page.
  const wanted = limit + 1;
  if (terms.length === 0) return pageOf(scan(database, terms, { bounds, limit: wanted }), limit);
  const through = termsThrough(database);
  const fresh = scan(database, terms, { bounds: { ...bounds, above: Math.max(bounds.above, through) }, limit: wanted });
  const older = wanted - fresh.length;
  const rest =
    older === 0 ? [] : seek(database, terms, { bounds: { ...bounds, below: Math.min(bounds.below, through + 1) }, limit: older });
  return pageOf([...fresh, ...rest], limit);
}

/** At most so many are told at once to whoever follows. */
export const followMax = 1_000;

/** Calls that ended after one that was seen, oldest first: for whoever follows. */
export function recordsAfter(database: DatabaseSync, filter: RecordFilter, seq: number): readonly RecordRow[] {
  const terms = termsOf(filter);
  const rows = database
    .prepare(`SELECT * FROM records WHERE seq > ? AND ${whileInTime('seq')} ${conditions(terms)} ORDER BY seq LIMIT ${followMax}`)
    .all(seq, ...terms.map(([, value]) => value));
  return rows.map(recordRow);
}

/** The `seq` of the last entry of the log; 0 for an empty one. */
export function lastSeq(database: DatabaseSync): number {
  return Number(database.prepare('SELECT max(seq) AS seq FROM log').get()?.['seq'] ?? 0);
}

/** The rows of the calls between two moments: `seq` and time both grow, so a few look-ups find the place. */
export function boundsOf(database: DatabaseSync, { since, until }: RecordFilter, before: number | null): Bounds {
  const above = since === undefined ? 0 : lastEndBefore(database, since);
  const below = until === undefined ? Number.MAX_SAFE_INTEGER : lastEndBefore(database, until + 1) + 1;
  return { above, below: Math.min(below, before ?? Number.MAX_SAFE_INTEGER) };
}

/** The `seq` of the last call that ended before a moment. */
function lastEndBefore(database: DatabaseSync, at: number): number {
  // Each by itself is a look-up; asked for together they are looked for in every row.
  const range = database.prepare('SELECT (SELECT min(seq) FROM records) AS low, (SELECT max(seq) FROM records) AS high').get();
  // How long a call took that was interrupted is not known; the next one tells.
  const next = database.prepare('SELECT seq, at, duration_ms FROM records WHERE seq >= ? AND duration_ms IS NOT NULL ORDER BY seq LIMIT 1');
  let low = Number(range?.['low'] ?? 1);
  let high = Number(range?.['high'] ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = next.get(middle);
    if (row && Number(row['at']) + Number(row['duration_ms']) < at) low = Number(row['seq']) + 1;
    else high = middle;
  }
  return low - 1;
}

type Wanted = readonly (readonly [column: TermColumn, value: string])[];

/** The values that a filter asks for, besides the time. */
export function termsOf(filter: RecordFilter): Wanted {
  return TERM_COLUMNS.flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [[column, value] as const];
  });
}

/** That rows have these values, for a statement that is given them in their order. */
export function conditions(terms: Wanted): string {
  return terms.map(([column]) => `AND ${column} = ?`).join(' ');
}

function scan(
  database: DatabaseSync,
  terms: Wanted,
  { bounds, limit }: { readonly bounds: Bounds; readonly limit: number },
): readonly RecordRow[] {
  if (bounds.above >= bounds.below - 1) return [];
  const rows = database
    .prepare(`SELECT * FROM records WHERE seq > ? AND seq < ? AND ${whileInTime('seq')} ${conditions(terms)} ORDER BY seq DESC LIMIT ?`)
    .all(bounds.above, bounds.below, ...terms.map(([, value]) => value), limit);
  return rows.map(recordRow);
}

/** Follows the rarest term, and looks for the others only where it leads. Where all are frequent it is quicker to look at every call. */
function seek(
  database: DatabaseSync,
  terms: Wanted,
  { bounds, limit }: { readonly bounds: Bounds; readonly limit: number },
): readonly RecordRow[] {
  const [rarest, ...others] = byRarity(database, terms, bounds);
  if (rarest === undefined || (others.length > 0 && rarest.count >= countedMax)) return scan(database, terms, { bounds, limit });
  const more = others.map(() => 'AND EXISTS (SELECT 1 FROM terms o WHERE o.term = ? AND o.seq = t.seq)').join(' ');
  const exact = terms.map(([column]) => `AND r.${column} = ?`).join(' ');
  const rows = database
    .prepare(
      `SELECT r.* FROM terms t CROSS JOIN records r ON r.seq = t.seq WHERE t.term = ? AND t.seq > ? AND t.seq < ? AND ${whileInTime('t.seq')} ${more} ${exact} ORDER BY t.seq DESC LIMIT ?`,
    )
    .all(rarest.term, bounds.above, bounds.below, ...others.map(({ term }) => term), ...terms.map(([, value]) => value), limit);
  return rows.map(recordRow);
}

/** Further than this nobody counts: such a term is frequent. */
const countedMax = 20_000;

interface CountedTerm {
  readonly term: string;
  readonly count: number;
}

/** The terms with how many calls have them between the bounds, the rarest first. A term alone need not be counted. */
function byRarity(database: DatabaseSync, wanted: Wanted, { above, below }: Bounds): readonly CountedTerm[] {
  const terms = wanted.map(([column, value]) => termOf(column, value));
  if (terms.length === 1) return terms.map((term) => ({ term, count: 0 }));
  const count = database.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM terms WHERE term = ? AND seq > ? AND seq < ? LIMIT ${countedMax})`,
  );
  return terms.map((term) => ({ term, count: Number(count.get(term, above, below)?.['n']) })).toSorted((a, b) => a.count - b.count);
}

function pageOf(rows: readonly RecordRow[], limit: number): RecordPage {
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null };
}

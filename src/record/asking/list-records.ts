import type { DatabaseSync } from 'node:sqlite';
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

/** Calls that ended after one that was seen, oldest first: for whoever follows. */
export function recordsAfter(database: DatabaseSync, filter: RecordFilter, seq: number): readonly RecordRow[] {
  const terms = termsOf(filter);
  const rows = database
    .prepare(`SELECT * FROM records WHERE seq > ? ${conditions(terms)} ORDER BY seq LIMIT 1000`)
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
  const range = database.prepare('SELECT min(seq) AS low, max(seq) AS high FROM records').get();
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

function termsOf(filter: RecordFilter): Wanted {
  return TERM_COLUMNS.flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [[column, value] as const];
  });
}

function conditions(terms: Wanted): string {
  return terms.map(([column]) => `AND ${column} = ?`).join(' ');
}

function scan(
  database: DatabaseSync,
  terms: Wanted,
  { bounds, limit }: { readonly bounds: Bounds; readonly limit: number },
): readonly RecordRow[] {
  if (bounds.above >= bounds.below - 1) return [];
  const rows = database
    .prepare(`SELECT * FROM records WHERE seq > ? AND seq < ? ${conditions(terms)} ORDER BY seq DESC LIMIT ?`)
    .all(bounds.above, bounds.below, ...terms.map(([, value]) => value), limit);
  return rows.map(recordRow);
}

/** Follows the rarest term, and looks for the others only where it leads. */
function seek(
  database: DatabaseSync,
  terms: Wanted,
  { bounds, limit }: { readonly bounds: Bounds; readonly limit: number },
): readonly RecordRow[] {
  const [first = '', ...others] = byRarity(
    database,
    terms.map(([column, value]) => termOf(column, value)),
  );
  const more = others.map(() => 'AND EXISTS (SELECT 1 FROM terms o WHERE o.term = ? AND o.seq = t.seq)').join(' ');
  const exact = terms.map(([column]) => `AND r.${column} = ?`).join(' ');
  const rows = database
    .prepare(
      `SELECT r.* FROM terms t CROSS JOIN records r ON r.seq = t.seq WHERE t.term = ? AND t.seq > ? AND t.seq < ? ${more} ${exact} ORDER BY t.seq DESC LIMIT ?`,
    )
    .all(first, bounds.above, bounds.below, ...others, ...terms.map(([, value]) => value), limit);
  return rows.map(recordRow);
}

/** Further than this nobody counts: all of them are frequent. */
const countedMax = 5_000;

function byRarity(database: DatabaseSync, terms: readonly string[]): readonly string[] {
  const count = database.prepare(`SELECT count(*) AS n FROM (SELECT 1 FROM terms WHERE term = ? LIMIT ${countedMax})`);
  return terms
    .map((term) => ({ term, n: Number(count.get(term)?.['n']) }))
    .toSorted((a, b) => a.n - b.n)
    .map(({ term }) => term);
}

function pageOf(rows: readonly RecordRow[], limit: number): RecordPage {
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null };
}

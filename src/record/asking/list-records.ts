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

/** How much of a list is wanted. */
export interface PageWanted {
  readonly limit: number;
  /** A page's `next`; null for the first. */
  readonly before: number | null;
  /** Entries of the log that are looked through for one page, at most. */
  readonly lookAt?: number;
  /** A value that so many calls have is frequent: its terms are not followed. */
  readonly frequent?: number;
}

/** Some 150,000 calls, which takes 20 to 30 ms where the file is in memory. */
const lookAtUsual = 300_000;
const frequentUsual = 20_000;

/**
 * Lists calls. Where a value is rare, its terms lead to it; what has none yet, and values that are all frequent, are looked through, so much for
 * each page: one may hold fewer calls than are wanted, or none, and still say where to go on.
 */
export function listRecords(
  database: DatabaseSync,
  filter: RecordFilter,
  { limit, before, lookAt = lookAtUsual, frequent = frequentUsual }: PageWanted,
): RecordPage {
  const bounds = boundsOf(database, filter, before);
  const terms = termsOf(filter);
  // One more than asked for tells whether there is another page.
  const wanted = limit + 1;
  if (terms.length === 0) return pageOf(scan(database, terms, { bounds, limit: wanted }), limit);
  const through = termsThrough(database);
  const below = Math.min(bounds.below, lastEnd(database) + 1);
  const floor = below - 1 - lookAt;
  const fresh = { above: Math.max(bounds.above, through, floor), below };
  const first = scan(database, terms, { bounds: fresh, limit: wanted });
  if (first.length === wanted || fresh.above === bounds.above) return pageOf(first, limit);
  if (fresh.above > through) return partOf(first, fresh.above);
  const old = { above: bounds.above, below: Math.min(below, through + 1) };
  const rarest = rarestFirst(database, terms, { ...old, frequent });
  if (rarest !== null) return pageOf([...first, ...seek(database, terms, { rarest, bounds: old, limit: wanted - first.length })], limit);
  const near = { above: Math.max(old.above, floor), below: old.below };
  const found = [...first, ...scan(database, terms, { bounds: near, limit: wanted - first.length })];
  return found.length === wanted || near.above === old.above ? pageOf(found, limit) : partOf(found, near.above);
}

/** The newest calls that fit, so many as are wanted, however much has to be looked through. */
export function latestRecords(database: DatabaseSync, filter: RecordFilter, limit: number): readonly RecordRow[] {
  const found: RecordRow[] = [];
  for (let before: number | null = null; found.length < limit;) {
    const page = listRecords(database, filter, { limit: limit - found.length, before });
    found.push(...page.rows);
    if (page.next === null) break;
    before = page.next;
  }
  return found;
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

/** Follows the rarest term, and looks for the others only where it leads. */
function seek(
  database: DatabaseSync,
  terms: Wanted,
  { rarest, bounds, limit }: { readonly rarest: readonly string[]; readonly bounds: Bounds; readonly limit: number },
): readonly RecordRow[] {
  const [term = '', ...others] = rarest;
  const more = others.map(() => 'AND EXISTS (SELECT 1 FROM terms o WHERE o.term = ? AND o.seq = t.seq)').join(' ');
  const exact = terms.map(([column]) => `AND r.${column} = ?`).join(' ');
  const rows = database
    .prepare(
      `SELECT r.* FROM terms t CROSS JOIN records r ON r.seq = t.seq WHERE t.term = ? AND t.seq > ? AND t.seq < ? AND ${whileInTime('t.seq')} ${more} ${exact} ORDER BY t.seq DESC LIMIT ?`,
    )
    .all(term, bounds.above, bounds.below, ...others, ...terms.map(([, value]) => value), limit);
  return rows.map(recordRow);
}

/** The terms with the rarest first, by how many calls between the bounds have them; null if all are frequent. A term alone need not be counted. */
function rarestFirst(
  database: DatabaseSync,
  wanted: Wanted,
  { above, below, frequent }: Bounds & { readonly frequent: number },
): readonly string[] | null {
  const terms = wanted.map(([column, value]) => termOf(column, value));
  if (terms.length === 1) return terms;
  const count = database.prepare('SELECT count(*) AS n FROM (SELECT 1 FROM terms WHERE term = ? AND seq > ? AND seq < ? LIMIT ?)');
  const counted = terms
    .map((term) => ({ term, count: Number(count.get(term, above, below, frequent)?.['n']) }))
    .toSorted((a, b) => a.count - b.count);
  return (counted[0]?.count ?? 0) >= frequent ? null : counted.map(({ term }) => term);
}

function lastEnd(database: DatabaseSync): number {
  return Number(database.prepare('SELECT max(seq) AS seq FROM records').get()?.['seq'] ?? 0);
}

/** A page that ends where so much was looked through as one may; there may be more below. */
function partOf(rows: readonly RecordRow[], above: number): RecordPage {
  return { rows, next: above + 1 };
}

function pageOf(rows: readonly RecordRow[], limit: number): RecordPage {
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null };
}

import type { DatabaseSync } from 'node:sqlite';
import { firstHash, hexOf } from './chain.ts';
import { CannotRead } from './finding.ts';
import { identityOf, openRecord } from './open-record.ts';
import type { OpenRecord } from './open-record.ts';
import { iterate } from './merge-rows.ts';
import type { Members } from './read-entry.ts';

/** Which entries, by their time in milliseconds since 1970; null for no bound. */
export interface ExportRange {
  readonly since: number | null;
  readonly until: number | null;
}

/** What an export holds. */
export interface Exported {
  readonly entries: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Whether its last entry is a checkpoint, which signs all the others. */
  readonly sealed: boolean;
}

/** Entries read in one transaction. */
const chunkEntries = 500;
/** Entries are handed on in pieces of about this many characters. */
const pieceChars = 65_536;
const opening = /^\{"seq":\d+,"type":"([a-z]+)","at":(-?\d+)/;

/**
 * Writes entries as lines of JSON: first one with the log, its key and `from`, the hash before the first entry; then one for each entry.
 * A range goes on to the checkpoint that signs its last entry, so that what is exported can be proven. Throws `CannotRead`.
 */
export function exportLog(path: string, range: ExportRange, write: (text: string) => void): Exported {
  const record = openRecord(path);
  try {
    const { log, key } = identityOf(record);
    const bounds = boundsOf(record, range);
    if (bounds === null) {
      write(`${JSON.stringify({ log, key, from: null })}\n`);
      return { entries: 0, first: null, last: null, sealed: false };
    }
    const before = record.db.prepare('SELECT hash FROM log WHERE seq = ?').get(bounds.first - 1)?.['hash'];
    const from = bounds.first === 1 ? firstHash(log) : before instanceof Uint8Array ? before : prunedHead(record.db, bounds.first);
    let piece = `${JSON.stringify({ log, key, from: from === null ? null : hexOf(from) })}\n`;
    let entries = 0;
    for (const { seq, hash, bytes } of entriesOf(record, 'seq, hash, bytes', bounds)) {
      if (Number(seq) > bounds.first + entries && isFirst(record.db, Number(seq)))
        throw new CannotRead('entries were pruned while they were read; run this again');
      if (!(hash instanceof Uint8Array) || !(bytes instanceof Uint8Array)) continue;
      piece += `${JSON.stringify({ seq, hash: hexOf(hash), entry: Buffer.from(bytes).toString('utf8') })}\n`;
      entries++;
      if (piece.length < pieceChars) continue;
      write(piece);
      piece = '';
    }
    write(piece);
    record.stillTheSame();
    return { entries, ...bounds };
  } finally {
    record.close();
  }
}

/** The public key that the file names, base64. Throws `CannotRead`. */
export function keyOf(path: string): string {
  const record = openRecord(path);
  try {
    return identityOf(record).key;
  } finally {
    record.close();
  }
}

/** From the first entry of the range to the checkpoint after its last; clocks may step back, so every entry is looked at. */
function boundsOf(
  record: OpenRecord,
  { since, until }: ExportRange,
): { readonly first: number; readonly last: number; readonly sealed: boolean } | null {
  let [first, last] = [Infinity, 0];
  const checkpoints: number[] = [];
  for (const { seq, head } of entriesOf(record, 'seq, substr(bytes, 1, 96) AS head', { first: 0, last: Number.MAX_SAFE_INTEGER })) {
    const found = head instanceof Uint8Array ? opening.exec(Buffer.from(head).toString('latin1')) : null;
    const at = Number(found?.[2]);
    if (found?.[1] === 'checkpoint') checkpoints.push(Number(seq));
    if ((since !== null && !(at >= since)) || (until !== null && !(at < until))) continue;
    first = Math.min(first, Number(seq));
    last = Number(seq);
  }
  if (last === 0) return null;
  const seal = checkpoints.find((seq) => seq >= last);
  return { first, last: seal ?? last, sealed: seal !== undefined };
}

/** Whether nothing before an entry is left. */
function isFirst(db: DatabaseSync, seq: number): boolean {
  return db.prepare('SELECT 1 FROM log WHERE seq < ?').get(seq) === undefined;
}

/** The entries of a range in order, some in each transaction. */
function* entriesOf(
  record: OpenRecord,
  columns: string,
  { first, last }: { readonly first: number; readonly last: number },
): Generator<Members> {
  let seen = first - 1;
  for (let more = true; more;) {
    const sql = `SELECT ${columns} FROM log WHERE seq BETWEEN ${seen + 1} AND ${last} ORDER BY seq LIMIT ${chunkEntries}`;
    const rows = [...iterate(record.db, sql)];
    // Whoever takes them may be slow.
    record.letGo();
    yield* rows;
    seen = Number(rows.at(-1)?.['seq']);
    more = rows.length === chunkEntries;
  }
}

/** The head that a prune entry signed for the first entry that is left. */
function prunedHead(db: DatabaseSync, first: number): Uint8Array | null {
  for (const { bytes } of iterate(db, 'SELECT bytes FROM log WHERE instr(substr(bytes, 1, 64), CAST(\'"type":"prune"\' AS BLOB)) > 0')) {
    if (!(bytes instanceof Uint8Array)) continue;
    const { before, head }: { readonly before?: unknown; readonly head?: unknown } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (before === first && typeof head === 'string') return Buffer.from(head, 'hex');
  }
  return null;
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';

/**
 * What a record says, as one hash: the rows of its tables in the order of their keys, the texts as they were said. Left out is what means
 * nothing to a reader: free pages and slack, how a text is compressed, the digests by which the writer finds equal texts. And what nothing
 * can prove: the salt of a text of which only the hash is kept.
 */
const questions = [
  "SELECT name, value FROM meta WHERE name IN ('log', 'key', 'prunedBefore') ORDER BY name",
  'SELECT seq, hash, bytes FROM log ORDER BY seq',
  'SELECT hash, json FROM policies ORDER BY hash',
  'SELECT hash, parent, body, refs FROM nodes ORDER BY hash',
  'SELECT hash, salt, coding, refs, bytes FROM bodies ORDER BY hash',
  'SELECT * FROM records ORDER BY seq',
  'SELECT * FROM scores ORDER BY seq',
  'SELECT id, seq FROM erased ORDER BY id',
  'SELECT term, seq FROM terms ORDER BY term, seq',
  // How far the terms were written means which calls have theirs, and whether calls to come will.
  `SELECT (SELECT count(*) FROM records WHERE seq <= mark) AS have, mark > (SELECT max(seq) FROM log) AS ahead
   FROM (SELECT CAST(value AS INTEGER) AS mark FROM meta WHERE name = 'termsThrough')`,
  "SELECT type, name, tbl_name FROM sqlite_schema WHERE type <> 'index' ORDER BY name",
  'PRAGMA user_version',
];

/** The meaning of a record and of its outside copy; one that cannot be read means something of its own. */
export function meaningOf(file: string, outside: string): string {
  const sum = createHash('sha256');
  try {
    sum.update(readFileSync(outside));
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      for (const question of questions) {
        sum.update(`\n${question}\n`);
        for (const row of db.prepare(question).iterate()) sum.update(spelt(row));
      }
    } finally {
      db.close();
    }
  } catch (error) {
    return `unreadable: ${String(error)}`;
  }
  return sum.digest('hex');
}

function spelt(row: Record<string, unknown>): string {
  const plain =
    row['coding'] === 2 && row['bytes'] === null
      ? { ...row, salt: null }
      : row['coding'] === 1 && row['bytes'] instanceof Uint8Array
        ? { ...row, coding: 0, bytes: decoded(row['bytes']) }
        : row;
  return JSON.stringify(Object.values(plain).map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : [value])));
}

function decoded(bytes: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(bytes);
  } catch {
    return bytes;
  }
}

import type { DatabaseSync } from 'node:sqlite';
import { termTables } from './asking/terms.ts';
import { bodyTables } from './bodies-tables.ts';
import { RECORD_COLUMNS } from './projection.ts';

/** `PRAGMA user_version` of the format that is written here. */
export const formatVersion = 1;

const recordColumns = RECORD_COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ');

/** What each version adds to the one before, in order. Each runs once, in one transaction with its number. */
const migrations: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT);
   CREATE TABLE log (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB);
   CREATE TABLE policies (hash TEXT PRIMARY KEY, json TEXT);
   ${bodyTables}
   CREATE TABLE records (seq INTEGER PRIMARY KEY, start_seq INTEGER NOT NULL, ${recordColumns});
   CREATE TABLE scores (seq INTEGER PRIMARY KEY, id TEXT, name TEXT, value REAL, label TEXT, source TEXT, comment TEXT, at INTEGER);
   CREATE INDEX scores_id ON scores (id);
   ${termTables}`,
];

/** How the writer uses the file. Pages of 8 KiB hold a whole entry, mostly; the size holds only before the first table.
 * A write-ahead log that grew while somebody read for long is cut to 16 MB when they are done. */
export function prepareWriting(database: DatabaseSync): void {
  database.exec(
    'PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16000000',
  );
}

/** The version of the format in the file: 0 for a file in which nothing was written yet. */
export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** Brings the file to this version; `first` runs in the transaction that makes the tables. */
export function migrate(database: DatabaseSync, first: () => void): void {
  for (let version = versionOf(database); version < migrations.length; version++) {
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(migrations[version] ?? '');
      if (version === 0) first();
      database.exec(`PRAGMA user_version = ${version + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

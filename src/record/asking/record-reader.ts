import { DatabaseSync } from 'node:sqlite';
import { logPath } from '#record/open-log.ts';

/** A record that was opened for asking. */
export type RecordFile = DatabaseSync;

/** Opens the record of a data folder for asking, beside whoever writes it. Throws if there is none, or if it cannot be read. */
export function openForAsking(folder: string): RecordFile {
  return new DatabaseSync(logPath(folder), { readOnly: true, timeout: 5_000 });
}

/** A policy that was in force, as canonical JSON; null if the record does not know it. */
export function policyJson(database: DatabaseSync, hash: string): string | null {
  const json = database.prepare('SELECT json FROM policies WHERE hash = ?').get(hash)?.['json'];
  return typeof json === 'string' ? json : null;
}

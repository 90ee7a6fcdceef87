import { DatabaseSync } from 'node:sqlite';
import { logPath } from '#record/open-log.ts';
import { QuestionTooLong } from './question-too-long.ts';

/** A record that was opened for asking. */
export type RecordFile = DatabaseSync;

/**
 * Opens the record of a data folder for asking, beside whoever writes it. Throws if there is none, or if it cannot be read. `inTime` is asked now and then
 * while rows are looked through; once it says no, the question ends with `QuestionTooLong`.
 */
export function openForAsking(folder: string, inTime: () => boolean = () => true): RecordFile {
  const database = new DatabaseSync(logPath(folder), { readOnly: true, timeout: 5_000 });
  database.function('in_time', () => {
    if (!inTime()) throw new QuestionTooLong();
    return 1;
  });
  return database;
}

/**
 * A condition for whatever looks through many rows: always true, but asks now and then whether there is still time. `seq`: a column that grows. Calls that
 * come one after the other leave every second number out, so the step is a prime.
 */
export function whileInTime(seq: string): string {
  return `(${seq} % 997 <> 0 OR in_time())`;
}

/** A policy that was in force, as canonical JSON; null if the record does not know it. */
export function policyJson(database: DatabaseSync, hash: string): string | null {
  const json = database.prepare('SELECT json FROM policies WHERE hash = ?').get(hash)?.['json'];
  return typeof json === 'string' ? json : null;
}

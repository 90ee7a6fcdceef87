import type { DatabaseSync } from 'node:sqlite';

/** One row of `log`. */
export interface LogRow {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The rows with `from <= seq <= to`, in order, read one at a time. */
export function* logRows(database: DatabaseSync, from: number, to = Number.MAX_SAFE_INTEGER): Generator<LogRow> {
  for (const row of database.prepare('SELECT seq, hash, bytes FROM log WHERE seq BETWEEN ? AND ? ORDER BY seq').iterate(from, to)) {
    const { seq, hash, bytes } = row;
    if (typeof seq !== 'number' || !(hash instanceof Uint8Array) || !(bytes instanceof Uint8Array))
      throw new DamagedLog(`row ${String(seq)} is no entry`);
    yield { seq, hash, bytes };
  }
}

/** What lies in the file is not a log that was written here and left alone. */
export class DamagedLog extends Error {
  override readonly name = 'DamagedLog';
}

/** An entry as what it says; throws `DamagedLog` if it says nothing. */
export function entryOf(row: LogRow): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(row.bytes).toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new DamagedLog(`entry ${row.seq} is no JSON object`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

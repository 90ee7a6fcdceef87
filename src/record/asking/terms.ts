import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IdleTask } from '#record/idle-task.ts';

/**
 * The columns of `records` by whose values calls are found. An index that is kept with every call would cost each of them dearly, so the
 * terms of calls are written down when there is nothing else to do, and what has none yet is looked through.
 */
export const TERM_COLUMNS = ['principal', 'profile', 'route', 'upstream', 'model', 'task', 'session', 'result', 'verdict', 'code'] as const;
export type TermColumn = (typeof TERM_COLUMNS)[number];

export const termTables = 'CREATE TABLE terms (term TEXT, seq INTEGER, PRIMARY KEY (term, seq)) WITHOUT ROWID;';

/** `meta`: calls up to this `seq` have their terms. */
const throughName = 'termsThrough';
const callsAtOnce = 200;
/** Long values are told apart by their rows. */
const valueMax = 24;

/** The term of a value. */
export function termOf(column: TermColumn, value: string): string {
  return `${column}=${value.slice(0, valueMax)}`;
}

/** Up to which call the terms are written; 0 for none. */
export function termsThrough(database: DatabaseSync): number {
  return Number(database.prepare('SELECT value FROM meta WHERE name = ?').get(throughName)?.['value'] ?? 0);
}

/** Writes the terms of calls down, some at a time. */
export class TermTask implements IdleTask {
  readonly name = 'terms';
  readonly #calls: StatementSync;
  readonly #insert: StatementSync;
  readonly #mark: StatementSync;
  readonly #transaction: (work: () => void) => void;
  #through: number;

  /** `transaction` runs its work whole or not at all. */
  constructor(database: DatabaseSync, transaction: (work: () => void) => void) {
    this.#transaction = transaction;
    this.#calls = database.prepare(`SELECT seq, ${TERM_COLUMNS.join(', ')} FROM records WHERE seq > ? ORDER BY seq LIMIT ${callsAtOnce}`);
    this.#insert = database.prepare('INSERT OR IGNORE INTO terms (term, seq) VALUES (?, ?)');
    this.#mark = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value');
    this.#through = termsThrough(database);
  }

  slice(): boolean {
    const calls = this.#calls.all(this.#through);
    const last = calls.at(-1);
    if (!last) return false;
    this.#transaction(() => {
      for (const call of calls)
        for (const column of TERM_COLUMNS) {
          const value = call[column];
          if (typeof value === 'string') this.#insert.run(termOf(column, value), Number(call['seq']));
        }
      this.#mark.run(throughName, String(last['seq']));
    });
    this.#through = Number(last['seq']);
    return calls.length === callsAtOnce;
  }
}

/** Takes the terms of one call away, before its row goes. */
export function dropTerms(database: DatabaseSync): (id: string) => void {
  const call = database.prepare(`SELECT seq, ${TERM_COLUMNS.join(', ')} FROM records WHERE id = ?`);
  const drop = database.prepare('DELETE FROM terms WHERE term = ? AND seq = ?');
  return (id) => {
    const row = call.get(id);
    if (!row) return;
    for (const column of TERM_COLUMNS) {
      const value = row[column];
      if (typeof value === 'string') drop.run(termOf(column, value), Number(row['seq']));
    }
  };
}

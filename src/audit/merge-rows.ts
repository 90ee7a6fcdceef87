import type { DatabaseSync } from 'node:sqlite';
import type { Findings } from './finding.ts';
import { differenceOf } from './expected-row.ts';
import type { Row } from './expected-row.ts';
import { wordsOf } from './open-record.ts';
import type { Members } from './read-entry.ts';

/** A table that is compared with the log while both are read, in the order of `seq`. */
export class MergedRows {
  readonly #db: DatabaseSync;
  readonly #sql: string;
  #rows: Generator<Members, undefined>;
  /** Rows up to here were taken. */
  #taken = Number.NEGATIVE_INFINITY;
  readonly #table: string;
  readonly #findings: Findings;
  #next: Members | null = null;
  #ended = false;
  /** Rows that were read. */
  count = 0;

  constructor(db: DatabaseSync, table: string, options: { readonly columns: readonly string[]; readonly findings: Findings }) {
    this.#table = table;
    this.#findings = options.findings;
    this.#db = db;
    this.#sql = `SELECT ${options.columns.join(', ')} FROM ${table}`;
    this.#rows = iterate(db, `${this.#sql} ORDER BY seq`);
    this.#advance();
  }

  /** Lets the table go, and reads on in what it is after `between`. */
  pause(between: () => void): void {
    this.#rows.return(undefined);
    if (this.#next !== null) this.count--;
    between();
    this.#ended = false;
    const from = Number.isFinite(this.#taken) ? ` WHERE seq > ${this.#taken}` : '';
    this.#rows = iterate(this.#db, `${this.#sql}${from} ORDER BY seq`);
    this.#advance();
  }

  /** Takes the row of an entry; rows before it belong to none and are said to be extra. */
  take(seq: number): Members | null {
    while (this.#next !== null && Number(this.#next['seq']) < seq) this.#extra(this.#next);
    this.#taken = seq;
    if (this.#next === null || this.#next['seq'] !== seq) return null;
    const row = this.#next;
    this.#advance();
    return row;
  }

  /** Compares the row of an entry with what it should be. */
  compare(seq: number, row: Members | null, expected: Row): void {
    if (row === null) {
      this.#findings.add('row_missing', seq, `${this.#table} has no row of entry ${seq}, ${String(expected['id'])}`);
      return;
    }
    const difference = differenceOf(row, expected);
    if (difference !== null) this.#findings.add('row', seq, `in the row ${seq} of ${this.#table}, ${difference}`);
  }

  /** The rows that are left belong to no entry. */
  finish(): void {
    while (this.#next !== null) this.#extra(this.#next);
  }

  #extra(row: Members): void {
    const seq = Number(row['seq']);
    this.#findings.add('row_extra', seq, `the row ${seq} of ${this.#table}, ${String(row['id'])}, belongs to no end of a call`);
    this.#advance();
  }

  #advance(): void {
    if (this.#ended) return;
    try {
      const { done, value } = this.#rows.next();
      this.#ended = done === true;
      this.#next = done === true ? null : value;
    } catch (error) {
      this.#ended = true;
      this.#next = null;
      this.#findings.add('damaged', null, `${this.#table} cannot be read to its end: ${wordsOf(error)}`);
    }
    if (!this.#ended) this.count++;
  }
}

/** The rows of a query. The statement runs when the first is asked for, so that its errors come from there. */
export function* iterate(db: DatabaseSync, sql: string): Generator<Members, undefined> {
  yield* db.prepare(sql).iterate();
}

/** Goes through a table as far as it can be read. */
export function eachRow(
  db: DatabaseSync,
  sql: string,
  options: { readonly table: string; readonly findings: Findings; readonly see: (row: Members) => void },
): void {
  try {
    for (const row of iterate(db, sql)) options.see(row);
  } catch (error) {
    options.findings.add('damaged', null, `${options.table} cannot be read to its end: ${wordsOf(error)}`);
  }
}

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Row } from './expected-row.ts';
import type { Findings } from './finding.ts';
import { eachRow } from './merge-rows.ts';

/** The columns of `records` that have terms: `column=value`, of the value its first 24 units of UTF-16. */
const columns = ['principal', 'profile', 'route', 'upstream', 'model', 'task', 'session', 'result', 'verdict', 'code'] as const;
const valueUnits = 24;

/** Whether calls are found by their terms, and by no others: who takes a term away hides a call from those who ask for it. */
export class TermCheck {
  readonly #db: DatabaseSync;
  readonly #findings: Findings;
  /** Calls up to this end have their terms, those behind it have none. */
  readonly #through: number;
  /** Tells how many of at most so many terms a call has. */
  readonly #has: StatementSync;
  #found = 0;
  /** Whether a call ends where the mark is. */
  #markIsEnd = false;
  readonly #first: number;

  /** `mark`: what the file says of how far terms were written; null if it says nothing. `first`: the first entry that is there. */
  constructor(db: DatabaseSync, findings: Findings, { mark, first }: { readonly mark: string | null; readonly first: number }) {
    this.#db = db;
    this.#findings = findings;
    const through = Number(mark ?? '0');
    this.#through = Number.isSafeInteger(through) ? Math.max(0, through) : 0;
    if (String(through) !== (mark ?? '0') || through < 0) findings.add('meta', null, `it says that calls up to "${mark}" have their terms`);
    this.#first = first;
    const each = columns.map(() => 'EXISTS (SELECT 1 FROM terms WHERE term = ? AND seq = ?)').join(' + ');
    this.#has = db.prepare(`SELECT ${each} AS n`);
  }

  /** Where a house writes meanwhile more calls have their terms at the end than at the beginning. */
  #markNow(): number {
    const mark = Number(this.#db.prepare("SELECT value FROM meta WHERE name = 'termsThrough'").get()?.['value']);
    return Number.isSafeInteger(mark) ? mark : 0;
  }

  /** Every entry that ends a call, whether or not the call has a row. */
  sawEnd(seq: number): void {
    if (seq === this.#through) this.#markIsEnd = true;
  }

  /** A row as it should be: its terms have to be there if the mark is not before it. */
  see(expected: Row): void {
    const seq = Number(expected['seq']);
    if (seq > this.#through) return;
    const terms = termsOf(expected);
    const asked = columns.flatMap((_, index) => [terms[index] ?? '', seq]);
    const there = Number(this.#has.get(...asked)?.['n']);
    this.#found += there;
    if (there === terms.length) return;
    const one = this.#db.prepare('SELECT 1 FROM terms WHERE term = ? AND seq = ?');
    for (const term of terms) {
      if (one.get(term, seq) === undefined)
        this.#findings.add(
          'term_missing',
          seq,
          `the call of row ${seq}, ${String(expected['id'])}, is not found by ${JSON.stringify(term)}`,
        );
    }
  }

  /** Looks for terms that no row has, once all rows were seen. `first`: the first entry that is there now. */
  finish(first: number): void {
    if (!this.#markIsEnd && this.#through >= first)
      this.#findings.add('meta', null, `it says that calls up to ${this.#through} have their terms, where no call ends`);
    let count = 0;
    const told = { table: 'terms', findings: this.#findings };
    const mark = Math.max(this.#through, this.#markNow());
    const known = mark > this.#through ? ` WHERE seq <= ${this.#through}` : '';
    eachRow(this.#db, `SELECT count(*) AS n FROM terms${known}`, { ...told, see: ({ n }) => (count = Number(n)) });
    // What was found may have been pruned since.
    if (count === this.#found && first === this.#first) return;
    const wanted = columns.map((column) => `records.${column}`).join(', ');
    eachRow(this.#db, `SELECT terms.term AS term, terms.seq AS at, ${wanted} FROM terms LEFT JOIN records ON records.seq = terms.seq`, {
      ...told,
      see: ({ term, at, ...row }) => {
        const honest = typeof term === 'string' && typeof at === 'number' && at <= mark && termsOf(row).includes(term);
        if (!honest)
          this.#findings.add('term_extra', typeof at === 'number' ? at : null, `${JSON.stringify(term)} leads to ${String(at)}, wrongly`);
      },
    });
  }
}

function termsOf(row: Readonly<Record<string, unknown>>): readonly string[] {
  return columns.flatMap((column) => {
    const value = row[column];
    // What is half a pair has no place in UTF-8.
    return typeof value === 'string' ? [`${column}=${value.slice(0, valueUnits).toWellFormed()}`] : [];
  });
}

import type { DatabaseSync } from 'node:sqlite';
import { sha256 } from './chain.ts';
import type { Findings } from './finding.ts';
import { endCells, recordColumns, startCells } from './expected-row.ts';
import type { Row } from './expected-row.ts';
import { HashTable } from './hash-table.ts';
import type { TermCheck } from './check-terms.ts';
import { MergedRows } from './merge-rows.ts';
import { readEntry, textAt } from './read-entry.ts';
import type { Entry } from './read-entry.ts';

/** How far a call has come, by the number of its id. */
const [open, ended, interrupted] = [1, 2, 3];

/** Follows every call from its start to its end, and compares the table `records` on the way. */
export class CallCheck {
  readonly #findings: Findings;
  readonly #rows: MergedRows;
  readonly #terms: TermCheck;
  readonly #rowOfId;
  readonly #entry;
  readonly #ids = new HashTable();
  readonly #states: number[] = [];
  /** What the rows of open calls take from their starts. */
  readonly #open = new Map<string, Row>();
  /** The same of calls whose row belongs to a later end. */
  readonly #superseded = new Map<string, { readonly seq: number; readonly start: Row }>();
  /** Whether the beginning of the log is missing, so that starts may be, too. */
  #pruned: boolean;
  /** Whether a house may be writing meanwhile. */
  readonly #live: boolean;
  calls = 0;
  /** Ends of calls whose start was pruned; these have no rows. */
  startsPruned = 0;

  constructor(
    db: DatabaseSync,
    findings: Findings,
    options: { readonly pruned: boolean; readonly live: boolean; readonly terms: TermCheck },
  ) {
    this.#findings = findings;
    this.#pruned = options.pruned;
    this.#live = options.live;
    this.#terms = options.terms;
    this.#rows = new MergedRows(db, 'records', { columns: recordColumns, findings });
    this.#rowOfId = db.prepare('SELECT seq, start_seq FROM records WHERE id = ?');
    this.#entry = db.prepare('SELECT bytes FROM log WHERE seq = ?');
  }

  /** Lets the table go, and reads on in what it is after `between`. */
  pause(between: () => void): void {
    this.#rows.pause(between);
  }

  /** Entries were pruned before they were read: what began before these is gone, too. */
  overtaken(): void {
    this.#pruned = true;
    this.#open.clear();
    this.#superseded.clear();
  }

  /** The first entry of a call that is open now; null if none is. */
  oldestOpen(): number | null {
    const first = this.#open.values().next().value;
    return first === undefined ? null : Number(first['start_seq']);
  }

  get openCalls(): number {
    return this.#open.size;
  }

  get rows(): number {
    return this.#rows.count;
  }

  knows(id: string): boolean {
    return this.#ids.find(hashOf(id)) >= 0;
  }

  start(entry: Entry): void {
    const id = textAt(entry.members, 'id');
    const number = this.#ids.add(hashOf(id));
    this.calls++;
    if (this.#states[number] !== undefined) return this.#findings.add('call', entry.seq, `${id} is started a second time`);
    this.#states[number] = open;
    this.#open.set(id, startCells(entry));
  }

  end(entry: Entry): void {
    const id = textAt(entry.members, 'id');
    const number = this.#ids.add(hashOf(id));
    const before = this.#states[number];
    const start = this.#startOf(entry, id, before);
    this.#terms.sawEnd(entry.seq);
    this.#states[number] = entry.type === 'interrupted' ? interrupted : ended;
    this.#open.delete(id);
    if (start !== null) this.#compare(entry, id, start);
  }

  /** What the row of a call that ends here takes from its start; null if it has no row: its start was pruned, or it may not end here. */
  #startOf(entry: Entry, id: string, before: number | undefined): Row | null {
    if (before === open) return this.#open.get(id) ?? null;
    if (before === ended && entry.type === 'interrupted') return this.#takeBack(entry.seq, id);
    if (before !== undefined) this.#findings.add('call', entry.seq, `${id} ends a second time`);
    else if (this.#pruned) this.startsPruned++;
    else this.#findings.add('call', entry.seq, `${id} ends and was never started`);
    return null;
  }

  /** The call had an answer that was not given after all: its row belongs to this end. */
  #takeBack(seq: number, id: string): Row | null {
    const earlier = this.#superseded.get(id);
    this.#superseded.delete(id);
    // Its row was still that of the earlier end when this was read.
    if (earlier === undefined && this.#live) return this.#startOfRow(id);
    if (earlier === undefined && !this.#pruned) this.#findings.add('row_missing', seq, `records has no row of entry ${seq}, ${id}`);
    return earlier?.start ?? null;
  }

  #startOfRow(id: string): Row | null {
    const seq = Number(this.#rowOfId.get(id)?.['start_seq'] ?? 0);
    const bytes = this.#entry.get(seq)?.['bytes'];
    const entry = bytes instanceof Uint8Array ? readEntry(seq, bytes) : '';
    return typeof entry !== 'string' && entry.type === 'start' && textAt(entry.members, 'id') === id ? startCells(entry) : null;
  }

  #compare(entry: Entry, id: string, start: Row): void {
    const row = this.#rows.take(entry.seq);
    if (row === null && this.#live && this.#entry.get(Number(start['start_seq'])) === undefined) {
      // It was read, and pruned since, and the row with it.
      this.startsPruned++;
      return;
    }
    if (row === null && entry.type === 'terminal' && this.#hasLaterRow(id, entry.seq)) {
      this.#superseded.set(id, { seq: entry.seq, start });
      return;
    }
    const expected = { ...endCells(entry), ...start };
    this.#rows.compare(entry.seq, row, expected);
    this.#terms.see(expected);
  }

  #hasLaterRow(id: string, seq: number): boolean {
    try {
      return Number(this.#rowOfId.get(id)?.['seq']) > seq;
    } catch {
      return false;
    }
  }

  /** `first`: the first entry that is there now. */
  finish(first: number): void {
    this.#rows.finish();
    this.#terms.finish(first);
    for (const [id, { seq }] of this.#superseded) this.#findings.add('row_missing', seq, `records has no row of entry ${seq}, ${id}`);
  }
}

function hashOf(text: string): Uint8Array {
  return sha256(Buffer.from(text));
}

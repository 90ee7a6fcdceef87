import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { entryHead } from './log-views.ts';
import type { LogView } from './log-views.ts';

/** Entries read at a time: no transaction of a reader lasts longer. */
const pageEntries = 500;

/** Reads the views of a log beside whoever writes it. */
export class LogReader {
  readonly #database: DatabaseSync;
  readonly #entries: number;
  readonly #page: StatementSync;
  readonly #next: StatementSync;

  /** `entries`: how many are read at a time. */
  constructor(database: DatabaseSync, entries = pageEntries) {
    this.#database = database;
    this.#entries = entries;
    this.#page = this.#database.prepare('SELECT seq, bytes FROM log WHERE seq > ? ORDER BY seq LIMIT ?');
    this.#next = this.#database.prepare('SELECT seq, bytes FROM log WHERE seq >= ? ORDER BY seq LIMIT 1');
  }

  /** The lines of a view from the entries behind `after`, with the last entry that was looked at: one page, maybe without lines. */
  page(view: LogView, after: number): { readonly lines: readonly string[]; readonly through: number; readonly more: boolean } {
    const { lines, ...place } = this.pages([view], after);
    return { lines: lines[0] ?? [], ...place };
  }

  /** The same of several views at once, their lines in the order of the views. */
  pages(
    views: readonly LogView[],
    after: number,
  ): { readonly lines: readonly (readonly string[])[]; readonly through: number; readonly more: boolean } {
    const lines = views.map((): string[] => []);
    let through = after;
    const rows = this.#page.all(after, this.#entries);
    for (const { seq, bytes } of rows) {
      through = Number(seq);
      if (!(bytes instanceof Uint8Array)) continue;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
      const head = entryHead(text.slice(0, 80));
      if (!head) continue;
      for (const [index, view] of views.entries()) if (view.types.includes(head.type)) lines[index]?.push(...view.lines(text));
    }
    return { lines, through, more: rows.length === this.#entries };
  }

  /** All lines of a view. */
  *lines(view: LogView, after = 0): Generator<string> {
    let page = this.page(view, after);
    yield* page.lines;
    while (page.more) {
      page = this.page(view, page.through);
      yield* page.lines;
    }
  }

  /** The last entry before a moment (milliseconds since 1970); 0 if there is none. The log is ordered by time, as far as the clock was. */
  lastBefore(at: number): number {
    // Each by itself is a look-up; asked for together they are looked for in every row.
    const bounds = this.#database.prepare('SELECT (SELECT min(seq) FROM log) AS low, (SELECT max(seq) FROM log) AS high').get();
    let low = Number(bounds?.['low'] ?? 1);
    let high = Number(bounds?.['high'] ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#atOf(middle) < at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #atOf(seq: number): number {
    const bytes = this.#next.get(seq)?.['bytes'];
    if (!(bytes instanceof Uint8Array)) return Infinity;
    return entryHead(Buffer.from(bytes.subarray(0, 80)).toString('utf8'))?.at ?? Infinity;
  }
}

import type { StatementSync } from 'node:sqlite';

import { BodyRelease } from './bodies-release.ts';
import type { LogHand } from './log-hand.ts';
import { retainedEntry } from './retained-entry.ts';

/** Whose texts are to go. Calls that have not ended are left alone. */
export type EraseAsk =
  | { readonly ids: readonly string[] }
  /** All calls of one key, by its id. */
  | { readonly principal: string }
  /** All calls that came before this time, milliseconds since 1970. */
  | { readonly before: number };

/** What went, and what stays. */
export interface Erased {
  /** Calls whose request and reply can no longer be read. */
  readonly records: number;
  /** Texts that were removed from the file, and how many bytes they took there. */
  readonly texts: number;
  readonly bytes: number;
  /** Texts of these calls that stay, because calls that were not erased hold them too. */
  readonly shared: number;
  /** Asked for by id, but no call that has ended has it. At most 20. */
  readonly unknown: readonly string[];
  /** Nothing of the texts is left in the write-ahead log either; false: somebody reads the file, and it goes when they are done. */
  readonly emptied: boolean;
}

/** Calls in one transaction, with their one entry. */
const callsMax = 200;
/** Rows of `records` looked through at a time. */
const lookedAtMax = 20_000;
const unknownMax = 20;
/** Texts that stay are counted up to here. */
const sharedMax = 100_000;

interface Call {
  readonly id: string;
  readonly seq: number;
  readonly startSeq: number;
}

/**
 * Removes the texts of calls, in slices: for each an `erase` entry and what it says, in one transaction. The entries of the calls stay as they are,
 * and so does the chain.
 */
export class Erasing {
  readonly #log: LogHand;
  readonly #ask: EraseAsk;
  readonly #by: string;
  readonly #removed: () => void;
  readonly #shared = new Set<string>();
  readonly #unknown: string[] = [];
  #records = 0;
  #texts = 0;
  #bytes = 0;
  /** How far the ids, or the rows of `records`, were gone through. */
  #done = 0;
  readonly #last: number;
  readonly #byId: StatementSync;
  readonly #entry: StatementSync;
  readonly #note: StatementSync;

  /** `by` is who asked for it; `removed` is called after texts have gone. */
  constructor(log: LogHand, { ask, by, removed }: { readonly ask: EraseAsk; readonly by: string; readonly removed: () => void }) {
    this.#log = log;
    this.#ask = ask;
    this.#by = by;
    this.#removed = removed;
    const { database } = log;
    this.#last = Number(database.prepare('SELECT max(seq) AS seq FROM records').get()?.['seq'] ?? 0);
    this.#byId = database.prepare('SELECT id, seq, start_seq FROM records WHERE id = ?');
    this.#entry = database.prepare('SELECT bytes FROM log WHERE seq = ?');
    this.#note = database.prepare('INSERT OR IGNORE INTO erased (id, seq) VALUES (?, ?)');
  }

  /** One slice of work, at wall clock `now`. True: there is more to do. */
  slice(now: number): boolean {
    const { calls, more } = this.#next();
    if (calls.length > 0) this.#erase(calls, now);
    return more;
  }

  /** What came of it, once there is nothing more to do: empties the write-ahead log. */
  finish(): Erased {
    const { database } = this.#log;
    const held = database.prepare('SELECT 1 FROM bodies WHERE hash = ?');
    let shared = 0;
    for (const hash of this.#shared) if (held.get(Buffer.from(hash, 'hex')) !== undefined) shared++;
    const busy = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'];
    return { records: this.#records, texts: this.#texts, bytes: this.#bytes, shared, unknown: this.#unknown, emptied: busy === 0 };
  }

  #next(): { readonly calls: readonly Call[]; readonly more: boolean } {
    return 'ids' in this.#ask ? this.#nextNamed(this.#ask.ids) : this.#nextFound(this.#ask);
  }

  #nextNamed(ids: readonly string[]): { readonly calls: readonly Call[]; readonly more: boolean } {
    const calls: Call[] = [];
    for (const id of new Set(ids.slice(this.#done, this.#done + callsMax))) {
      const row = this.#byId.get(id);
      if (row !== undefined) calls.push(callOf(row));
      else if (this.#unknown.length < unknownMax) this.#unknown.push(id);
    }
    this.#done += callsMax;
    return { calls, more: this.#done < ids.length };
  }

  /** The next calls among the rows there were at the beginning, in the order of their ends. */
  #nextFound(ask: { readonly principal: string } | { readonly before: number }): {
    readonly calls: readonly Call[];
    readonly more: boolean;
  } {
    const [column, value] = 'principal' in ask ? (['principal =', ask.principal] as const) : (['at <', ask.before] as const);
    const to = Math.min(this.#last, this.#done + lookedAtMax);
    const rows = this.#log.database
      .prepare(`SELECT id, seq, start_seq FROM records WHERE seq > ? AND seq <= ? AND +${column} ? ORDER BY seq LIMIT ?`)
      .all(this.#done, to, value, callsMax);
    const calls = rows.map(callOf);
    this.#done = calls.length < callsMax ? to : (calls.at(-1)?.seq ?? to);
    return { calls, more: this.#done < this.#last };
  }

  #erase(asked: readonly Call[], now: number): void {
    const { database } = this.#log;
    const isErased = database.prepare('SELECT 1 FROM erased WHERE id = ?');
    const calls = asked
      .filter(({ id }) => isErased.get(id) === undefined)
      .map((call) => ({ ...call, bodies: this.#bodiesOf(call) }))
      .filter(({ bodies }) => bodies.length > 0);
    if (calls.length === 0) return;
    this.#log.transaction(() => {
      const records = calls.map(({ id }) => id);
      this.#log.append(JSON.stringify({ type: 'erase', at: Math.round(now), records, by: this.#by }));
      const release = new BodyRelease(database, (hash) => {
        if (this.#shared.size < sharedMax) this.#shared.add(hash);
      });
      for (const { id, seq, bodies } of calls) {
        this.#note.run(id, seq);
        for (const body of bodies) release.release(body);
      }
      this.#texts += release.released.texts;
      this.#bytes += release.released.bytes;
    });
    this.#records += calls.length;
    this.#removed();
  }

  /** What the call's entries name: its start, its end, and an end before that which did not hold. */
  #bodiesOf({ id, startSeq, seq }: Call): readonly NonNullable<ReturnType<typeof retainedEntry>['body']>[] {
    const entries = [this.#read(startSeq), this.#read(seq)];
    if (entries[1]?.type === 'interrupted') {
      const between = this.#log.database
        .prepare('SELECT bytes FROM log WHERE seq > ? AND seq < ? AND instr(bytes, ?) > 0')
        .all(startSeq, seq, Buffer.from(JSON.stringify(id)));
      for (const { bytes } of between) if (bytes instanceof Uint8Array) entries.push(retainedEntry(bytes));
    }
    return entries.flatMap((entry) => (entry !== null && entry.id === id && entry.body !== null ? [entry.body] : []));
  }

  #read(seq: number): ReturnType<typeof retainedEntry> | null {
    const bytes = this.#entry.get(seq)?.['bytes'];
    return bytes instanceof Uint8Array ? retainedEntry(bytes) : null;
  }
}

function callOf(row: Readonly<Record<string, unknown>>): Call {
  return { id: String(row['id']), seq: Number(row['seq']), startSeq: Number(row['start_seq']) };
}

import type { StatementSync } from 'node:sqlite';

import { dropTerms } from './asking/terms.ts';
import { BodyRelease } from './bodies-release.ts';
import { checkpointOf } from './checkpoint.ts';
import type { KeepLimits } from './keep-limits.ts';
import { KeptTime, jumpOf, keptTimeName } from './kept-time.ts';
import type { Moment } from './kept-time.ts';
import type { LogHand } from './log-hand.ts';
import { retainedEntry } from './retained-entry.ts';

/** What retention has done so far, since the writer began. */
export interface Pruned {
  readonly entries: number;
  readonly texts: number;
}

/** Entries looked through for a place to cut, in one slice. */
const lookedAtMax = 2_000;
/**
 * Entries and rows that go with them in one transaction; the messages of one call are not divided. More than come in one batch, so that it keeps up,
 * and few enough for the next batch not to wait long.
 */
const entriesMax = 150;
const rowsMax = 500;
/** Free pages that new entries will use soon anyway. */
const freePagesMin = 256;
/** Pages given back to the file system in one slice. */
const vacuumPages = 100;
/** How long to rest where there was nothing to do. */
const restMs = 10_000;
/** The time by which ages are measured is noted so often. */
const noteTimeMs = 3_600_000;
/** `meta`: entries before this one were given up; whoever finds some of them still there goes on. */
const prunedName = 'prunedBefore';

/**
 * Takes the oldest entries out of the log once they are too old or the file too large, with all that belongs to them alone: first a signed
 * `prune` entry, durable by itself, then the entries in small transactions. It cuts before the first call that a checkpoint found open, so a call that is
 * under way stays whole. Every step leaves the file such that another process may go on with the next.
 */
export class Retention {
  readonly #log: LogHand;
  readonly #removed: () => void;
  readonly #tell: (note: string) => void;
  readonly #keptTime: KeptTime;
  #timeNoted: number;
  #limits: KeepLimits;
  #before: number;
  /** Where the search for a place to cut goes on. */
  #lookFrom = 0;
  #restUntil = Number.NEGATIVE_INFINITY;
  #entries = 0;
  #texts = 0;
  readonly #first: StatementSync;
  readonly #heads: StatementSync;
  readonly #bytesOf: StatementSync;
  readonly #oldest: StatementSync;
  readonly #isErased: StatementSync;
  readonly #dropTerms: (id: string) => void;
  readonly #dropRecord: StatementSync;
  readonly #dropScore: StatementSync;
  readonly #dropEntries: StatementSync;
  readonly #dropErased: StatementSync;
  readonly #pages: StatementSync;

  /** `removed` is called after texts have gone; `tell` hears what the operator should. */
  constructor(
    log: LogHand,
    options: { readonly limits: KeepLimits; readonly removed: () => void; readonly tell?: (note: string) => void },
  ) {
    this.#log = log;
    this.#limits = options.limits;
    this.#removed = options.removed;
    this.#tell = options.tell ?? ((): void => undefined);
    const { database } = log;
    this.#first = database.prepare('SELECT seq, substr(bytes, 1, 96) AS head FROM log ORDER BY seq LIMIT 1');
    this.#heads = database.prepare('SELECT seq, substr(bytes, 1, 64) AS head FROM log WHERE seq >= ? ORDER BY seq LIMIT ?');
    this.#bytesOf = database.prepare('SELECT hash, bytes FROM log WHERE seq = ?');
    this.#oldest = database.prepare('SELECT seq, bytes FROM log WHERE seq < ? ORDER BY seq LIMIT ?');
    this.#isErased = database.prepare('SELECT 1 FROM erased WHERE id = ?');
    this.#dropTerms = dropTerms(database);
    this.#dropRecord = database.prepare('DELETE FROM records WHERE id = ?');
    this.#dropScore = database.prepare('DELETE FROM scores WHERE seq = ?');
    this.#dropEntries = database.prepare('DELETE FROM log WHERE seq <= ?');
    this.#dropErased = database.prepare('DELETE FROM erased WHERE seq <= ?');
    this.#pages = database.prepare('SELECT * FROM pragma_page_count(), pragma_page_size(), pragma_freelist_count()');
    const noted = database.prepare('SELECT value FROM meta WHERE name = ?');
    this.#before = Number(noted.get(prunedName)?.['value'] ?? 0);
    const time = Number(noted.get(keptTimeName)?.['value'] ?? Number.NaN);
    this.#timeNoted = Number.isFinite(time) ? time : Number.NEGATIVE_INFINITY;
    this.#keptTime = new KeptTime(Number.isFinite(time) ? time : null);
  }

  get pruned(): Pruned {
    return { entries: this.#entries, texts: this.#texts };
  }

  /** Other limits, from now on. */
  setLimits(limits: KeepLimits): void {
    this.#limits = limits;
    this.#restUntil = Number.NEGATIVE_INFINITY;
  }

  /** One slice of work, at wall clock `now`; `steady` only goes forward while the process runs. True: there is more to do now. */
  slice(now: number, steady = now): boolean {
    if (now < this.#restUntil && this.#restUntil - now <= restMs) return false;
    const worked = this.#removeChunk() || this.#giveBackPages() || this.#cut({ wall: now, steady });
    if (!worked) this.#restUntil = now + restMs;
    return worked;
  }

  /** Removes some of the entries that were given up. */
  #removeChunk(): boolean {
    const oldest = this.#oldest.all(this.#before, entriesMax);
    if (oldest.length === 0) return false;
    const { database } = this.#log;
    this.#log.transaction(() => {
      const release = new BodyRelease(database);
      let last = 0;
      for (const [index, row] of oldest.entries()) {
        if (index + release.released.rows >= rowsMax) break;
        last = Number(row['seq']);
        this.#giveUp(last, row['bytes'], release);
        this.#entries++;
      }
      this.#dropEntries.run(last);
      // What is named there is the last entry of a call. The table is looked through as a whole, so not every time.
      if (last + 1 >= this.#before) this.#dropErased.run(last);
      this.#texts += release.released.texts;
    });
    this.#removed();
    return true;
  }

  #giveUp(seq: number, bytes: unknown, release: BodyRelease): void {
    if (!(bytes instanceof Uint8Array)) return;
    const { type, id, body } = retainedEntry(bytes);
    if (type === 'score') this.#dropScore.run(seq);
    if (id === null || (type !== 'start' && type !== 'terminal')) return;
    // What belongs to a call is asked by its row, which cannot be made again without its start.
    if (type === 'start') {
      this.#dropTerms(id);
      this.#dropRecord.run(id);
    }
    if (body !== null && this.#isErased.get(id) === undefined) release.release(body);
  }

  /** Gives free pages back to the file system, all but those that will be used soon. */
  #giveBackPages(): boolean {
    const { count, free } = this.#size();
    if (free <= Math.max(freePagesMin, count / 20)) return false;
    this.#log.database.exec(`PRAGMA incremental_vacuum(${vacuumPages})`);
    return this.#size().free < free;
  }

  /** Finds the place up to which the log is to go, and says so in it. */
  #cut(now: Moment): boolean {
    const time = this.#timeOf(now);
    const first = this.#first.get();
    if (first === undefined) return false;
    const firstSeq = Number(first['seq']);
    const why = this.#tooLarge() ? 'size' : this.#mayBeTooOld(first['head'], time) ? 'age' : null;
    if (why === null) {
      this.#lookFrom = 0;
      return false;
    }
    const from = Math.max(firstSeq, this.#lookFrom);
    const found = why === 'size' ? this.#nearestPlace(from, firstSeq) : this.#placeForAge(from, firstSeq, time);
    this.#lookFrom = found.lookFrom;
    if (found.before === null) return found.lookFrom > 0;
    this.#giveUpBefore(found.before, { now: now.wall, why });
    return true;
  }

  /** The time by which ages are measured, noted now and then so that a clock that jumped is known after a restart, too. */
  #timeOf(now: Moment): number {
    const { ageMs } = this.#limits;
    if (ageMs === null) return now.wall;
    const { time, note } = this.#keptTime.at(now, jumpOf(ageMs));
    if (note !== null) this.#tell(note);
    if (Math.abs(time - this.#timeNoted) < noteTimeMs) return time;
    const { database } = this.#log;
    this.#log.transaction(() =>
      database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(keptTimeName, String(Math.round(time))),
    );
    this.#timeNoted = time;
    return time;
  }

  #tooLarge(): boolean {
    const { count, free, pageBytes } = this.#size();
    return this.#limits.bytes !== null && (count - free) * pageBytes > this.#limits.bytes;
  }

  /** Of a first entry that was written while the clock was ahead nothing is known. */
  #mayBeTooOld(head: unknown, time: number): boolean {
    const { ageMs } = this.#limits;
    const at = headOf(head).at;
    return ageMs !== null && at !== null && (at < time - ageMs || at > time + jumpOf(ageMs));
  }

  /** The nearest place among the next entries; where there is none, where to look on (0: at the beginning, another time). */
  #nearestPlace(from: number, firstSeq: number): PlaceFound {
    const rows = this.#heads.all(from, lookedAtMax);
    for (const { seq, head } of rows) {
      const before = headOf(head).type === 'checkpoint' ? this.#sealedBefore(Number(seq)) : 0;
      if (before > firstSeq) return { before, lookFrom: 0 };
    }
    return nothingAmong(rows);
  }

  /**
   * The farthest place among the next entries before the first that is young enough. An entry from a time when the clock was far ahead, or far
   * behind, tells no age: it goes when one after it is too old.
   */
  #placeForAge(from: number, firstSeq: number, time: number): PlaceFound {
    const ageMs = this.#limits.ageMs ?? Number.POSITIVE_INFINITY;
    const jumpMs = jumpOf(ageMs);
    let [before, sealed, newest] = [firstSeq, firstSeq, Number.NEGATIVE_INFINITY];
    const rows = this.#heads.all(from, lookedAtMax);
    for (const row of rows) {
      const { type, at } = headOf(row['head']);
      if (type === 'checkpoint') sealed = Math.max(sealed, this.#sealedBefore(Number(row['seq'])));
      if (at === null || at > time + jumpMs || at < newest - jumpMs) continue;
      if (at >= time - ageMs) return { before: before > firstSeq ? before : null, lookFrom: 0 };
      before = sealed;
      newest = Math.max(newest, at);
    }
    return before > firstSeq ? { before, lookFrom: 0 } : nothingAmong(rows);
  }

  /** Where the checkpoint allows a cut: every call that began before had ended. */
  #sealedBefore(seq: number): number {
    const bytes = this.#bytesOf.get(seq)?.['bytes'];
    if (!(bytes instanceof Uint8Array)) return 0;
    const checkpoint = checkpointOf(JSON.parse(Buffer.from(bytes).toString('utf8')));
    return checkpoint === null ? 0 : Math.min(checkpoint.through + 1, checkpoint.openFrom);
  }

  #giveUpBefore(before: number, { now, why }: { readonly now: number; readonly why: 'age' | 'size' }): void {
    const { database, logId } = this.#log;
    const hash = this.#bytesOf.get(before - 1)?.['hash'];
    if (!(hash instanceof Uint8Array)) throw new Error(`entry ${before - 1} of the log is not there`);
    const head = Buffer.from(hash).toString('hex');
    const at = Math.round(now);
    const signature = this.#log.sign(`gatehouse prune 1\n${logId}\n${before}\n${head}\n${at}\n`);
    this.#log.transaction(() => {
      this.#log.append(JSON.stringify({ type: 'prune', at, before, head, why, signature }));
      database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(prunedName, String(before));
    });
    this.#before = before;
  }

  #size(): { readonly count: number; readonly free: number; readonly pageBytes: number } {
    const row = this.#pages.get();
    return { count: Number(row?.['page_count']), free: Number(row?.['freelist_count']), pageBytes: Number(row?.['page_size']) };
  }
}

/** Before which entry to cut; null: nowhere among those that were looked at. */
interface PlaceFound {
  readonly before: number | null;
  readonly lookFrom: number;
}

function nothingAmong(rows: readonly Readonly<Record<string, unknown>>[]): PlaceFound {
  return { before: null, lookFrom: rows.length < lookedAtMax ? 0 : Number(rows.at(-1)?.['seq']) + 1 };
}

const headShape = /^\{"seq":\d+,"type":"([a-z]+)","at":(\d+)/;

/** What every entry begins with. */
function headOf(head: unknown): { readonly type: string; readonly at: number | null } {
  const found = head instanceof Uint8Array ? headShape.exec(Buffer.from(head).toString('latin1')) : null;
  return { type: found?.[1] ?? '', at: found?.[2] === undefined ? null : Number(found[2]) };
}

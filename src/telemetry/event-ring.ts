import type { Happening } from './ports.ts';

/** A happening with its number, counted from 1, and when it was told (milliseconds since 1970). */
export interface Told {
  readonly seq: number;
  readonly at: number;
  readonly happening: Happening;
}

/** One reader of the ring. */
export interface Follower {
  /** The next happenings in order, at most so many; `dropped` were lost before them because the reader was too slow. */
  take(max: number): { readonly dropped: number; readonly events: readonly Told[] };
  stop(): void;
}

interface Reader {
  readonly wake: () => void;
  /** The next happening it has not seen. */
  next: number;
  /** It has been woken and has not come back for everything yet. */
  woken: boolean;
}

/**
 * The last happenings, kept once for all readers: a reader that does not read costs nothing more and holds nobody up; it loses the oldest
 * and is told how many.
 */
export class EventRing {
  readonly #size: number;
  readonly #guarded: (what: () => void) => void;
  readonly #kept: Told[] = [];
  readonly #readers = new Set<Reader>();
  #last = 0;

  /** `guarded` runs a reader's own code, so that its faults stay its own. */
  constructor(size: number, guarded: (what: () => void) => void) {
    this.#size = size;
    this.#guarded = guarded;
  }

  /** Takes the next happening; their numbers rise by one. */
  push(told: Told): void {
    this.#last = told.seq;
    this.#kept.push(told);
    if (this.#kept.length > this.#size) this.#kept.shift();
    for (const reader of this.#readers) {
      if (reader.woken) continue;
      reader.woken = true;
      this.#guarded(reader.wake);
    }
  }

  /**
   * Follows the happenings. `wake` is called when there is something to take, and not again before everything was taken. `after`: the number
   * of the last one already seen, as in `Last-Event-ID`; without it only what comes from now on.
   */
  follow(wake: () => void, after?: number): Follower {
    const behind = after !== undefined && after >= 0 && after < this.#last;
    const reader: Reader = { wake, next: behind ? Math.floor(after) + 1 : this.#last + 1, woken: false };
    this.#readers.add(reader);
    if (behind) {
      reader.woken = true;
      this.#guarded(wake);
    }
    return { take: (max) => this.#take(reader, max), stop: () => void this.#readers.delete(reader) };
  }

  #take(reader: Reader, max: number): { readonly dropped: number; readonly events: readonly Told[] } {
    const oldest = this.#last - this.#kept.length + 1;
    const from = Math.max(reader.next, oldest);
    const events = this.#kept.slice(from - oldest, from - oldest + max);
    const dropped = from - reader.next;
    reader.next = from + events.length;
    reader.woken = reader.next <= this.#last;
    return { dropped, events };
  }
}

import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '#gateway/ports.ts';

interface Timer {
  readonly at: number;
  readonly what: () => void;
}

/** Time that moves only when the test says so. Sockets stay real. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_750_000_000_000 + this.#now;
  }

  after(delayMs: number, what: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), what };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that have neither run nor been called off. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets so much time pass, timer by timer in the order of their moments; what each sets off comes before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.what();
      await turns();
    }
    this.#now = end;
    await turns();
  }

  #next(end: number): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) if (timer.at <= end && (first === null || timer.at < first.at)) first = timer;
    return first;
  }
}

/** Lets everything that needs no more than this process come to rest. */
export async function turns(): Promise<void> {
  for (let count = 0; count < 3; count++) await turn();
}

const neverMs = 5_000;

/** Resolves once something that nobody tells about has come to be; rejects if it never does. */
export async function until(reached: () => boolean): Promise<void> {
  const givesUpAt = performance.now() + neverMs;
  while (!reached()) {
    if (performance.now() > givesUpAt) throw new Error(`it never came to ${reached.toString()}`);
    await turns();
  }
}

import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '#gateway/ports.ts';
import type { ScriptClock } from '#upstreams/scripted/reply-writer.ts';

interface Timer {
  readonly at: number;
  readonly sequence: number;
  what: (() => void) | null;
}

const epochMs = 1_750_000_000_000;

/**
 * Time that passes only when everybody has come to rest: events fire in the order of their time, then of their making, and after each
 * one every promise that can settle does, so that a run depends on nothing but its seed.
 */
export class VirtualClock implements Clock {
  /** Added to the wall clock only: it may jump, and nothing but the record may notice. */
  wallJumpMs = 0;
  fired = 0;
  /** Called each time everybody has come to rest and time is about to pass. */
  onRest: () => void = () => {};
  readonly #heap: Timer[] = [];
  #now = 0;
  #made = 0;
  #live = 0;

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return epochMs + this.wallJumpMs + this.#now;
  }

  /** Timers that have neither fired nor been called off. */
  get pending(): number {
    return this.#live;
  }

  after(delayMs: number, what: () => void): () => void {
    if (!Number.isFinite(delayMs)) throw new Error(`not a delay: ${delayMs}`);
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), sequence: this.#made++, what };
    this.#live++;
    push(this.#heap, timer);
    return () => {
      if (timer.what === null) return;
      timer.what = null;
      this.#live--;
    };
  }

  /** Resolves after so many virtual milliseconds. */
  sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.after(delayMs, resolve);
    return promise;
  }

  /** Runs until `over` holds, nothing is left to happen, or the time is reached. True if `over` held. */
  async run(until: { readonly atMs: number; over(): boolean }): Promise<boolean> {
    await turn();
    for (;;) {
      if (until.over()) return true;
      const timer = this.#heap[0];
      if (!timer || timer.at > until.atMs) {
        this.#now = Math.max(this.#now, Math.min(until.atMs, timer?.at ?? this.#now));
        return until.over();
      }
      if (timer.at > this.#now && timer.what !== null) this.onRest();
      pop(this.#heap);
      const { what } = timer;
      if (what === null) continue;
      timer.what = null;
      this.#live--;
      this.fired++;
      this.#now = timer.at;
      what();
      await turn();
    }
  }

  /** The same time for the scripts of the fake machines. */
  readonly forScripts: ScriptClock = {
    wait: (ms, signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (signal.aborted) return Promise.resolve();
      const cancel = this.after(ms, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      const stop = (): void => {
        cancel();
        resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
      return promise;
    },
    turn: () => this.sleep(0),
  };
}

function sooner(left: Timer, right: Timer): boolean {
  return left.at === right.at ? left.sequence < right.sequence : left.at < right.at;
}

/** A binary heap with the next timer on top. */
function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (!parent || sooner(parent, timer)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    if (!left) break;
    const right = heap[2 * at + 2];
    const childAt = right && sooner(right, left) ? 2 * at + 2 : 2 * at + 1;
    const child = heap[childAt];
    if (!child || sooner(last, child)) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
}

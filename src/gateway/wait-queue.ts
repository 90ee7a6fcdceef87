import type { TargetId } from '#core/policy/policy.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { Clock } from './ports.ts';

/** A request that waits for one of several candidates. */
export interface WaitFor {
  /** Arrival order of the request: the oldest is served first. */
  readonly order: number;
  /** Whose slots are waited for. */
  readonly targets: readonly TargetId[];
  readonly maxMs: number;
  /** The reading that ends the wait as things are now; null while there is none. A slot promised to this request does not count against it. */
  ending(): Reading | null;
}

interface Waiter extends WaitFor {
  readonly wake: (reading: Reading | null) => void;
}

/**
 * Requests that wait for a slot, oldest first. A freed slot is promised to the oldest before any newcomer can read it as free; the
 * promise is consumed by its dial or given back.
 */
export class WaitQueue {
  readonly #clock: Clock;
  readonly #poolOf: (target: TargetId) => string;
  readonly #waiting: Waiter[] = [];
  readonly #promises = new Map<number, string>();
  readonly #countMax: number;

  constructor(clock: Clock, options: { readonly poolOf: (target: TargetId) => string; readonly countMax: number }) {
    this.#clock = clock;
    this.#poolOf = options.poolOf;
    this.#countMax = options.countMax;
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Whether anybody waits for a slot of this pool. */
  waitsFor(pool: string): boolean {
    return this.#waiting.some((waiter) => waiter.targets.some((target) => this.#poolOf(target) === pool));
  }

  /** Slots of a pool that are promised to others than `order`. */
  promised(pool: string, order: number | null): number {
    let count = 0;
    for (const [holder, held] of this.#promises) if (held === pool && holder !== order) count++;
    return count;
  }

  /**
   * Waits; resolves to the reading that ended it, or null when the time is over, the queue is full, or `signal` was told to stop.
   * A `free` reading comes with a promised slot: call `settle` once it is used or not needed.
   */
  wait(request: WaitFor, stop: (cancel: () => void) => void): Promise<Reading | null> {
    const { promise, resolve } = Promise.withResolvers<Reading | null>();
    if (this.#waiting.length >= this.#countMax) return Promise.resolve(null);
    const wake = (reading: Reading | null): void => {
      const at = this.#waiting.indexOf(waiter);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      cancelTimer();
      resolve(reading);
    };
    const waiter: Waiter = { ...request, wake };
    const cancelTimer = this.#clock.after(request.maxMs, () => wake(null));
    const before = this.#waiting.findLastIndex((other) => other.order <= request.order);
    this.#waiting.splice(before + 1, 0, waiter);
    stop(() => wake(null));
    this.changed();
    return promise;
  }

  /** Gives back or forgets the slot promised to a request, and lets the next one look. */
  settle(order: number): void {
    if (this.#promises.delete(order)) this.changed();
  }

  /** Something about the fleet changed: wakes, oldest first, whoever's wait is over. */
  changed(): void {
    for (const waiter of this.#waiting.slice()) {
      const reading = waiter.ending();
      if (!reading) continue;
      if (reading.state === 'free') this.#promises.set(waiter.order, this.#poolOf(reading.target));
      waiter.wake(reading);
    }
  }
}

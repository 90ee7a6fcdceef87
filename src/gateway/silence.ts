import type { Clock } from './ports.ts';

/**
 * Tells when nothing has happened for so long. A stream ends its silence with every token, so a token only moves the moment; the one timer looks
 * again when it fires.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #lasted: () => void;
  #endsAt = 0;
  #firesAt: number | null = null;
  #cancelTimer: () => void = () => {};

  /** `lasted` is called once for each wait that came to its end. */
  constructor(clock: Clock, lasted: () => void) {
    this.#clock = clock;
    this.#lasted = lasted;
  }

  /** Counts from now; what was counted before is forgotten. */
  wait(forMs: number): void {
    this.#endsAt = this.#clock.now() + forMs;
    if (this.#firesAt === null || this.#firesAt > this.#endsAt) this.#arm(forMs);
  }

  stop(): void {
    this.#firesAt = null;
    this.#cancelTimer();
  }

  #arm(delayMs: number): void {
    this.#cancelTimer();
    this.#firesAt = this.#endsAt;
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#fired());
  }

  #fired(): void {
    this.#firesAt = null;
    const leftMs = this.#endsAt - this.#clock.now();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#lasted();
  }
}

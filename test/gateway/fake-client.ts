import type { ClientWire } from '#gateway/ports.ts';
import type { Trail } from './trail.ts';

/** What one caller got. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The connection ended without a proper end, from whichever side. */
  readonly cut: boolean;
}

/** The caller's connection as plain data. */
export class FakeClient implements ClientWire {
  /** Resolves when the answer is over. */
  readonly done: Promise<Answer>;
  /** How many bytes the caller pretends not to have read. */
  waiting = 0;
  readonly #trail: Trail;
  readonly #parts: Buffer[] = [];
  readonly #gone: (() => void)[] = [];
  readonly #drained: (() => void)[] = [];
  #watchers: { readonly reached: (text: string) => boolean; readonly resolve: () => void }[] = [];
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: unknown) => void;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #over = false;

  constructor(trail: Trail) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#trail = trail;
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.#over) return;
    this.#trail.push('client.head');
    this.#status = status;
    this.#headers = headers;
  }

  write(bytes: Uint8Array | string): number {
    if (this.#over) return 0;
    this.#trail.push('client.write');
    this.#parts.push(Buffer.from(bytes));
    const { text } = this;
    const reached = this.#watchers.filter((watcher) => watcher.reached(text));
    this.#watchers = this.#watchers.filter((watcher) => !reached.includes(watcher));
    for (const watcher of reached) watcher.resolve();
    return this.waiting;
  }

  end(): void {
    if (!this.#over) this.#trail.push('client.end');
    this.#settle(false);
  }

  destroy(): void {
    if (!this.#over) this.#trail.push('client.destroy');
    this.leave();
  }

  onGone(listener: () => void): void {
    this.#gone.push(listener);
  }

  onDrained(listener: () => void): void {
    this.#drained.push(listener);
  }

  /** The caller hangs up. */
  leave(): void {
    const over = this.#over;
    this.#settle(true);
    if (!over) for (const listener of this.#gone) listener();
  }

  /** The caller has read everything. */
  drain(): void {
    this.waiting = 0;
    for (const listener of this.#drained) listener();
  }

  /** Resolves when what the caller got holds this text. */
  got(part: string): Promise<void> {
    const reached = (text: string): boolean => text.includes(part);
    if (reached(this.text)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ reached, resolve });
    return promise;
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }

  /** The status told so far; 0 before the head. */
  get status(): number {
    return this.#status;
  }

  #settle(cut: boolean): void {
    this.#over = true;
    this.#resolve({ status: this.#status, headers: this.#headers, text: this.text, cut });
  }
}

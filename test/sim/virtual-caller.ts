import type { ClientWire, Incoming } from '#gateway/ports.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How a caller reads, and when it has had enough. */
export interface Patience {
  /** A byte counts as so many waiting bytes, so that small answers fill a thin line. 0: it reads everything at once. */
  readonly thinness: number;
  /** It takes what waits this often; null for one that never reads again. */
  readonly readEveryMs: number | null;
  /** It hangs up this long after it asked; null for one that stays. */
  readonly leavesAfterMs: number | null;
  /** The body takes this long to come in. */
  readonly uploadMs: number;
  /** It hangs up as soon as it has heard this. */
  readonly leavesAt?: string;
}

/** Reads everything at once, and stays. */
export const endlessPatience: Patience = { thinness: 0, readEveryMs: 1, leavesAfterMs: null, uploadMs: 0 };

export function randomPatience(dice: Dice): Patience {
  const slow = dice.chance(0.15);
  const never = slow && dice.chance(0.3);
  return {
    thinness: slow ? 20_000 : 0,
    readEveryMs: never ? null : dice.pick([200, 3_000, 20_000]),
    leavesAfterMs:
      dice.chance(0.2) || never ? dice.pick([dice.int(0, 20), dice.int(0, 500), dice.int(0, 10_000), dice.int(0, 60_000)]) : null,
    uploadMs: dice.pick([0, 0, 5, 50]),
  };
}

/** What a caller's connection heard. */
export type Heard =
  | { readonly type: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'bytes'; readonly text: string; readonly count: number }
  | { readonly type: 'end' }
  | { readonly type: 'cut' };

/** One caller and its connection. */
export class VirtualCaller implements ClientWire {
  readonly heard: Heard[] = [];
  /** It hung up itself, or was cut. */
  gone: 'left' | 'cut' | null = null;
  ended = false;
  /** Things the contract of the connection forbids. */
  readonly faults: string[] = [];
  /** Called before anything reaches the caller. */
  onTold: (what: Heard) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #patience: Patience;
  readonly #gone: (() => void)[] = [];
  readonly #drained: (() => void)[] = [];
  #waiting = 0;
  #reading = false;

  constructor(clock: VirtualClock, patience: Patience) {
    this.#clock = clock;
    this.#patience = patience;
    if (patience.leavesAfterMs !== null) clock.after(patience.leavesAfterMs, () => this.leave());
  }

  /** Its request, as the listener hands it over. */
  incoming(requestId: string, { body, headers }: { readonly body: object; readonly headers: Incoming['headers'] }): Incoming {
    const bytes = Buffer.from(JSON.stringify(body));
    const readBody = async (maxBytes: number): Promise<Uint8Array | null> => {
      if (this.#patience.uploadMs > 0) await this.#clock.sleep(this.#patience.uploadMs);
      if (this.gone !== null) throw new Error('the caller left');
      return bytes.length > maxBytes ? null : bytes;
    };
    return { requestId, headers, readBody, client: this, arrivedAt: this.#clock.now() };
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.heard.length > 0 && this.gone === null) this.faults.push('a second head');
    this.#tell({ type: 'head', status, headers });
  }

  write(bytes: Uint8Array | string): number {
    if (this.heard.length === 0 && this.gone === null) this.faults.push('bytes without a head');
    const sent = Buffer.from(bytes);
    this.#tell({ type: 'bytes', text: sent.toString('utf8'), count: sent.length });
    this.#waiting += bytes.length * this.#patience.thinness;
    if (this.#waiting > 0 && this.gone === null) this.#readLater();
    if (this.#patience.leavesAt !== undefined && this.text.includes(this.#patience.leavesAt)) this.#close('left');
    return this.#waiting;
  }

  end(): void {
    this.#tell({ type: 'end' });
    if (this.gone === null) this.ended = true;
  }

  destroy(): void {
    this.#tell({ type: 'cut' });
    this.#close('cut');
  }

  onGone(listener: () => void): void {
    this.#gone.push(listener);
  }

  onDrained(listener: () => void): void {
    this.#drained.push(listener);
  }

  /** Hangs up, unless its answer has ended. */
  leave(): void {
    // An answer that has ended but was not taken yet still has its connection.
    if (this.ended && this.#waiting === 0) return;
    this.#close('left');
  }

  get text(): string {
    return this.heard.map((each) => (each.type === 'bytes' ? each.text : '')).join('');
  }

  /** Bytes of the body that it heard. */
  get bytes(): number {
    return this.heard.reduce((sum, each) => sum + (each.type === 'bytes' ? each.count : 0), 0);
  }

  #readLater(): void {
    const { readEveryMs } = this.#patience;
    if (this.#reading || readEveryMs === null) return;
    this.#reading = true;
    this.#clock.after(readEveryMs, () => {
      this.#reading = false;
      this.#waiting = 0;
      if (this.gone === null) for (const listener of this.#drained) listener();
    });
  }

  #close(how: 'left' | 'cut'): void {
    if (this.gone !== null) return;
    this.gone = how;
    for (const listener of this.#gone) listener();
  }

  #tell(what: Heard): void {
    if (this.gone !== null) return;
    if (this.ended) this.faults.push(`${what.type} after the end`);
    this.onTold(what);
    this.heard.push(what);
  }
}

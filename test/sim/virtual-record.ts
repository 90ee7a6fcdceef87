import type { Intent, Terminal } from '#core/record/record.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Limits, RecordSink, Reservation } from '#store/ports.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

type Durability = 'none' | 'pending' | 'durable' | 'failed';

/** What became of one request's record. */
export interface RecordState {
  intent: Intent | null;
  begin: Durability;
  terminals: Terminal[];
  end: Durability;
}

/** A record that takes its time, and in some worlds fails. */
export class VirtualRecord implements RecordSink {
  readonly states = new Map<string, RecordState>();
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #slowMs: number;
  #fails: number;

  constructor(clock: VirtualClock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
    this.#slowMs = dice.pick([0, 5, 200, 3_000]);
    this.#fails = dice.pick([0, 0, 0, 0.05]);
  }

  of(id: string): RecordState {
    const known = this.states.get(id);
    if (known) return known;
    const state: RecordState = { intent: null, begin: 'none', terminals: [], end: 'none' };
    this.states.set(id, state);
    return state;
  }

  async begin(intent: Intent): Promise<void> {
    const state = this.of(intent.id);
    state.intent = intent;
    state.begin = 'pending';
    state.begin = await this.#write();
    if (state.begin === 'failed') throw new RecordUnavailable('the disk is full');
  }

  async end(terminal: Terminal): Promise<void> {
    const state = this.of(terminal.id);
    state.terminals.push(terminal);
    state.end = 'pending';
    state.end = await this.#write();
    if (state.end === 'failed') throw new RecordUnavailable('the disk is full');
  }

  writable(): boolean {
    return true;
  }

  mend(): void {
    this.#fails = 0;
  }

  async #write(): Promise<'durable' | 'failed'> {
    if (this.#slowMs > 0) await this.#clock.sleep(this.#dice.int(0, this.#slowMs));
    return this.#dice.chance(this.#fails) ? 'failed' : 'durable';
  }
}

/** Limits that take their time, sometimes refuse, and count what was reserved and settled. */
export class VirtualLimits implements Limits {
  reserved = 0;
  settled = 0;
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #slowMs: number;
  #refuses: number;

  constructor(clock: VirtualClock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
    this.#slowMs = dice.pick([0, 0, 20, 1_000]);
    this.#refuses = dice.pick([0, 0, 0.1]);
  }

  mend(): void {
    this.#refuses = 0;
  }

  async reserve(): Promise<Reservation> {
    if (this.#slowMs > 0) await this.#clock.sleep(this.#dice.int(0, this.#slowMs));
    if (this.#dice.chance(this.#refuses)) return { granted: false, retryAfterMs: this.#dice.pick([null, 500, 5_000]) };
    this.reserved++;
    return {
      granted: true,
      settle: () => {
        this.settled++;
        return Promise.resolve();
      },
    };
  }
}

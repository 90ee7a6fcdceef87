import type { Intent, Terminal } from '#core/record/record.ts';
import { openJsonlStore } from '#store/jsonl-store.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Limits, RecordSink, Reservation, Store } from '#store/ports.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { VirtualDisk } from './virtual-disk.ts';

type Durability = 'none' | 'pending' | 'durable' | 'failed';

/** What became of one request's record. */
export interface RecordState {
  intent: Intent | null;
  begin: Durability;
  terminals: Terminal[];
  end: Durability;
}

const folder = '/record';

/** The real record over the virtual disk, watched: when each half of each request's record became durable, and what lies on the disk. */
export class VirtualRecord implements RecordSink {
  readonly states = new Map<string, RecordState>();
  readonly disk: VirtualDisk;
  readonly #store: Promise<Store>;
  readonly #sink: Promise<RecordSink>;
  #opened: Store | null = null;
  /** It was closed and everything in hand was put in order before. */
  #closedWell = false;

  constructor(clock: VirtualClock, dice: Dice) {
    this.disk = new VirtualDisk(clock, dice.fork());
    // Small files in some worlds, so that they are put aside again and again; none is ever thrown away.
    this.#store = openJsonlStore({ folder, clock, disk: this.disk, rotateBytes: dice.pick([20_000, 200_000, 64_000_000]), keep: 10_000 });
    this.#sink = this.#store.then(recordSinkOf);
    void this.#store.then((store) => (this.#opened = store));
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
    const sink = await this.#sink;
    state.begin = await durability(sink.begin(intent));
    if (state.begin === 'failed') throw new RecordUnavailable('the disk failed');
  }

  async end(terminal: Terminal): Promise<void> {
    const state = this.of(terminal.id);
    state.terminals.push(terminal);
    state.end = 'pending';
    const sink = await this.#sink;
    state.end = await durability(sink.end(terminal));
    if (state.end === 'failed') throw new RecordUnavailable('the disk failed');
  }

  writable(): boolean {
    return this.#opened?.writable() ?? false;
  }

  mend(): void {
    this.disk.mend();
  }

  async close(): Promise<void> {
    const store = await this.#store;
    await store.close().then(
      () => (this.#closedWell = true),
      () => {},
    );
  }

  /** What the disk holds against what was promised. */
  problems(): string[] {
    const found: string[] = [];
    const counts = new Map<string, number>();
    const lines = this.disk.text(`${folder}/router-decisions.jsonl`).split('\n');
    // A disk that died in the middle of a write keeps half a line; it is cut off at the next start.
    if (lines.pop() !== '' && this.#closedWell) found.push('the record ends in half a line');
    for (const line of lines) {
      const entry = parse(line);
      if (!entry) found.push(`the record holds what is no entry: ${line.slice(0, 80)}`);
      else if (entry.id !== undefined) counts.set(`${entry.type} ${entry.id}`, (counts.get(`${entry.type} ${entry.id}`) ?? 0) + 1);
    }
    for (const [id, { begin, end, terminals }] of this.states) {
      const halves = [
        { half: 'start', became: begin, most: 1 },
        { half: 'terminal', became: end, most: terminals.length },
      ];
      for (const { half, became, most } of halves) {
        const count = counts.get(`${half} ${id}`) ?? 0;
        if (became === 'durable' && (count < 1 || count > most)) found.push(`${id}: its ${half} is durable and ${count} times on the disk`);
        if ((became === 'failed' && this.#closedWell && count > 0) || (became === 'none' && count > 0))
          found.push(`${id}: its ${half} is on the disk though it was refused`);
        if (became === 'pending') found.push(`${id}: its ${half} is still being written`);
      }
    }
    return found;
  }
}

async function durability(writing: Promise<void>): Promise<'durable' | 'failed'> {
  try {
    await writing;
    return 'durable';
  } catch (error) {
    if (error instanceof RecordUnavailable) return 'failed';
    throw error;
  }
}

function parse(line: string): { readonly type: string; readonly id?: string } | null {
  try {
    return JSON.parse(line) as { readonly type: string; readonly id?: string };
  } catch {
    return null;
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

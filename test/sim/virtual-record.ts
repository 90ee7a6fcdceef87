import type { Intent, Terminal } from '#core/record/record.ts';
import { LogStore } from '#record/log-store.ts';
import type { MakeLink } from '#record/log-store.ts';
import type { WriterSettings } from '#record/writer-messages.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { CommitOptions, Limits, RecordSink, Reservation, Said } from '#store/ports.ts';
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

const settings: WriterSettings = { checkpoints: null, files: false, keep: { ageMs: null, bytes: null } };

/** The real record over the virtual disk, watched: when each half of each request's record became durable, and what lies on the disk. */
export class VirtualRecord implements RecordSink {
  readonly states = new Map<string, RecordState>();
  readonly disk: VirtualDisk;
  readonly #store: LogStore;
  readonly #sink: RecordSink;

  constructor(clock: VirtualClock, dice: Dice) {
    this.disk = new VirtualDisk(clock, dice.fork());
    const make: MakeLink = (_, hear) => this.disk.link(hear);
    const store: LogStore = new LogStore(
      make,
      {
        link: this.disk.link({ message: (message) => store.hear(message), gone: (why) => store.gone(why) }),
        settings,
        head: this.disk.head,
        logId: 'virtual',
      },
      this.disk.options(),
    );
    this.#store = store;
    this.#sink = recordSinkOf(store);
  }

  of(id: string): RecordState {
    const known = this.states.get(id);
    if (known) return known;
    const state: RecordState = { intent: null, begin: 'none', terminals: [], end: 'none' };
    this.states.set(id, state);
    return state;
  }

  async begin(intent: Intent, _said?: Said, options?: CommitOptions): Promise<void> {
    const state = this.of(intent.id);
    state.intent = intent;
    state.begin = 'pending';
    state.begin = await durability(this.#sink.begin(intent, undefined, options));
    if (state.begin === 'failed') throw new RecordUnavailable('the disk failed');
  }

  async end(terminal: Terminal): Promise<void> {
    const state = this.of(terminal.id);
    state.terminals.push(terminal);
    state.end = 'pending';
    state.end = await durability(this.#sink.end(terminal));
    if (state.end === 'failed') throw new RecordUnavailable('the disk failed');
  }

  hurry(): void {
    this.#sink.hurry?.();
  }

  writable(): boolean {
    return this.#store.writable();
  }

  mend(): void {
    this.disk.mend();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** What the disk holds against what was promised. `mended`: the record can be written now, so nothing may be open. */
  problems({ mended }: { readonly mended: boolean }): string[] {
    const found = [...this.disk.faults];
    const kept = new Map<string, Kept>();
    for (const [at, { entry, startSeq }] of this.disk.entries.entries()) {
      const { type, id } = parse(entry.text);
      if (id === undefined) continue;
      const of = kept.get(id) ?? { start: 0, terminal: 0, interrupted: 0, startSeq: 0 };
      if (type === 'start') kept.set(id, { ...of, start: of.start + 1, startSeq: at + 1 });
      else if (type === 'terminal' || type === 'interrupted') kept.set(id, { ...of, [type]: of[type] + 1 });
      if (type !== 'start' && startSeq !== of.startSeq)
        found.push(`${id}: its ${type} points at entry ${startSeq} instead of ${of.startSeq}`);
    }
    for (const [id, { begin, end }] of this.states) {
      const { start, terminal, interrupted } = kept.get(id) ?? { start: 0, terminal: 0, interrupted: 0 };
      const holds = `${start} starts, ${terminal} terminals and ${interrupted} interruptions on the disk`;
      if (begin === 'pending' || end === 'pending') found.push(`${id}: its record is still being written`);
      if (start > 1 || terminal > 1 || interrupted > 1) found.push(`${id}: ${holds}`);
      if (begin === 'durable' && start !== 1) found.push(`${id}: its start is durable, ${holds}`);
      if (end === 'durable' && (terminal !== 1 || interrupted !== 0)) found.push(`${id}: its terminal is durable, ${holds}`);
      if (begin === 'none' && start + terminal > 0) found.push(`${id}: it was never begun, ${holds}`);
      if (mended && start === 1 && end !== 'durable' && interrupted !== 1) found.push(`${id}: it was given up, ${holds}`);
    }
    return found;
  }
}

interface Kept {
  readonly start: number;
  readonly terminal: number;
  readonly interrupted: number;
  /** Where its start stands. */
  readonly startSeq: number;
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

function parse(text: string): { readonly type: string; readonly id?: string } {
  return JSON.parse(text) as { readonly type: string; readonly id?: string };
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

import type { LogStoreOptions, MakeLink, WriterLink } from '#record/log-store.ts';
import type { FromWriter, NewEntry, ToWriter } from '#record/writer-messages.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** `full`: nothing more fits; `gone`: every operation fails, as after a cable was pulled; `stuck`: nothing returns until it is over. */
export type DiskState = 'well' | 'full' | 'gone' | 'stuck';

/** A disk that is well takes no longer for one write. */
const mendedMs = 5;

type Hear = Parameters<MakeLink>[1];

/**
 * The record's file and the threads that write it, on the virtual clock: slow, full, away or hanging for a while, failing in the middle of a
 * batch so that nobody knows whether it is there, ending without a word. What was written stays.
 */
export class VirtualDisk {
  /** The entries of the log, `seq` 1 first. */
  readonly entries: { readonly entry: NewEntry; readonly startSeq: number }[] = [];
  /** Things that a writer must never be told. */
  readonly faults: string[] = [];
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  #slowMs: number;
  /** How likely one write fails, or its thread ends, though the disk is well. */
  #fails: number;
  #state: DiskState = 'well';
  #stuck: (() => void)[] = [];

  constructor(clock: VirtualClock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
    this.#slowMs = dice.pick([0, 0, 5, 200, 3_000]);
    this.#fails = dice.pick([0, 0, 0, 0.02]);
  }

  get state(): DiskState {
    return this.#state;
  }

  set state(state: DiskState) {
    this.#state = state;
    if (state === 'stuck') return;
    for (const go of this.#stuck.splice(0)) go();
  }

  mend(): void {
    this.#fails = 0;
    this.#slowMs = Math.min(this.#slowMs, mendedMs);
    this.state = 'well';
  }

  /** A thread that writes, seen from the house. */
  link(hear: Hear): WriterLink {
    const queue: ToWriter[] = [];
    let over = false;
    let busy = false;
    const say = (message: FromWriter): void => {
      if (!over) hear.message(message);
    };
    const work = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      for (let message = queue.shift(); message && !over; message = queue.shift()) {
        if ((await this.#take(message, say)) === 'goes_on') continue;
        over = true;
        hear.gone('the thread ended');
      }
      busy = false;
    };
    return {
      post: (message) => {
        queue.push(message);
        this.#clock.after(0, () => void work());
      },
      end: () => {
        over = true;
      },
    };
  }

  /** What `LogStore` wants of the house around it. */
  options(): LogStoreOptions {
    return { clock: this.#clock, tell: () => {}, soon: (run) => void this.#clock.after(0, run) };
  }

  get head(): { readonly seq: number; readonly hash: string } {
    return { seq: this.entries.length, hash: `h${this.entries.length}` };
  }

  async #take(message: ToWriter, say: (message: FromWriter) => void): Promise<'goes_on' | 'ends'> {
    const dice = this.#dice;
    if (message.type === 'settings' || message.type === 'ask') return 'goes_on';
    if (this.#slowMs > 0 && message.type !== 'close') await this.#clock.sleep(dice.int(0, this.#slowMs));
    while (this.#state === 'stuck') await new Promise<void>((resolve) => this.#stuck.push(resolve));
    const round = message.type === 'recover' ? message.round : null;
    const fails = this.#state !== 'well' || dice.chance(this.#fails);
    // A commit may be in the file though nobody hears of it.
    if (fails && message.type === 'batch' && this.#state !== 'full' && dice.chance(0.3)) this.#append(message.entries);
    if (fails && message.type === 'close') {
      say({ type: 'closed' });
      return 'goes_on';
    }
    if (fails && dice.chance(0.1)) return 'ends';
    if (fails) {
      say({ type: 'failed', why: this.#state, round });
      return 'goes_on';
    }
    switch (message.type) {
      case 'batch': {
        const first = this.#append(message.entries);
        say({ type: 'written', first, head: this.head });
        break;
      }
      case 'checkpoint':
        say({ type: 'moved', head: this.head });
        break;
      case 'recover':
        say({ type: 'recovered', round: message.round, first: this.#landed(message), head: this.head });
        break;
      case 'close':
        say({ type: 'closed' });
        break;
    }
    return 'goes_on';
  }

  #append(entries: readonly NewEntry[]): number {
    const first = this.entries.length + 1;
    for (const entry of entries) {
      const said = entry.kind === 'terminal' || entry.kind === 'interrupted' ? entry.startSeq : 0;
      this.entries.push({ entry, startSeq: said < 0 ? first - 1 - said : said });
    }
    return first;
  }

  /** Where the batch of which nothing was heard begins; null if it is not in the file. */
  #landed({ head, unsure }: ToWriter & { readonly type: 'recover' }): number | null {
    const tail = this.entries.slice(head.seq).map(({ entry }) => entry.text);
    if (tail.length === 0) return null;
    if (tail.join('\n') !== unsure.map(({ text }) => text).join('\n'))
      this.faults.push(`the house believes in ${head.seq} entries and ${unsure.length} unsure ones, the file has ${this.entries.length}`);
    return head.seq + 1;
  }
}

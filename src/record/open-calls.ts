import type { Intent } from '#core/record/record.ts';
import { LiveMap } from '#core/units/live-map.ts';
import type { StoreOp } from '#store/ports.ts';
import { startColumns } from './projection.ts';
import type { ColumnValue } from './projection.ts';
import { otherEntry, startEntry, terminalEntry } from './spell-entry.ts';
import type { NewEntry } from './writer-messages.ts';

/** A call from its start to its end. */
export interface OpenCall {
  readonly id: string;
  readonly columns: readonly ColumnValue[];
  /** Null until its start is durable. */
  startSeq: number | null;
  /** Where its start stands in the batch under way, from -1 down; 0 if it is not in it. */
  place: number;
  /** Those that began before and after it and are still open. */
  before: OpenCall | null;
  after: OpenCall | null;
}

/** An entry, or the end of a call that becomes one as soon as its start's place is known. */
export type Spelt =
  | { readonly entry: NewEntry; readonly begins: OpenCall | null; readonly ends: null }
  | { readonly entry: NewEntry; readonly begins: null; readonly ends: OpenCall };

/** The calls whose end is not in the log yet, in the order of their starts. */
export class OpenCalls {
  readonly #byId = new LiveMap<OpenCall>();
  #first: OpenCall | null = null;
  #last: OpenCall | null = null;

  of(id: string): OpenCall | undefined {
    return this.#byId.get(id);
  }

  /** The `seq` before which no open call began; `next` is that of the next entry. */
  openFrom(next: number): number {
    return this.#first?.startSeq ?? next;
  }

  /** The entry of one step. A start opens its call; null for the end of a call that is not open. */
  spell(op: StoreOp): Spelt | null {
    if (op.op === 'start') return { entry: startEntry(op), begins: this.#open(op.intent), ends: null };
    if (op.op !== 'terminal') return { entry: otherEntry(op), begins: null, ends: null };
    const call = this.of(op.terminal.id);
    return call ? { entry: terminalEntry(op, { columns: call.columns, startSeq: call.startSeq ?? 0 }), begins: null, ends: call } : null;
  }

  /** Takes a call off; it may be done twice. */
  close(call: OpenCall): void {
    if (this.#byId.get(call.id) !== call) return;
    this.#byId.take(call.id);
    if (call.before) call.before.after = call.after;
    else this.#first = call.after;
    if (call.after) call.after.before = call.before;
    else this.#last = call.before;
    // Left in place, the links of calls that are over would keep each other alive.
    call.before = call.after = null;
  }

  #open(intent: Intent): OpenCall {
    const call: OpenCall = { id: intent.id, columns: startColumns(intent), startSeq: null, place: 0, before: this.#last, after: null };
    if (this.#last) this.#last.after = call;
    else this.#first = call;
    this.#last = call;
    this.#byId.set(call.id, call);
    return call;
  }
}

/** The entries of a batch, each with the place of its call's start, which may be in the same batch. */
export function batchOf(spelt: readonly Spelt[]): readonly NewEntry[] {
  return spelt.map(({ entry, begins, ends }, index) => {
    if (begins) begins.place = -1 - index;
    if (!ends || (entry.kind !== 'terminal' && entry.kind !== 'interrupted')) return entry;
    return { ...entry, startSeq: ends.startSeq ?? ends.place };
  });
}

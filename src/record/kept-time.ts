/** `meta`: the time by which ages are measured, as it was noted last. */
export const keptTimeName = 'ageTime';

/** The time on two clocks, milliseconds: one that people set, and one that only goes forward while this process runs. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** By how much a clock may be ahead of what is expected before it is doubted: a tenth of what is kept, an hour at least. */
export function jumpOf(ageMs: number): number {
  return Math.max(hourMs, ageMs / 10);
}

/**
 * The time by which the age of entries is measured. It follows the wall clock, back at once and forward as long as that is not far ahead of
 * where it should be. A clock that jumped ahead would make everything too old: it is believed only when it has stayed there as long as the
 * jump that is let pass, a day at most.
 */
export class KeptTime {
  /** Null until something is known. */
  #time: number | null;
  #steady: number | null = null;
  /** On the steady clock; null while the wall clock is believed. */
  #doubtedSince: number | null = null;

  /** `noted`: the time as it was noted last, null for none. */
  constructor(noted: number | null) {
    this.#time = noted;
  }

  /** The time to measure by, and what the operator should hear. */
  at({ wall, steady }: Moment, jumpMs: number): { readonly time: number; readonly note: string | null } {
    const passed = this.#steady === null ? 0 : Math.max(0, steady - this.#steady);
    this.#steady = steady;
    const expected = this.#time === null ? wall : this.#time + passed;
    const waitMs = Math.min(jumpMs, dayMs);
    const doubted = wall > expected + jumpMs && (this.#doubtedSince === null || steady - this.#doubtedSince < waitMs);
    this.#time = doubted ? expected : wall;
    if (!doubted) {
      this.#doubtedSince = null;
      return { time: wall, note: null };
    }
    const isNew = this.#doubtedSince === null;
    this.#doubtedSince ??= steady;
    const note = `the clock is ${inHours(wall - expected)} ahead of where the record knew it: nothing goes for its age for ${inHours(waitMs)}`;
    return { time: expected, note: isNew ? note : null };
  }
}

function inHours(ms: number): string {
  return `${Math.round(ms / hourMs)} h`;
}

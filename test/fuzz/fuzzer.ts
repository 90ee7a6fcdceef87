import { diceOf } from '#test/sim/random.ts';
import type { Dice } from '#test/sim/random.ts';

/** How often what came of the inputs of a run. */
export type Counts = Record<string, number>;

/** A run of inputs `from` up to, not including, `to`. */
export interface Leg {
  readonly from: number;
  readonly to: number;
  /** The dice of one input, the same in every run with this seed. */
  dice(at: number): Dice;
  readonly counts: Counts;
}

/** One sort of bad input. */
export interface Fuzzer {
  readonly name: string;
  /** Its part of all inputs, in hundredths. */
  readonly share: number;
  /** Inputs after which everything it stands on is made anew. */
  readonly legInputs: number;
  /** Tries the inputs of a leg. Throws `FuzzFailure` for the first that does what no input may do. */
  run(leg: Leg): Promise<void>;
}

/** An input that did what no input may do. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  readonly at: number;

  constructor(at: number, what: string, input: string) {
    super(`${what}\ninput ${at}: ${input.length > 2_000 ? `${input.slice(0, 2_000)}… (${input.length} characters)` : input}`);
    this.at = at;
  }
}

/** Counts one more. */
export function count(counts: Counts, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** Notes the largest value seen. */
export function most(counts: Counts, what: string, value: number): void {
  counts[what] = Math.max(counts[what] ?? 0, Math.ceil(value));
}

/** Runs a fuzzer over its inputs, leg by leg. Gives what came of them; a failure says how to see it again. */
export async function runFuzzer(
  fuzzer: Fuzzer,
  { inputs, seed, from = 0 }: { readonly inputs: number; readonly seed: number; readonly from?: number },
): Promise<Counts> {
  const counts: Counts = {};
  const dice = (at: number): Dice => diceOf(seed + Math.imul(at + 1, 0x9e3779b1));
  for (let start = from; start < from + inputs; start += fuzzer.legInputs) {
    const to = Math.min(start + fuzzer.legInputs, from + inputs);
    try {
      await fuzzer.run({ from: start, to, dice, counts });
    } catch (error) {
      const at = error instanceof FuzzFailure ? `--from ${error.at} --inputs 1` : `--from ${start} --inputs ${to - start}`;
      throw new Error(`again: npm run fuzz -- --only ${fuzzer.name} --seed ${seed} ${at}`, { cause: error });
    }
  }
  return counts;
}

import fc from 'fast-check';
import type { GeneratorValue } from 'fast-check';

/** Even dice over a generator: numbers of fast-check lean to small ones, choices do not. */

const below = (count: number): fc.Arbitrary<number> => fc.constantFrom(...Array.from({ length: count }, (_, at) => at));

/** From 0 to `max`, both included. */
export function upTo(g: GeneratorValue, max: number): number {
  return g(below, max + 1);
}

export function sometimes(g: GeneratorValue, percent: number): boolean {
  return g(below, 100) < percent;
}

export function pick<T>(g: GeneratorValue, list: readonly T[]): T {
  const value = list[upTo(g, list.length - 1)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** At most `max` of a list, each once. */
export function several<T>(g: GeneratorValue, list: readonly T[], max: number): readonly T[] {
  return [...new Set(Array.from({ length: upTo(g, max) }, () => pick(g, list)))];
}

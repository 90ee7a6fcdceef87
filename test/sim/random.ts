/** Seeded dice: the only source of chance in a simulated world. The same seed throws the same forever. */
export interface Dice {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Picks a name by its weight; weights of nought are never picked. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name;
  /** Some of the items, in their order. */
  some<Item>(items: readonly Item[], probability: number): Item[];
  /** Dice of its own, so that one actor's throws do not shift another's. */
  fork(): Dice;
}

/** Dice from a seed (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) throw new Error('there is nothing to pick from');
      // An item may itself be undefined.
      return items[int(0, items.length - 1)] as Item;
    },
    weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
      const names = Object.keys(weights) as Name[];
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0);
      for (const name of names) {
        left -= weights[name];
        if (left < 0) return name;
      }
      throw new Error('every weight is nought');
    },
    some: (items, probability) => items.filter(() => next() < probability),
    fork: () => diceOf(Math.floor(next() * 4_294_967_296)),
  };
}

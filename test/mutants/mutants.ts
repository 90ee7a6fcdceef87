import type { Mutant } from '#scripts/run-mutant.ts';

/** The breakages that `npm run mutants` tries, each with the test that has to turn red. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a sovereign permit opens a cloud target',
    file: 'src/egress/permit.ts',
    find: "permit.tier === 'sovereign' || permit.tier === 'coordination'",
    replace: "permit.tier === 'coordination'",
    tests: ['src/egress/permit.test.ts'],
    expect: 'a permit that differs from what is declared opens nothing',
  },
  {
    name: 'a neighbour of a private range counts as the house',
    file: 'src/core/units/house-address.ts',
    find: 'b >> 4 === 1',
    replace: 'b >> 5 === 0',
    tests: ['src/core/units/house-address.test.ts'],
    expect: '172.15.0.1 is not in the house',
  },
  {
    name: 'a message that scores nothing ends the look back',
    file: 'src/core/classify/score-texts.ts',
    find: 'if (scores.length > 0) return scores;',
    replace: 'return scores;',
    tests: ['src/core/classify/score-texts.test.ts'],
    expect: 'a message that scores nothing gives way to the one before it',
  },
];

/** Random pairs of faults; the command plays as many as one likes: `npm run faults -- --rounds 0 --pairs 2000`. */
import { test } from 'node:test';
import { allMustPass, lookAtTheRest, seed } from './fault-suite.ts';
import { pairRound } from './rounds.ts';

const pairsCount = 40;

lookAtTheRest();
test('two faults, behind each other or in two requests', () =>
  allMustPass(Array.from({ length: pairsCount }, (_, at) => pairRound(seed * 1_000 + at))));

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import type { Fault } from '#upstreams/scripted/faults/fault.ts';
import { openBeyond } from './open-resources.ts';
import { playRounds } from './play-rounds.ts';
import { roundsOf } from './rounds.ts';
import type { Round } from './round.ts';

/** Another seed at each run; `SEED=…` repeats one. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));

const roundsEach = 5;
/** Most of a round is waiting; more at once would make the small clocks unjust. */
const atOnce = 5;

/**
 * A few rounds of each of these faults against a real house, and then a look at what is left of them. The command plays as many as one
 * likes: `npm run faults -- --rounds 50`.
 */
export function testFaults(faults: readonly Fault[]): void {
  lookAtTheRest();
  suite('faults', { concurrency: 4 }, () => {
    for (const fault of faults) test(`${fault.id} ${fault.title}`, () => allMustPass(roundsOf(fault, { count: roundsEach, seed })));
  });
}

/** Asserts that every round goes as it must, and prints the seed if one does not. */
export async function allMustPass(rounds: readonly Round[]): Promise<void> {
  const failed = await playRounds(rounds, { atOnce });
  const told = failed.map(({ round, wrong }) => `${round.name}\n  ${wrong.join('\n  ')}`).join('\n');
  assert.equal(failed.length, 0, `SEED=${seed}\n${told}`);
}

/** Afterwards no socket, no timer and no listener is left in the process. */
export function lookAtTheRest(): void {
  const before = process.getActiveResourcesInfo();
  after(async () => assert.deepEqual(await openBeyond(before), []));
}

/** A house that is killed at any moment has kept everything that it answered. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { crashRounds } from './crash-rounds.ts';

test('killed twelve times under load: every whole answer has its record, what was under way is interrupted', async (t) => {
  const seed = randomInt(2 ** 31);
  const report = await crashRounds({ rounds: 12, seed });
  t.diagnostic(`seed ${seed}: ${report.whole} answers, ${report.cut} cut, ${report.interrupted} interrupted`);
  assert.deepEqual(report.failures, [], `seed ${seed}`);
  assert.ok(report.whole > 0 && report.interrupted > 0, `seed ${seed}: it saw too little`);
});

test('a house that answers before it records is found out by the same look', async () => {
  const { failures } = await crashRounds({ rounds: 3, seed: 1, early: true });
  assert.ok(failures.some((failure) => failure.includes('was answered as a whole')));
});

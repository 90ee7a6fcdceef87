/** Prover and executed walks agree over generated policies: a slice with a fresh seed; `npm run prove` is the whole. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { proveCase } from './prove-cases.ts';

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const policies = 40;

test('what is proved is what is walked', (t) => {
  t.diagnostic(`seed ${seed} (set SEED to repeat it)`);
  const seen = { states: 0, walks: 0, dials: 0, foreseen: 0, replayed: 0 };
  for (const g of fc.sample(fc.gen(), { seed, numRuns: policies })) {
    const { proof, walks, dials, foreseen, replayed } = proveCase(g, 50, {
      passagesMax: 3_000,
      passagesInAllMax: 12_000,
      samples: 50,
      seed,
    });
    seen.states += proof.states;
    seen.walks += walks;
    seen.dials += dials;
    seen.foreseen += foreseen;
    seen.replayed += replayed;
  }
  t.diagnostic(`${policies} policies: ${JSON.stringify(seen)}`);
  assert.ok(seen.dials > 500 && seen.foreseen > 20 && seen.replayed > 20, JSON.stringify(seen));
});

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { env } from 'node:process';
import { test } from 'node:test';
import { checkWorld } from './check-world.ts';
import { runWorld } from './run-world.ts';

/** `SIM_SEED` replays one seed or begins at it; `SIM_SEEDS` says how many. */
const firstSeed = Number(env['SIM_SEED'] ?? randomInt(1, 1_000_000_000));
const seeds = Number(env['SIM_SEEDS'] ?? (env['SIM_SEED'] === undefined ? 200 : 1));
const requests = Number(env['SIM_REQUESTS'] ?? 40);

test(`${seeds} seeded worlds from seed ${firstSeed}: nothing lost, spliced, leaked or told twice`, async (context) => {
  const failed: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const world = await runWorld(seed, { requests });
    const violations = checkWorld(world);
    if (violations.length === 0) continue;
    failed.push(
      [
        `SIM_SEED=${seed} SIM_REQUESTS=${requests} node --test test/sim/sim.test.ts`,
        ...violations.slice(0, 5).map((what) => `  ${what}`),
      ].join('\n'),
    );
    if (failed.length >= 5) break;
  }
  context.diagnostic(`base seed ${firstSeed}`);
  assert.equal(failed.length, 0, failed.join('\n'));
});

test('the same seed gives the same world, byte for byte', async () => {
  const hashOf = async (): Promise<string> => (await runWorld(firstSeed, { requests })).hash();
  assert.equal(await hashOf(), await hashOf());
});

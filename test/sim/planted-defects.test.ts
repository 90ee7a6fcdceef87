import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defectsOfLiveness } from './defects-of-liveness.ts';
import { plantedDefects } from './planted-defects.ts';
import { trySeed } from './try-seed.ts';

const seeds = 30;
const requests = 40;

for (const { name, mode, plant, shows } of [...plantedDefects, ...defectsOfLiveness]) {
  test(`the simulator sees that ${name}`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations } = await trySeed(seed, { requests, mode, plant: plant() });
      if (violations.some((violation) => shows.test(violation))) return;
    }
    assert.fail(`not seen in ${seeds} worlds`);
  });
}

for (const mode of ['safety', 'liveness'] as const) {
  test(`without a defect the same worlds are clean: ${mode}`, async () => {
    for (let seed = 1; seed <= seeds; seed++) assert.deepEqual((await trySeed(seed, { requests, mode })).violations, [], `seed ${seed}`);
  });
}

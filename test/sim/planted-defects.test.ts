import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWorld } from './check-world.ts';
import { plantedDefects } from './planted-defects.ts';
import { runWorld } from './run-world.ts';

const seeds = 40;

for (const { name, plant, shows } of plantedDefects) {
  test(`the simulator sees that ${name}`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const found = checkWorld(await runWorld(seed, { requests: 40, plant: plant() }));
      if (found.some((violation) => shows.test(violation))) return;
    }
    assert.fail(`not seen in ${seeds} worlds`);
  });
}

test('without a defect the same worlds are clean', async () => {
  for (let seed = 1; seed <= seeds; seed++) assert.deepEqual(checkWorld(await runWorld(seed, { requests: 40 })), [], `seed ${seed}`);
});

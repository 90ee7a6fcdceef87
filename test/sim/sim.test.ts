import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { regressions } from './regressions.ts';
import type { Mode } from './run-world.ts';
import { replayOf, trySeed } from './try-seed.ts';

const seeds = 200;
const requests = 30;
const modes: readonly Mode[] = ['safety', 'liveness'];
const firstSeed = randomInt(1, 1_000_000_000);

const promises: Readonly<Record<Mode, string>> = {
  safety: 'whatever goes wrong, nothing is lost, spliced, leaked or told twice',
  liveness: 'once everything is mended, everything works again in its time',
};

for (const mode of modes) {
  test(`${promises[mode]}: ${seeds} worlds from seed ${firstSeed}`, async () => {
    const failed: string[] = [];
    for (let seed = firstSeed; seed < firstSeed + seeds && failed.length < 5; seed++) {
      const { violations } = await trySeed(seed, { requests, mode });
      if (violations.length > 0) failed.push([replayOf(seed, { requests, mode }), ...violations.slice(0, 5)].join('\n  '));
    }
    assert.equal(failed.length, 0, failed.join('\n'));
  });

  test(`the same seed gives the same world, byte for byte: ${mode}`, async () => {
    const first = await trySeed(firstSeed, { requests, mode });
    const again = await trySeed(firstSeed, { requests, mode });
    assert.notEqual(first.hash, '');
    assert.equal(first.hash, again.hash, replayOf(firstSeed, { requests, mode }));
  });
}

for (const { seed, requests: count, mode, showed } of regressions) {
  test(`seed ${seed}, ${mode}: ${showed}`, async () => {
    const { violations } = await trySeed(seed, { requests: count, mode });
    assert.deepEqual(violations, [], replayOf(seed, { requests: count, mode }));
  });
}

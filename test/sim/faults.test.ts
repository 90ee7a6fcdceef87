import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import { everyFault, playFaultWorld, randomPair } from './fault-world.ts';
import { coldModelWorld } from './cold-model-world.ts';
import { replayOf, trySeed } from './try-seed.ts';

const seed = randomInt(1, 1_000_000_000);
const pairs = 60;
const plays = everyFault();

for (const { id, title } of faultCatalog) {
  test(`${id}, ${title}: the right outcome on clocks of real length, and everything works again afterwards`, async () => {
    const mine = plays.filter(({ name }) => name.startsWith(`${id} `));
    assert.ok(mine.length > 0);
    for (const play of mine) assert.deepEqual((await playFaultWorld(play, seed)).wrong, [], `${play.name}, seed ${seed}`);
  });
}

test(`${pairs} random pairs of faults from seed ${seed}: the right outcome`, async () => {
  for (let each = seed; each < seed + pairs; each++) {
    const { violations } = await trySeed(each, { requests: 1, mode: 'pairs' });
    assert.deepEqual(violations, [], `${randomPair(each).name}: ${replayOf(each, { requests: 1, mode: 'pairs' })}`);
  }
});

for (const { loadsMs, firstTokenMs, answered } of [
  { loadsMs: 0, firstTokenMs: 29_000, answered: true },
  { loadsMs: 0, firstTokenMs: 31_000, answered: false },
  { loadsMs: 30_000, firstTokenMs: 40_000, answered: true },
  { loadsMs: 200_000, firstTokenMs: 210_000, answered: true },
  { loadsMs: 290_000, firstTokenMs: 299_000, answered: true },
  { loadsMs: 400_000, firstTokenMs: 400_000, answered: false },
]) {
  const what = `a model that loads for ${loadsMs / 1_000} s and speaks after ${firstTokenMs / 1_000} s ${answered ? 'is waited for' : 'is given up'}`;
  test(what, async () => {
    const { servedBy, wrong } = await coldModelWorld({ loadsMs, firstTokenMs });
    assert.deepEqual(wrong, []);
    assert.equal(servedBy, answered ? 'm0/alpha' : 'm1/alpha');
  });
}

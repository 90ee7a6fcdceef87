import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Usage } from '#core/reply/event.ts';
import { nothingSpent, priceOfUsage, spentBy, spentTogether } from './cost.ts';

/** 0.80 for a million prompt tokens, 4.00 for a million answered ones. */
const price = { inputNano: 800_000_000, outputNano: 4_000_000_000, cachedInputNano: 80_000_000 };
const nothing = { price: null, watts: null, perKwhNano: null };

function usage(input: number | null, output: number | null, cachedInput: number | null = null): Usage {
  return { input, output, cachedInput, reasoning: null };
}

test('tokens cost their price per million, cached ones theirs', () => {
  assert.equal(priceOfUsage(usage(1_000_000, 0), price), 800_000_000);
  assert.equal(priceOfUsage(usage(1_000, 500), price), 800_000 + 2_000_000);
  assert.equal(priceOfUsage(usage(1_000, 0, 600), price), 400 * 800 + 600 * 80);
  assert.equal(priceOfUsage(usage(1_000, 0, 600), { ...price, cachedInputNano: null }), 800_000);
  assert.equal(priceOfUsage(usage(100, 0, 5_000), price), 100 * 80, 'a server that says more was cached than was sent credits nobody');
  assert.equal(priceOfUsage(usage(null, null), price), 0);
});

test('a kilowatt for an hour is a kilowatt-hour', () => {
  const hour = spentBy({ usage: usage(10, 10), busyMs: 3_600_000 }, { ...nothing, watts: 1_000, perKwhNano: 320_000_000 });
  assert.deepEqual(hour, { costNano: 320_000_000, energyMws: 3_600_000_000 });
});

test('what is not known is not nothing', () => {
  assert.deepEqual(spentBy({ usage: usage(10, 10), busyMs: 500 }, nothing), nothingSpent);
  assert.deepEqual(spentBy({ usage: null, busyMs: null }, { price, watts: 300, perKwhNano: 1 }), nothingSpent);
  assert.deepEqual(spentBy({ usage: null, busyMs: 10 }, { ...nothing, watts: 300 }), { costNano: null, energyMws: 3_000 });
  assert.deepEqual(spentTogether([]), nothingSpent);
  assert.deepEqual(spentTogether([nothingSpent, { costNano: 3, energyMws: null }, { costNano: 4, energyMws: 5 }]), {
    costNano: 7,
    energyMws: 5,
  });
});

test('a machine with tokens to pay and a meter costs both', () => {
  const both = spentBy({ usage: usage(1_000, 500), busyMs: 36_000 }, { price, watts: 100, perKwhNano: 300_000_000 });
  assert.deepEqual(both, { costNano: 2_800_000 + 300_000, energyMws: 3_600_000 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, houseOf, readingOf } from '#core/policy/policy-fixture.ts';
import { decide } from './decide.ts';
import { firstDial } from './first-dial.ts';
import type { Plan } from './plan.ts';
import type { ReadingReason } from './reading.ts';
import { beginWalk } from './walk.ts';

const house = houseOf({
  upstreams: { a: { models: { m: {} } }, b: { models: { m: {} } }, c: { models: { m: {} } } },
  routes: { chat: { target: ['a/m'], spill: ['b/m'], failover: ['c/m'] } },
  profiles: [{ waitMs: 5_000 }],
});

function planOf(): Plan {
  const { plan } = decide(factsOf({ model: 'home/chat' }), house);
  assert.ok(plan);
  return plan;
}

function first(states: Readonly<Record<string, ReadingReason>>, bad: readonly string[] = []): string | null {
  const before = { ...beginWalk(planOf()).walk, bad };
  return (
    firstDial(planOf(), before, (target, { lastResort }) => readingOf(target, lastResort ? 'canary' : (states[target] ?? 'up')))?.target ??
    null
  );
}

test('the first dial is the one a walk would make', () => {
  assert.equal(first({}), 'a/m');
  assert.equal(first({ 'a/m': 'no_slot' }), 'b/m');
  assert.equal(first({ 'a/m': 'ejected' }), 'c/m');
  assert.equal(first({}, ['a/m']), 'c/m');
});

test('a free spill is nobody while the target is down', () => {
  assert.equal(first({ 'a/m': 'ejected', 'c/m': 'no_slot' }), null);
});

test('what would be waited for counts as not coming', () => {
  assert.equal(first({ 'a/m': 'no_slot', 'b/m': 'no_slot' }), 'c/m');
  assert.equal(first({ 'a/m': 'no_slot', 'b/m': 'no_slot', 'c/m': 'loading' }), null);
});

test('whoever is out for bad answers alone is the last resort', () => {
  assert.equal(first({ 'a/m': 'ejected_bad', 'c/m': 'ejected' }), 'a/m');
});

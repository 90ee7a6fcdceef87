import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, houseOf } from '#core/policy/policy-fixture.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from './decide.ts';
import { lacksOf, outputTokensDefault, tokensNeeded } from './fit.ts';
import type { Plan } from './plan.ts';

const house = houseOf({
  upstreams: {
    one: { models: { m: {} } },
    two: { models: { m: {} } },
    sun: { location: 'cloud', models: { m: {} } },
    sky: { location: 'cloud', models: { m: {} } },
  },
  routes: {
    plain: { target: ['one/m'], spill: ['two/m'], failover: ['sun/m'] },
    'cloud-target': { target: ['sun/m'], spill: ['one/m'], failover: ['two/m'] },
    'cloud-spill': { target: ['one/m'], spill: ['sun/m'], failover: ['two/m'] },
    'cloud-everywhere': { target: ['sun/m'], spill: ['one/m', 'sky/m'], failover: ['sun/m', 'two/m'] },
    group: { target: ['one/m', 'two/m'] },
    'house and cloud': { target: ['one/m', 'sun/m'], failover: ['two/m'] },
  },
  profiles: [{ name: 'default' }, { name: 'strict', fallback: 'never' }],
});

function planOf(route: string, parts: Partial<Facts> = {}): Plan {
  const { plan } = decide(factsOf({ model: route, ...parts }), house);
  assert.ok(plan, `${route} has a plan`);
  return plan;
}

/** `target > spill > failover > tail`, with what is not in the walk after a bar. */
function shape(plan: Plan): string {
  const lists = [plan.target, plan.spill, plan.failover, plan.tail].map(
    (list) => list.map((each) => each.target.replace('/m', '')).join(' ') || '-',
  );
  const removed = plan.removed.map((each) => `${each.target.replace('/m', '')} (${each.why})`);
  return [lists.join(' > '), ...removed].join(' | ');
}

const shapes: readonly [route: string, facts: Partial<Facts>, expected: string, moved: boolean][] = [
  ['plain', { tier: 'cloud-explicit' }, 'one > two > sun > -', false],
  ['plain', { tier: 'sovereign' }, 'one > two > - > - | sun (tier)', false],
  ['plain', { tier: 'coordination' }, 'one > two > - > - | sun (tier)', false],
  ['plain', { tier: 'local-first' }, 'one > two > - > sun', false],
  ['cloud-target', { tier: 'cloud-explicit' }, 'sun > one > two > -', false],
  ['cloud-target', { tier: 'sovereign' }, '- > one > two > - | sun (tier)', true],
  ['cloud-target', { tier: 'local-first' }, '- > one > two > sun', true],
  ['cloud-spill', { tier: 'local-first' }, 'one > - > two > sun', false],
  ['cloud-everywhere', { tier: 'local-first' }, '- > one > two > sun sky sun', true],
  ['group', { tier: 'sovereign' }, 'one two > - > - > -', false],
  ['house and cloud', { tier: 'sovereign' }, 'one > - > two > - | sun (tier)', false],
  ['house and cloud', { tier: 'local-first' }, 'one > - > two > sun', false],
  ['plain', { profile: 'strict', tier: 'cloud-explicit' }, 'one > - > - > - | two (fallback_never) | sun (fallback_never)', false],
  ['group', { profile: 'strict' }, 'one two > - > - > -', false],
  ['cloud-target', { profile: 'strict', tier: 'cloud-explicit' }, 'sun > - > - > - | one (fallback_never) | two (fallback_never)', false],
];

for (const [route, facts, expected, moved] of shapes) {
  test(`${route} as ${facts.profile ?? ''} ${facts.tier ?? ''}: ${expected}`, () => {
    const plan = planOf(route, facts);
    assert.equal(shape(plan), expected);
    assert.equal(plan.targetMoved, moved);
  });
}

test('without fallback a cloud target leaves nobody, whatever stands behind it', () => {
  assert.equal(decide(factsOf({ model: 'cloud-target', profile: 'strict' }), house).refusal?.code, 'egress_forbidden');
  assert.equal(decide(factsOf({ model: 'cloud-target', profile: 'strict', tier: 'local-first' }), house).refusal?.code, 'egress_forbidden');
});

test('fit: the prompt and the output asked for, or a thousand, go into the window', () => {
  const target = house.targets.get('one/m');
  assert.ok(target);
  assert.deepEqual(lacksOf(target, factsOf({ promptTokens: 32_000 - outputTokensDefault })), []);
  assert.deepEqual(lacksOf(target, factsOf({ promptTokens: 32_001 - outputTokensDefault })), ['context']);
  assert.deepEqual(lacksOf(target, factsOf({ promptTokens: 31_999, outputTokens: 1 })), []);
  assert.deepEqual(lacksOf(target, factsOf({ promptTokens: 31_999, outputTokens: 2 })), ['context']);
  assert.equal(tokensNeeded(factsOf({ service: 'embeddings', promptTokens: 5 })), 5);
});

test('fit: an ability that is not written is absent, a window that is not known has no bound', () => {
  const target = house.targets.get('one/m');
  assert.ok(target);
  assert.deepEqual(lacksOf(target, factsOf({ input: ['image', 'audio'], tools: true, promptTokens: 40_000, service: 'embeddings' })), [
    'service',
    'image',
    'audio',
    'tools',
    'context',
  ]);
  assert.deepEqual(lacksOf({ ...target, context: null }, factsOf({ promptTokens: 9_000_000 })), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodTarget, stepHealth, targetAnswered, targetComplained, unprobedUpstream, upstreamOf } from './health.ts';
import type { HealthEvent, TargetHealth, UpstreamHealth } from './health.ts';

const refused: HealthEvent = { type: 'unreachable', cause: 'connection refused', timeout: false };
const timeout: HealthEvent = { type: 'unreachable', cause: 'no answer within 1 s', timeout: true };
const good: HealthEvent = { type: 'probe_good', loading: false };
const loading: HealthEvent = { type: 'probe_good', loading: true };
const bad: HealthEvent = { type: 'probe_bad', cause: 'connection refused' };
const reached: HealthEvent = { type: 'reached' };

function after(...events: readonly (readonly [event: HealthEvent, at: number])[]): UpstreamHealth {
  return events.reduce((health, [event, at]) => stepHealth(health, event, at), unprobedUpstream(0));
}

const states: readonly [name: string, events: readonly HealthEvent[], state: UpstreamHealth['state']][] = [
  ['nothing is known', [], 'unprobed'],
  ['a good probe', [good], 'up'],
  ['a call that reached it', [reached], 'up'],
  ['loading', [loading], 'loading'],
  ['a call does not end loading', [loading, reached], 'loading'],
  ['a probe does', [loading, good], 'up'],
  ['refused ejects at once', [good, refused], 'ejected'],
  ['before any probe too', [refused], 'ejected'],
  ['a bad probe ejects', [good, bad], 'ejected'],
  ['one connect timeout does not', [good, timeout], 'up'],
  ['two in a row do', [good, timeout, timeout], 'ejected'],
  ['a good probe between', [good, timeout, good, timeout], 'up'],
  ['an answered call between', [good, timeout, reached, timeout], 'up'],
  ['one good probe does not bring it back', [refused, good], 'ejected'],
  ['two do', [refused, good, good], 'up'],
  ['to loading, where it loads', [refused, good, loading], 'loading'],
  ['two with a bad one between do not', [refused, good, bad, good], 'ejected'],
  ['nor with a refused call between', [refused, good, refused, good], 'ejected'],
  ['an answered call does not bring it back', [refused, reached, reached], 'ejected'],
];

for (const [name, events, state] of states) {
  test(`upstream, ${name}: ${state}`, () => {
    assert.equal(after(...events.map((event, at): [HealthEvent, number] => [event, at * 2_000])).state, state);
  });
}

test('an ejected upstream is probed after 30 s, then 30 s later each time, at most after 5 min', () => {
  let health = after([refused, 0]);
  const gaps: number[] = [];
  let at = 0;
  for (let probes = 0; probes < 12; probes++) {
    const next = health.nextProbeAt ?? 0;
    gaps.push((next - at) / 1_000);
    at = next;
    health = stepHealth(health, bad, at);
  }
  assert.deepEqual(gaps, [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
  assert.equal(health.since, 0);
});

test('after the first good probe the second comes a second later; nothing is due once it is back', () => {
  const once = after([refused, 0], [good, 30_000]);
  assert.deepEqual([once.state, once.nextProbeAt], ['ejected', 31_000]);
  assert.equal(stepHealth(once, good, 31_000).nextProbeAt, null);
});

test('why and since when is kept, and forgotten once it is back', () => {
  const out = after([good, 0], [refused, 500]);
  assert.deepEqual([out.cause, out.since], ['connection refused', 500]);
  const back = stepHealth(stepHealth(out, good, 30_000), good, 31_000);
  assert.deepEqual([back.cause, back.since, back.failedProbes], [null, 31_000, 0]);
});

test('a second ejection starts its spacing anew', () => {
  const again = after([refused, 0], [bad, 30_000], [bad, 90_000], [good, 180_000], [good, 181_000], [refused, 200_000]);
  assert.deepEqual([again.failedProbes, again.nextProbeAt], [0, 230_000]);
});

test('a quarantined upstream moves by nothing that is seen of it', () => {
  const quarantined: UpstreamHealth = { ...unprobedUpstream(0), state: 'quarantined' };
  for (const event of [good, bad, refused, timeout, reached, loading]) assert.equal(stepHealth(quarantined, event, 1), quarantined);
});

type Said = readonly [principal: string, body: string, at: number] | 'good';

function target(...said: readonly Said[]): TargetHealth {
  return said.reduce<TargetHealth>(
    (health, each) =>
      each === 'good'
        ? targetAnswered(health)
        : targetComplained(health, { principal: each[0], bodyHash: each[1], at: each[2], startedAt: each[2] }, 'empty'),
    goodTarget,
  );
}

const complaints: readonly [name: string, said: readonly Said[], state: TargetHealth['state']][] = [
  ['one complaint', [['ann', 'a', 0]], 'suspect'],
  [
    'the same body again and again',
    [
      ['ann', 'a', 0],
      ['ann', 'a', 1],
      ['ann', 'a', 2],
      ['ann', 'a', 3],
    ],
    'suspect',
  ],
  [
    'two bodies of one principal',
    [
      ['ann', 'a', 0],
      ['ann', 'b', 1],
    ],
    'suspect',
  ],
  [
    'three bodies',
    [
      ['ann', 'a', 0],
      ['ann', 'b', 1],
      ['ann', 'c', 2],
    ],
    'ejected',
  ],
  [
    'two principals',
    [
      ['ann', 'a', 0],
      ['bob', 'a', 1],
    ],
    'ejected',
  ],
  ['a good answer between', [['ann', 'a', 0], 'good', ['bob', 'b', 1]], 'suspect'],
  [
    'just within a minute',
    [
      ['ann', 'a', 0],
      ['bob', 'b', 59_999],
    ],
    'ejected',
  ],
  [
    'a minute apart',
    [
      ['ann', 'a', 0],
      ['bob', 'b', 60_000],
    ],
    'suspect',
  ],
  [
    'three bodies, the first a minute old',
    [
      ['ann', 'a', 0],
      ['ann', 'b', 30_000],
      ['ann', 'c', 61_000],
    ],
    'suspect',
  ],
  ['a good answer after all', [['ann', 'a', 0], ['bob', 'b', 1], 'good'], 'good'],
  [
    'it stays out while more complain',
    [
      ['ann', 'a', 0],
      ['bob', 'b', 1],
      ['bob', 'b', 200_000],
    ],
    'ejected',
  ],
];

for (const [name, said, state] of complaints) {
  test(`target, ${name}: ${state}`, () => assert.equal(target(...said).state, state));
}

test('an ejected target keeps since when, and takes the newest cause', () => {
  const out = target(['ann', 'a', 0], ['bob', 'b', 10]);
  const later = targetComplained(out, { principal: 'ann', bodyHash: 'c', at: 99, startedAt: 98 }, 'stalled');
  assert.deepEqual([later.since, later.cause], [10, 'stalled']);
});

test('what was asked before a target was ejected puts off no canary', () => {
  const out = target(['ann', 'a', 0], ['bob', 'b', 10]);
  assert.equal(targetComplained(out, { principal: 'eve', bodyHash: 'c', at: 29_000, startedAt: 9 }, 'stalled'), out);
});

test('the upstream of a target is what stands before the first slash', () => {
  assert.equal(upstreamOf('box/org/model:tag'), 'box');
});

test('canaries of a target that is out are spaced by 30 s times their number, at most 5 minutes', () => {
  let health = targetComplained(
    targetComplained(goodTarget, { principal: 'ann', bodyHash: 'a', at: 0, startedAt: 0 }, 'empty'),
    { principal: 'bob', bodyHash: 'a', at: 0, startedAt: 0 },
    'empty',
  );
  assert.equal(health.canaryAt, 30_000);
  for (const expected of [60_000, 90_000, 120_000]) {
    health = targetComplained(health, { principal: 'ann', bodyHash: 'a', at: 0, startedAt: 0 }, 'empty');
    assert.equal(health.canaryAt, expected);
  }
  for (let more = 0; more < 20; more++)
    health = targetComplained(health, { principal: 'ann', bodyHash: 'a', at: 0, startedAt: 0 }, 'empty');
  assert.equal(health.canaryAt, 300_000);
  assert.deepEqual(targetAnswered(health), goodTarget);
});

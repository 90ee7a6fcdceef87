import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, houseOf } from '#core/policy/policy-fixture.ts';
import { decide } from '#core/routing/decide.ts';
import type { Reading } from '#core/routing/reading.ts';
import { goodTarget, unprobedUpstream } from './health.ts';
import type { TargetHealth, UpstreamHealth } from './health.ts';
import { readCandidate } from './read-candidate.ts';
import type { CandidateView, Visit } from './read-candidate.ts';

const house = houseOf({
  upstreams: { box: { models: { m: {} } }, other: { models: { m: {} } } },
  routes: { code: { target: ['box/m'], failover: ['other/m'] }, chat: { target: ['other/m'], failover: ['box/m'] } },
});

const now = 1_000_000;
const up: UpstreamHealth = { ...unprobedUpstream(0), state: 'up' };
const calm: CandidateView = {
  upstream: up,
  health: goodTarget,
  inFlight: 1,
  slots: 4,
  promised: 0,
  busyUntil: null,
  loadingSince: null,
  loadingUntil: null,
  absentUntil: null,
  drainedUpstream: false,
  drainedRoutes: new Set(),
  served: null,
  remote: false,
  liveContext: null,
  canaryOut: false,
};

function read(view: Partial<CandidateView>, visit: Partial<Visit> & { readonly model?: string; readonly targetId?: string } = {}): Reading {
  const { plan } = decide(factsOf({ model: visit.model ?? 'auto' }), house);
  const target = house.targets.get(visit.targetId ?? 'box/m');
  assert.ok(plan && target);
  const whole: Visit = { target, plan, tier: 'sovereign', tokensNeeded: 1_010, loadMs: 300_000, lastResort: false, now, ...visit };
  return readCandidate({ ...calm, ...view }, whole);
}

function states({ why, state }: Reading): readonly string[] {
  return [why, state];
}

const outForAnswers: TargetHealth = {
  state: 'ejected',
  complaints: [],
  cause: 'empty',
  since: now - 3_000,
  canaryAt: now + 27_000,
  failedCanaries: 0,
};
const down: UpstreamHealth = { ...up, state: 'ejected', cause: 'connection refused', since: now - 12_000, nextProbeAt: now + 18_000 };

const readings: readonly [
  name: string,
  view: Partial<CandidateView>,
  why: Reading['why'],
  state: Reading['state'],
  visit?: Partial<Visit>,
][] = [
  ['all is well', {}, 'up', 'free'],
  ['not yet probed', { upstream: unprobedUpstream(0) }, 'unprobed', 'free'],
  ['suspected', { health: { ...goodTarget, state: 'suspect' } }, 'degraded', 'free'],
  ['in its server’s list', { served: true }, 'up', 'free'],
  ['not in its server’s list', { served: false }, 'not_served', 'cannot'],
  ['one slot left', { inFlight: 3 }, 'up', 'free'],
  ['no slot left', { inFlight: 4 }, 'no_slot', 'not_now'],
  ['the last slot is promised', { inFlight: 3, promised: 1 }, 'no_slot', 'not_now'],
  ['slots without number', { inFlight: 900, slots: null }, 'up', 'free'],
  ['answered busy just now', { busyUntil: now + 1 }, 'answered_busy', 'not_now'],
  ['answered busy, and the time is over', { busyUntil: now }, 'up', 'free'],
  ['the upstream loads', { upstream: { ...up, state: 'loading' } }, 'loading', 'not_now'],
  ['the model is loading', { loadingSince: now - 10, loadingUntil: now + 1 }, 'loading', 'not_now'],
  ['its word on loading is over', { loadingSince: now - 10, loadingUntil: now }, 'up', 'free'],
  ['it loads longer than the clock', { loadingSince: now - 300_001, loadingUntil: now + 1 }, 'ejected', 'cannot'],
  ['the server said it has no such model', { absentUntil: now + 1 }, 'absent', 'cannot'],
  ['a minute ago', { absentUntil: now }, 'up', 'free'],
  ['unreachable', { upstream: down }, 'ejected', 'cannot'],
  ['quarantined', { upstream: { ...up, state: 'quarantined' } }, 'quarantined', 'cannot'],
  ['out for bad answers', { health: outForAnswers }, 'ejected_bad', 'cannot'],
  ['its one try as the last resort', { health: outForAnswers }, 'canary', 'free', { lastResort: true }],
  ['which is out already', { health: outForAnswers, canaryOut: true }, 'canary_out', 'not_now', { lastResort: true }],
  ['the server names it remote', { remote: true }, 'remote', 'cannot'],
  ['for local-first too', { remote: true }, 'remote', 'cannot', { tier: 'local-first' }],
  ['which cloud-explicit may', { remote: true }, 'up', 'free', { tier: 'cloud-explicit' }],
  ['the live window is just large enough', { liveContext: 1_010 }, 'up', 'free'],
  ['the live window is too small', { liveContext: 1_009 }, 'window', 'cannot'],
  ['the upstream is drained', { drainedUpstream: true }, 'drained', 'cannot'],
];

for (const [name, view, why, state, visit] of readings) {
  test(`${name}: ${why}`, () => {
    const reading = read(view, visit);
    assert.deepEqual([reading.why, reading.state], [why, state]);
  });
}

const order: readonly (readonly [why: Reading['why'], view: Partial<CandidateView>])[] = [
  ['drained', { drainedUpstream: true }],
  ['ejected', { upstream: down }],
  ['remote', { remote: true }],
  ['not_served', { served: false }],
  ['absent', { absentUntil: now + 1 }],
  ['window', { liveContext: 1 }],
  ['ejected_bad', { health: outForAnswers }],
  ['answered_busy', { busyUntil: now + 1 }],
  ['loading', { loadingUntil: now + 1 }],
  ['no_slot', { inFlight: 4 }],
];

test('cannot is looked at before not now, each reason in its order', () => {
  for (const [at, [why]] of order.entries()) {
    const all = order.slice(at).reduce<Partial<CandidateView>>((view, [, more]) => ({ ...view, ...more }), {});
    assert.equal(read(all).why, why);
  }
});

test('details for people: cause, since when, when next; how long busy; how full', () => {
  const out = read({ upstream: down });
  assert.deepEqual([out.cause, out.sinceMs, out.nextTryMs], ['connection refused', 12_000, 18_000]);
  assert.equal(read({ upstream: { ...down, nextProbeAt: now - 5 } }).nextTryMs, 0);
  assert.equal(read({ busyUntil: now + 700 }).retryAfterMs, 700);
  assert.equal(read({ loadingUntil: now + 900 }).retryAfterMs, 900);
  assert.equal(read({ absentUntil: now + 60_000 }).nextTryMs, 60_000);
  assert.deepEqual([read({}).inFlight, read({}).slots], [1, 4]);
});

const drains: readonly [name: string, view: Partial<CandidateView>, model: string, target: string, passes: boolean][] = [
  ['auto does not pass a drain of the route it chose', { drainedRoutes: new Set(['code']) }, 'auto', 'box/m', false],
  ['naming the route passes', { drainedRoutes: new Set(['code']) }, 'code', 'box/m', true],
  ['another route is not touched', { drainedRoutes: new Set(['code']) }, 'chat', 'box/m', true],
  ['the route’s failover is not touched', { drainedRoutes: new Set(['code']) }, 'auto', 'other/m', true],
  ['a pin is not touched', { drainedRoutes: new Set(['code']) }, 'box/m', 'box/m', true],
  ['naming a route does not pass a drain of its upstream', { drainedUpstream: true }, 'code', 'box/m', false],
  ['nor does a bare model name', { drainedUpstream: true }, 'm', 'box/m', false],
  ['a pin of the upstream passes', { drainedUpstream: true }, 'box/m', 'box/m', true],
  ['a pin of another upstream does not', { drainedUpstream: true }, 'other/m', 'box/m', false],
];

for (const [name, view, model, targetId, passes] of drains) {
  test(`drain: ${name}`, () => assert.equal(read(view, { model, targetId }).why, passes ? 'up' : 'drained'));
}

test('a drained route’s cloud target, moved to the end, is drained there too', () => {
  const cloudy = houseOf({
    upstreams: { box: { models: { m: {} } }, away: { location: 'cloud', models: { m: {} } } },
    routes: { code: { target: ['away/m'], failover: ['box/m'] } },
  });
  const { plan } = decide(factsOf({ tier: 'local-first' }), cloudy);
  const target = cloudy.targets.get('away/m');
  assert.ok(plan && target);
  const visit: Visit = { target, plan, tier: 'local-first', tokensNeeded: 1, loadMs: 1, lastResort: false, now };
  assert.equal(readCandidate({ ...calm, drainedRoutes: new Set(['code']) }, visit).why, 'drained');
});

test('out for bad answers it is tried again by one request, once its time has come', () => {
  const due: TargetHealth = { ...outForAnswers, canaryAt: now };
  assert.deepEqual(states(read({ health: due })), ['canary', 'free']);
  assert.deepEqual(states(read({ health: due, canaryOut: true })), ['ejected_bad', 'cannot']);
});

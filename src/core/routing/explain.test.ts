import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, houseOf, readingOf } from '#core/policy/policy-fixture.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from './decide.ts';
import { explain, reasonLine } from './explain.ts';
import type { Explanation } from './explain.ts';
import type { Reading } from './reading.ts';
import { withScores } from './score-request.ts';

const house = houseOf({
  upstreams: {
    near: { models: { m: {} } },
    blind: { models: { m: {} } },
    seeing: { models: { m: { input: ['image'] } } },
    away: { location: 'cloud', models: { m: { input: ['image'] } } },
  },
  routes: { code: { target: ['near/m'], spill: ['blind/m'], failover: ['seeing/m', 'away/m'] }, photo: { target: ['seeing/m'] } },
  buckets: [
    { name: 'coding', route: 'code', words: ['code', 'refactor'] },
    { name: 'seeing', route: 'photo', image: true },
    { name: 'rest', route: 'photo', above: [{ tokens: 100, route: 'code' }] },
  ],
  profiles: [{ name: 'default', waitMs: 50 }],
});

function explained(fleet: Readonly<Record<string, Reading['why']>>, parts: Partial<Facts> = {}, text = 'refactor'): Explanation {
  return explain(withScores(factsOf(parts), [text], house), house, (target) => readingOf(target, fleet[target] ?? 'up'));
}

test('it says who would answer, and who was not asked', () => {
  const why = explained({});
  assert.deepEqual([why.bucket, why.route, why.reason, why.chosen, why.refusal], ['coding', 'code', 'words', 'near/m', null]);
  assert.deepEqual(why.scores, [{ bucket: 'coding', words: ['refactor'] }]);
  assert.deepEqual(why.plan, [
    { target: 'near/m', place: 'target', state: 'chosen', why: 'near is up' },
    { target: 'blind/m', place: 'spill', state: 'not_asked', why: 'the walk ended before it' },
    { target: 'seeing/m', place: 'failover', state: 'not_asked', why: 'the walk ended before it' },
    { target: 'away/m', place: 'failover', state: 'removed', why: 'the tier keeps the request in the house' },
  ]);
});

test('it rehearses the walk: a wait passes in vain', () => {
  const why = explained({ 'near/m': 'no_slot', 'blind/m': 'no_slot' });
  assert.equal(why.chosen, 'seeing/m');
  assert.deepEqual(
    why.plan.map((candidate) => candidate.state),
    ['not_now', 'not_now', 'chosen', 'removed'],
  );
});

test('who does not fit says what it lacks', () => {
  const why = explained({}, { model: 'code', input: ['image'] });
  assert.deepEqual(
    why.plan.map((candidate) => candidate.state),
    ['unfit', 'unfit', 'chosen', 'removed'],
  );
  assert.equal(why.plan[0]?.why, 'cannot see images');
});

test('an exhausted walk is the error the caller would get', () => {
  const why = explained({ 'near/m': 'ejected', 'seeing/m': 'ejected' });
  assert.deepEqual(why.refusal, {
    status: 503,
    code: 'no_route',
    message: 'home/code has no machine: near is down; seeing is down.',
    retryAfterMs: null,
  });
  assert.equal(why.chosen, null);
});

test('the last resort is rehearsed with its own reading', () => {
  const facts = factsOf({ model: 'photo' });
  const why = explain(facts, house, (target, _plan, lastResort) => readingOf(target, lastResort ? 'canary' : 'ejected_bad'));
  assert.equal(why.chosen, 'seeing/m');
});

test('a refusal before any plan', () => {
  const why = explained({}, { model: 'nothing' });
  assert.deepEqual([why.plan, why.chosen, why.refusal?.status, why.refusal?.code], [[], null, 404, 'model_not_found']);
});

test('an explanation is plain data', () => {
  const why = explained({ 'near/m': 'no_slot' });
  assert.deepEqual(JSON.parse(JSON.stringify(why)), why);
});

const lines: readonly [facts: Partial<Facts>, text: string, line: string][] = [
  [{}, 'code', 'words:coding'],
  [{}, 'hm', 'rest:rest'],
  [{ promptTokens: 101 }, 'hm', 'rest:rest,promoted'],
  [{ input: ['image'] }, 'code', 'image:seeing'],
  [{ model: 'code' }, '', 'model'],
  [{ routeHeader: 'code' }, '', 'header'],
  [{ routeHint: 'code' }, '', 'hint'],
  [{ model: 'nothing' }, '', 'refused'],
];

for (const [facts, text, line] of lines) {
  test(`the reason in one line: ${line}`, () => {
    assert.equal(reasonLine(decide(withScores(factsOf(facts), [text], house), house)), line);
  });
}

test('a profile that queues, or answers for itself, says so beside the error', () => {
  const parts = { upstreams: { near: { models: { m: {} } } }, routes: { code: { target: ['near/m'] } } };
  const noteOf = (exhausted: Parameters<typeof houseOf>[0]['profiles']): readonly string[] => {
    const tables = houseOf({ ...parts, profiles: exhausted ?? [] });
    return explain(factsOf({ model: 'code' }), tables, (target) => readingOf(target, 'no_slot')).notes;
  };
  assert.deepEqual(noteOf([{ name: 'default', exhausted: { type: 'queue', maxMs: 1_800_000 } }]), [
    'the profile queues such a request for up to 30 min; the error comes after that',
  ]);
  assert.deepEqual(noteOf([{ name: 'default', exhausted: { type: 'reply', json: { verdict: 'escalate' } } }]), [
    'the profile answers this instead: {"verdict":"escalate"}',
  ]);
  assert.deepEqual(noteOf([{ name: 'default' }]), []);
});

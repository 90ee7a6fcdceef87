/** What another policy would have done to recorded traffic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backtest } from '#replay/backtest.ts';
import type { BacktestReport } from '#replay/backtest.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { RecordedCall } from '#replay/recorded-call.ts';
import { houseWith, recordedCall } from './recorded.ts';

const house = houseWith();

function backtest(to: PolicyTables, calls: readonly RecordedCall[]): BacktestReport {
  const run = new Backtest((hash) => (hash === house.hash ? house : null), to);
  for (const call of calls) run.add(call);
  return run.report();
}

const busy = { state: 'not_now', why: 'no_slot' } as const;
const down = { state: 'cannot', why: 'ejected' } as const;

test('under its own policy nothing moves', () => {
  const calls = [
    recordedCall(house, 'refactor'),
    recordedCall(house, 'hello', { seen: { 'studio/talker': busy } }),
    recordedCall(house, 'hello', { seen: { 'studio/talker': down } }),
  ];
  const report = backtest(house, calls);
  assert.deepEqual([report.calls, report.redecided, report.moved], [3, 3, []]);
  assert.deepEqual(report.load, [
    { upstream: 'away', before: 1, after: 1 },
    { upstream: 'tower', before: 2, after: 2 },
  ]);
  assert.deepEqual(report.cloud, { before: 1, after: 1 });
});

test('a route that points elsewhere moves its calls, and says where from, where to, how many and why', () => {
  const report = backtest(houseWith({ code: 'studio' }), [
    recordedCall(house, 'refactor', { id: 'a' }),
    recordedCall(house, 'run pytest', { id: 'b' }),
    recordedCall(house, 'hello', { id: 'c' }),
  ]);
  assert.deepEqual(report.moved, [
    { from: 'code → tower/coder', to: 'code → studio/talker', count: 2, why: ['words:coding'], example: 'a' },
  ]);
  assert.deepEqual(report.load, [
    { upstream: 'studio', before: 1, after: 3 },
    { upstream: 'tower', before: 2, after: 0 },
  ]);
});

test('a narrower tier takes the cloud away, and with it the answer', () => {
  const call = recordedCall(house, 'refactor', { seen: { 'tower/coder': down } });
  assert.equal(call.terminal?.servedBy, 'away/large');
  const report = backtest(houseWith({ tier: 'sovereign' }), [call]);
  assert.deepEqual(
    [report.cloud, report.unanswered],
    [
      { before: 1, after: 0 },
      { before: 0, after: 1 },
    ],
  );
  assert.deepEqual(report.costNano, { before: 2_000_000, after: 0, unknown: 0 });
});

test('other words need the text: with it the call is decided again, without it that is said', () => {
  const other = houseWith({ words: '[hello]' });
  const report = backtest(other, [
    recordedCall(house, 'hello', { id: 'with', captured: true }),
    recordedCall(house, 'hello', { id: 'without' }),
  ]);
  assert.deepEqual([report.redecided, report.notRedecided['its words were not captured']], [1, 1]);
  assert.deepEqual(report.moved, [
    { from: 'chat → studio/talker', to: 'code → tower/coder', count: 1, why: ['words:coding'], example: 'with' },
  ]);
});

test('what moves to a priced model costs its tokens there; what is not known is counted apart', () => {
  const report = backtest(houseWith({ code: 'away', tier: 'cloud-explicit' }), [recordedCall(house, 'refactor')]);
  assert.deepEqual(report.cloud, { before: 0, after: 1 });
  assert.deepEqual(report.costNano, { before: 0, after: 0, unknown: 1 });
});

test('calls under a policy that nobody has are counted, not guessed', () => {
  const stranger = houseWith({ words: '[other]' });
  const report = backtest(house, [recordedCall(stranger, 'hello')]);
  assert.deepEqual([report.redecided, report.notRedecided['its policy is unknown']], [0, 1]);
});

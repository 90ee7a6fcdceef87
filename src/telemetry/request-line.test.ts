import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetId } from '#core/policy/policy.ts';
import type { Intent, Terminal } from '#core/record/record.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { AttemptResult } from '#core/routing/outcome.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import type { Happening } from './ports.ts';
import { tellLine } from './request-line.ts';

const at = new Date(2026, 4, 6, 14, 2, 11).getTime();

const plan: Plan = {
  route: 'code',
  label: 'homelab/code',
  target: [],
  spill: [],
  failover: [],
  tail: [],
  removed: [],
  targetMoved: false,
  waitMs: 0,
  exhausted: { type: 'error' },
  named: { route: false, upstream: null },
  session: 's',
};
const decided: Intent = intentWith({
  decision: { reason: 'words', bucket: 'coding', route: 'code', promotedTo: null, notes: [], plan, refusal: null },
});

const line = (happening: Happening, colour = false): string => tellLine({ seq: 1, at, happening }, { colour });
const requestLine = (terminal: Partial<Terminal>, intent: Intent | null = decided, colour = false): string =>
  line({ type: 'request', intent, terminal: terminalWith(terminal) }, colour);

function reading(target: TargetId, why: Reading['why'], state: Reading['state']): Reading {
  return { target, state, why, inFlight: 0, slots: 1, retryAfterMs: null, cause: null, sinceMs: null, nextTryMs: null };
}

const observed = (...readings: readonly Reading[]): WalkEvent => ({ type: 'observed', readings });
const outcome = (target: TargetId, result: AttemptResult): WalkEvent => ({
  type: 'outcome',
  outcome: { target, result, code: null, message: '', retryAfterMs: null, retryAllowed: false },
});

test('an answer: who, why, how it went, how long, what it cost', () => {
  const usage = { input: 812, output: 96, cachedInput: null, reasoning: null };
  const walks = [[observed(reading('ubuntu-6000/coder', 'up', 'free')), outcome('ubuntu-6000/coder', 'answered')]];
  const answered = { walks, servedBy: 'ubuntu-6000/coder', durationMs: 1_200, usage };
  assert.equal(requestLine(answered), '14:02:11 homelab/code → ubuntu-6000  words:coding  200  1.2 s  812+96 tok');
  const guessed = { ...answered, usage: { ...usage, output: null }, usageEstimated: true };
  assert.equal(requestLine(guessed), '14:02:11 homelab/code → ubuntu-6000  words:coding  200  1.2 s  ~812+? tok');
});

test('the way to an answer: who was busy, who failed, how long it waited', () => {
  const walks = [
    [
      observed(reading('ubuntu-6000/coder', 'no_slot', 'not_now')),
      observed(reading('win-5090/coder', 'up', 'free')),
      outcome('win-5090/coder', 'flaky'),
      outcome('win-5090/coder', 'flaky'),
      { type: 'waited' as const, ms: 2_000, reading: null },
      observed(reading('spark/big', 'up', 'free')),
      outcome('spark/big', 'answered'),
    ],
  ];
  const text = requestLine({ walks, servedBy: 'spark/big', durationMs: 3_400 });
  assert.equal(text, '14:02:11 homelab/code → ubuntu-6000 busy → win-5090 failed → waited 2 s → spark  words:coding  200  3.4 s');
});

test('a busy member of a group beside a free one is not on the way', () => {
  const walks = [[observed(reading('a/m', 'no_slot', 'not_now'), reading('b/m', 'up', 'free')), outcome('b/m', 'answered')]];
  assert.equal(requestLine({ walks, servedBy: 'b/m' }), '14:02:11 homelab/code → b  words:coding  200  500 ms');
});

test('a refusal says what the caller was told', () => {
  const walks = [[observed(reading('spark/big', 'ejected', 'cannot'))]];
  const refused = {
    walks,
    result: 'refused',
    verdict: null,
    status: 503,
    code: 'no_route',
    message: 'homelab/code has no machine: spark is down.',
    durationMs: 4,
  } as const;
  assert.equal(
    requestLine(refused),
    '14:02:11 homelab/code → spark down → nobody  words:coding  503 no_route  4 ms  homelab/code has no machine: spark is down.',
  );
});

test('an answer that broke off, a caller that left, a reply of the profile', () => {
  const walks = [[outcome('spark/big', 'broken')]];
  const broken = {
    walks,
    result: 'failed',
    verdict: 'truncated',
    code: 'upstream_truncated',
    servedBy: 'spark/big',
    message: 'cut',
  } as const;
  assert.equal(requestLine(broken), '14:02:11 homelab/code → spark broke off  words:coding  200 upstream_truncated  500 ms  failed  cut');
  const left = { result: 'cancelled', status: 499, verdict: null, message: 'the caller left' } as const;
  assert.equal(requestLine(left), '14:02:11 homelab/code  words:coding  499  500 ms  cancelled  the caller left');
  assert.equal(requestLine({ verdict: 'synthetic' }), '14:02:11 homelab/code → the profile’s reply  words:coding  200  500 ms');
});

test('a request without a plan or without a meaning has a line too', () => {
  const refused = { result: 'refused', verdict: null, status: 404, code: 'model_not_found', durationMs: 1 } as const;
  const unplanned = intentWith({
    decision: { reason: null, bucket: null, route: null, promotedTo: null, notes: [], plan: null, refusal: null },
  });
  assert.equal(requestLine(refused, unplanned), '14:02:11 auto → nobody  refused  404 model_not_found  1 ms');
  assert.equal(requestLine(refused, intentWith({ facts: null, decision: null })), '14:02:11 - → nobody  404 model_not_found  1 ms');
  assert.equal(requestLine(refused, null), '14:02:11 - → nobody  404 model_not_found  1 ms');
});

test('what a caller or a machine says cannot move the cursor, start a line or grow without end', () => {
  const odd = `\u001B[2J\r\n\u0007\u009B1m\u202Eevil\u2028${'x'.repeat(500)}`;
  const plain = intentWith();
  assert.ok(plain.facts);
  const intent = intentWith({ facts: { ...plain.facts, model: odd }, decision: null });
  const happenings: readonly Happening[] = [
    { type: 'request', intent, terminal: terminalWith({ result: 'refused', message: odd, verdict: null }) },
    { type: 'upstream', upstream: odd, state: 'ejected', cause: odd },
    { type: 'alarm', upstream: odd, message: odd },
    { type: 'drain', subject: 'route', name: odd, drained: true },
    { type: 'recovery', upstream: odd, by: 'watchdog', outcome: 'failed', exitCode: 3 },
  ];
  for (const happening of happenings) {
    const text = line(happening);
    assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, happening.type);
    assert.ok(text.length < 400, happening.type);
  }
});

test('machines, drains, policies and early refusals have their lines', () => {
  assert.equal(line({ type: 'refused', code: 'key_missing' }), '14:02:11 refused  401 key_missing');
  assert.equal(
    line({ type: 'upstream', upstream: 'spark', state: 'ejected', cause: 'connection refused' }),
    '14:02:11 spark is ejected: connection refused',
  );
  assert.equal(line({ type: 'upstream', upstream: 'spark', state: 'up', cause: null }), '14:02:11 spark is up');
  assert.equal(line({ type: 'alarm', upstream: 'far', message: 'it refused our key' }), '14:02:11 alarm  far: it refused our key');
  assert.equal(line({ type: 'drain', subject: 'upstream', name: 'spark', drained: true }), '14:02:11 upstream spark is drained');
  assert.equal(line({ type: 'drain', subject: 'route', name: 'code', drained: false }), '14:02:11 route code is no longer drained');
  assert.equal(line({ type: 'policy', hash: '0123456789abcdef', outcome: 'loaded' }), '14:02:11 policy 0123456789ab is in force');
  assert.equal(
    line({ type: 'policy', hash: '0123456789abcdef', outcome: 'refused' }),
    '14:02:11 policy refused, 0123456789ab stays in force',
  );
});

test('colours are only added, never needed', () => {
  const terminals: readonly Partial<Terminal>[] = [
    { servedBy: 'spark/big' },
    { result: 'refused', status: 503, code: 'no_route', verdict: null },
    { result: 'cancelled', status: 499 },
  ];
  for (const terminal of terminals) {
    const coloured = requestLine(terminal, decided, true);
    assert.ok(coloured.includes('\u001B['));
    const escapes = new RegExp(String.raw`\u001B\[\d+m`, 'g');
    assert.equal(coloured.replaceAll(escapes, ''), requestLine(terminal));
  }
});

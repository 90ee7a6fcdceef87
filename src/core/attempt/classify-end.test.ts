import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyEnd } from './classify-end.ts';
import type { AttemptEnd, AttemptMeaning } from './classify-end.ts';
import type { Refusal } from './refusal.ts';

const plain: AttemptEnd = {
  cancelled: false,
  committed: false,
  fault: null,
  reused: false,
  clock: null,
  status: null,
  refusal: null,
  verdict: null,
  sinceSentMs: 2_000,
};

const refusal = (meaning: Refusal['meaning'], status: number): Partial<AttemptEnd> => ({
  status,
  refusal: { meaning, status, retryAfterMs: null, message: 'its own words' },
});
const fault = (cause: NonNullable<AttemptEnd['fault']>['cause'], receivedBytes = 0): Partial<AttemptEnd> => ({
  fault: { cause, receivedBytes },
});
const soon = { sinceSentMs: 1_000 };
const later = { sinceSentMs: 1_001 };

const ends: readonly [name: string, end: Partial<AttemptEnd>, result: AttemptMeaning['result'], code: AttemptMeaning['code']][] = [
  ['a good answer', { verdict: 'ok', status: 200 }, 'answered', null],
  ['the caller left', { cancelled: true, ...fault('aborted') }, 'cancelled', null],
  ['refused', fault('refused'), 'unreachable', null],
  ['connect timeout', fault('connect_timeout'), 'unreachable', null],
  ['wrong peer', fault('wrong_peer'), 'unreachable', null],
  ['unresolved', fault('unresolved'), 'unreachable', null],
  ['a permit withdrawn', fault('no_permit'), 'unreachable', null],
  ['an identity that is not proved', fault('tls'), 'unreachable', null],
  [
    'a reused connection closed with zero bytes, however late',
    { ...fault('closed'), reused: true, ...later },
    'flaky',
    'upstream_bad_gateway',
  ],
  ['a reused connection reset after a byte, late', { ...fault('reset', 1), reused: true, ...later }, 'crashed', 'upstream_bad_gateway'],
  ['reset before headers, soon', { ...fault('reset'), ...soon }, 'flaky', 'upstream_bad_gateway'],
  ['reset before headers, later', { ...fault('reset'), ...later }, 'crashed', 'upstream_bad_gateway'],
  ['reset before anything was sent', { ...fault('reset'), sinceSentMs: null }, 'flaky', 'upstream_bad_gateway'],
  [
    'reset while generating, later',
    { ...fault('reset', 90), status: 200, verdict: 'stream_broken', ...later },
    'crashed',
    'upstream_stream_broken',
  ],
  [
    'reset after headers, soon',
    { ...fault('reset', 90), status: 200, verdict: 'stream_broken', ...soon },
    'failed',
    'upstream_stream_broken',
  ],
  ['closed short', { ...fault('closed', 90), status: 200, verdict: 'truncated' }, 'failed', 'upstream_truncated'],
  ['no HTTP', fault('protocol'), 'failed', 'upstream_bad_gateway'],
  ['500 soon', { ...refusal('failed', 500), ...soon }, 'flaky', 'upstream_bad_gateway'],
  ['502 soon', { ...refusal('failed', 502), ...soon }, 'flaky', 'upstream_bad_gateway'],
  ['504 soon', { ...refusal('failed', 504), ...soon }, 'flaky', 'upstream_bad_gateway'],
  ['500 later', { ...refusal('failed', 500), ...later }, 'failed', 'upstream_bad_gateway'],
  ['503 neither busy nor loading, soon', { ...refusal('failed', 503), ...soon }, 'failed', 'upstream_bad_gateway'],
  ['a redirect', refusal('redirect', 302), 'failed', 'upstream_redirect'],
  ['busy', refusal('busy', 429), 'busy', null],
  ['loading', refusal('loading', 503), 'loading', null],
  ['the model is not there', refusal('absent', 404), 'absent', null],
  ['the prompt is too long', refusal('too_long', 400), 'too_long', 'context_length_exceeded'],
  ['the request itself', refusal('rejected', 400), 'rejected', 'upstream_rejected'],
  ['our key', refusal('unauthorised', 401), 'failed', 'upstream_unauthorised'],
  ['the engine died', refusal('crashed', 500), 'crashed', 'upstream_bad_gateway'],
  ['no first token', { clock: 'first_token', verdict: 'stalled' }, 'failed', 'upstream_stalled'],
  ['silence', { clock: 'idle', status: 200, verdict: 'stalled' }, 'failed', 'upstream_stalled'],
  ['the whole reply too slow', { clock: 'reply' }, 'failed', 'timeout'],
  ['all of it too slow', { clock: 'total' }, 'failed', 'timeout'],
  ['empty', { status: 200, verdict: 'empty' }, 'failed', 'upstream_empty'],
  ['reasoning ate it', { status: 200, verdict: 'reasoning_exhausted' }, 'failed', 'upstream_reasoning_exhausted'],
  ['truncated', { status: 200, verdict: 'truncated' }, 'failed', 'upstream_truncated'],
  ['broken', { status: 200, verdict: 'stream_broken' }, 'failed', 'upstream_stream_broken'],
];

for (const [name, end, result, code] of ends) {
  test(`${name}: ${result}`, () => {
    const meaning = classifyEnd({ ...plain, ...end });
    assert.deepEqual([meaning.result, meaning.code], [result, code]);
  });
}

test('once something was released, every failure is broken, and keeps its code', () => {
  for (const [name, end, result, code] of ends) {
    if (result === 'answered' || result === 'cancelled') continue;
    const meaning = classifyEnd({ ...plain, ...end, committed: true });
    assert.deepEqual([meaning.result, meaning.code], ['broken', code], name);
  }
});

test('a machine’s own words are only in what it rejects', () => {
  for (const [name, end, result] of ends)
    assert.equal(classifyEnd({ ...plain, ...end }).clause.includes('its own words'), result === 'rejected', name);
});

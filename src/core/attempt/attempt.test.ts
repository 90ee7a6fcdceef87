import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clocks } from '#core/policy/policy.ts';
import { newAttempt, nextDeadline, stepAttempt } from './attempt.ts';
import type { Attempt, AttemptEvent } from './attempt.ts';

const clocks: Clocks = { connectMs: 1_000, loadMs: 300_000, firstTokenMs: 30_000, idleMs: 20_000, replyMs: 600_000, totalMs: 1_800_000 };

type Said = readonly [type: AttemptEvent['type'], at: number];

function after(...said: readonly Said[]): Attempt {
  return said.reduce((attempt, [type, at]) => stepAttempt(attempt, { type, at }), newAttempt(100));
}

const deadlines: readonly [name: string, said: readonly Said[], streamed: boolean, clock: string | null, at: number | null][] = [
  ['dialling: the dialer has its own clock, only total runs', [], true, 'total', 1_800_100],
  ['sent: the first token', [['sent', 200]], true, 'first_token', 30_200],
  [
    'headers do not stop it',
    [
      ['sent', 200],
      ['head', 5_000],
    ],
    true,
    'first_token',
    30_200,
  ],
  [
    'nor events without content',
    [
      ['sent', 200],
      ['event', 5_000],
    ],
    true,
    'first_token',
    30_200,
  ],
  [
    'answering: silence',
    [
      ['sent', 200],
      ['token', 5_000],
    ],
    true,
    'idle',
    25_000,
  ],
  [
    'every event with meaning breaks the silence',
    [
      ['sent', 200],
      ['token', 5_000],
      ['event', 9_000],
    ],
    true,
    'idle',
    29_000,
  ],
  [
    'a paused upstream is not silent',
    [
      ['sent', 200],
      ['token', 5_000],
      ['paused', 9_000],
    ],
    true,
    'total',
    1_800_100,
  ],
  [
    'silence is counted anew when it is read again',
    [
      ['sent', 200],
      ['token', 5_000],
      ['paused', 9_000],
      ['resumed', 90_000],
    ],
    true,
    'idle',
    110_000,
  ],
  [
    'total comes first near its end',
    [
      ['sent', 200],
      ['token', 1_790_000],
    ],
    true,
    'total',
    1_800_100,
  ],
  ['not streamed: the whole reply', [['sent', 200]], false, 'reply', 600_200],
  [
    'whatever comes meanwhile',
    [
      ['sent', 200],
      ['head', 300],
      ['event', 400_000],
    ],
    false,
    'reply',
    600_200,
  ],
  [
    'ended: none',
    [
      ['sent', 200],
      ['ended', 300],
    ],
    true,
    null,
    null,
  ],
];

for (const [name, said, streamed, clock, at] of deadlines) {
  test(name, () => {
    const deadline = nextDeadline(after(...said), clocks, streamed);
    assert.deepEqual([deadline?.clock ?? null, deadline?.at ?? null], [clock, at]);
  });
}

test('the phases, and what is remembered of each', () => {
  assert.equal(after().phase, 'dialling');
  assert.equal(after(['sent', 200]).phase, 'waiting');
  assert.equal(after(['sent', 200], ['head', 300]).phase, 'waiting');
  const answering = after(['sent', 200], ['head', 300], ['token', 400], ['token', 500]);
  assert.deepEqual(
    [answering.phase, answering.startedAt, answering.sentAt, answering.headAt, answering.firstTokenAt, answering.lastAt],
    ['answering', 100, 200, 300, 400, 500],
  );
});

test('an attempt that has ended stays so', () => {
  const ended = after(['sent', 200], ['ended', 300]);
  for (const type of ['sent', 'head', 'token', 'event', 'paused', 'resumed', 'ended'] as const)
    assert.equal(stepAttempt(ended, { type, at: 400 }), ended);
});

import type { Clocks } from '#core/policy/policy.ts';

/** Which clock ran out. `connect` is the dialer's. */
export type ClockName = 'load' | 'first_token' | 'idle' | 'reply' | 'total';

/**
 * The upstream's side of one attempt. `dialling`: no connection yet; `waiting`: sent, no answer yet; `answering`: the first token is
 * there; `ended`. All times are milliseconds of the monotonic clock.
 */
export interface Attempt {
  readonly phase: 'dialling' | 'waiting' | 'answering' | 'ended';
  readonly startedAt: number;
  readonly sentAt: number | null;
  readonly headAt: number | null;
  readonly firstTokenAt: number | null;
  /** When the last event with meaning came; silence is counted from here. */
  readonly lastAt: number;
  /** Since when the upstream is not read, because the caller does not keep up; its silence is then ours. */
  readonly pausedAt: number | null;
}

export type AttemptEvent = { readonly type: 'sent' | 'head' | 'token' | 'event' | 'paused' | 'resumed' | 'ended'; readonly at: number };

export function newAttempt(at: number): Attempt {
  return { phase: 'dialling', startedAt: at, sentAt: null, headAt: null, firstTokenAt: null, lastAt: at, pausedAt: null };
}

/** Takes one event of the socket. `token` is an event with content, reasoning or a tool call; `event` any other with meaning. */
export function stepAttempt(attempt: Attempt, event: AttemptEvent): Attempt {
  if (attempt.phase === 'ended') return attempt;
  const { at } = event;
  switch (event.type) {
    case 'sent':
      return { ...attempt, phase: attempt.phase === 'dialling' ? 'waiting' : attempt.phase, sentAt: at, lastAt: at };
    case 'head':
      return { ...attempt, phase: attempt.phase === 'dialling' ? 'waiting' : attempt.phase, headAt: at, lastAt: at };
    case 'token':
      return { ...attempt, phase: 'answering', firstTokenAt: attempt.firstTokenAt ?? at, lastAt: at };
    case 'event':
      return { ...attempt, lastAt: at };
    case 'paused':
      return { ...attempt, pausedAt: at };
    case 'resumed':
      return { ...attempt, pausedAt: null, lastAt: at };
    case 'ended':
      return { ...attempt, phase: 'ended', lastAt: at };
  }
}

export interface Deadline {
  readonly at: number;
  readonly clock: ClockName;
}

/** The next moment at which a clock of this attempt may run out, and which; null once it has ended. */
export function nextDeadline(attempt: Attempt, clocks: Clocks, streamed: boolean): Deadline | null {
  if (attempt.phase === 'ended') return null;
  const total: Deadline = { at: attempt.startedAt + clocks.totalMs, clock: 'total' };
  if (attempt.phase === 'dialling') return total;
  const from = attempt.sentAt ?? attempt.startedAt;
  if (!streamed) return sooner({ at: from + clocks.replyMs, clock: 'reply' }, total);
  if (attempt.phase === 'waiting') return sooner({ at: from + clocks.firstTokenMs, clock: 'first_token' }, total);
  if (attempt.pausedAt !== null) return total;
  return sooner({ at: attempt.lastAt + clocks.idleMs, clock: 'idle' }, total);
}

function sooner(left: Deadline, right: Deadline): Deadline {
  return left.at <= right.at ? left : right;
}

import type { TargetId } from '#core/policy/policy.ts';
import type { WalkEvent } from '#core/routing/walk.ts';

/** The walk of most calls: the target was free, was asked and answered. */
export function answeredWalk(target: TargetId): readonly WalkEvent[] {
  return [
    {
      type: 'observed',
      readings: [
        { target, inFlight: 1, slots: 8, retryAfterMs: null, cause: null, sinceMs: null, nextTryMs: null, state: 'free', why: 'up' },
      ],
    },
    {
      type: 'outcome',
      outcome: { target, result: 'answered', code: null, message: 'model answered', retryAfterMs: null, retryAllowed: false },
    },
  ];
}

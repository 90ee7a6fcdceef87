import { performance } from 'node:perf_hooks';
import type { Clock } from '#gateway/ports.ts';

/** The real clock: monotonic time, wall time for the record, timers of the process. */
export const systemClock: Clock = {
  // Microseconds are enough, and shorter in the record.
  now: () => Math.round(performance.now() * 1_000) / 1_000,
  wallNow: () => Date.now(),
  after: (delayMs, what) => {
    const timer = setTimeout(what, delayMs);
    return () => clearTimeout(timer);
  },
};

import { performance } from 'node:perf_hooks';
import type { Clock } from '#gateway/ports.ts';

/** The real clock: monotonic time, wall time for the record, timers of the process. */
export const systemClock: Clock = {
  // Microseconds are enough, and shorter in the record.
  now: () => Math.round(performance.now() * 1_000) / 1_000,
  wallNow: () => Date.now(),
  after: (delayMs, what) => {
    // A moment that has passed is now: Node warns of less than nothing.
    const timer = setTimeout(what, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

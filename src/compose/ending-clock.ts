import { LiveList } from '#core/units/live-list.ts';
import type { Clock } from '#gateway/ports.ts';

/** A clock whose timers end with the house that set them. */
export interface EndingClock extends Clock {
  /** Calls off every timer, and sets none any more. */
  end(): void;
}

/**
 * The same clock, but with an end: some timers (a machine that said it is busy for a minute, the slot of one that works on for nobody) have no
 * request to end them, and would keep a process alive that has nothing left to do.
 */
export function endingClock(clock: Clock): EndingClock {
  const pending = new LiveList<() => void>();
  let ended = false;
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    after: (delayMs, what) => {
      if (ended) return () => {};
      const cancelTimer = clock.after(delayMs, () => {
        forget();
        what();
      });
      const forget = pending.add(cancelTimer);
      return () => {
        forget();
        cancelTimer();
      };
    },
    end: () => {
      ended = true;
      for (const cancelTimer of pending.list()) cancelTimer();
    },
  };
}

import { EventRing } from './event-ring.ts';
import type { Follower, Told } from './event-ring.ts';
import type { Watch } from './ports.ts';

/** Where happenings go and who hears of them. */
export interface Telemetry {
  /** For whoever has something to tell. Neither blocks nor throws, whatever the listeners do. */
  readonly watch: Watch;
  /** Calls the listener with everything told from now on, at once and in order; returns how to stop it. For what is quick: counters, a line. */
  readonly subscribe: (listener: (told: Told) => void) => () => void;
  /** Reads along at the reader's own pace, as `/admin/events` does; see `EventRing.follow`. */
  readonly follow: (wake: () => void, after?: number) => Follower;
  /** How often a listener has thrown. */
  readonly faults: () => number;
}

const keptDefault = 256;

/** `now`: wall clock, milliseconds since 1970. `kept`: how many happenings a slow reader may lag behind before it loses the oldest. */
export function createTelemetry(options: { readonly now: () => number; readonly kept?: number }): Telemetry {
  const listeners = new Set<(told: Told) => void>();
  let faults = 0;
  const guarded = (what: () => void): void => {
    try {
      what();
    } catch {
      faults++;
    }
  };
  const ring = new EventRing(options.kept ?? keptDefault, guarded);
  let seq = 0;
  return {
    watch: {
      tell: (happening) => {
        const told: Told = { seq: ++seq, at: options.now(), happening };
        for (const listener of listeners) guarded(() => listener(told));
        ring.push(told);
      },
    },
    subscribe: (listener) => {
      const own = (told: Told): void => listener(told);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    follow: (wake, after) => ring.follow(wake, after),
    faults: () => faults,
  };
}

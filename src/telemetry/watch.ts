import type { Told, Watch } from './ports.ts';

/** Where happenings go and who hears of them. */
export interface Telemetry {
  /** For whoever has something to tell. Neither blocks nor throws, whatever the listeners do. */
  readonly watch: Watch;
  /** Calls the listener with everything told from now on, at once and in order; returns how to stop it. For what is quick: counters, a line. */
  subscribe(listener: (told: Told) => void): () => void;
  /** How often a listener has thrown. */
  faults(): number;
}

/** `now`: wall clock, milliseconds since 1970. */
export function createTelemetry(options: { readonly now: () => number }): Telemetry {
  const listeners = new Set<(told: Told) => void>();
  let faults = 0;
  let seq = 0;
  const tellOne = (listener: (told: Told) => void, told: Told): void => {
    try {
      listener(told);
    } catch {
      faults++;
    }
  };
  return {
    watch: {
      tell: (happening) => {
        const told: Told = { seq: ++seq, at: options.now(), happening };
        for (const listener of listeners) tellOne(listener, told);
      },
    },
    subscribe: (listener) => {
      const own = (told: Told): void => listener(told);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    faults: () => faults,
  };
}

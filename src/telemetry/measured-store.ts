import { RecordUnavailable } from '#store/ports.ts';
import type { Store } from '#store/ports.ts';

/** Hears of each transaction that was asked for. */
export interface StoreMeasures {
  /** It is durable. */
  took(seconds: number): void;
  /** It could not be written. */
  refused(): void;
}

/** The same store, measured. `now`: milliseconds that never go back. */
export function measuredStore(store: Store, now: () => number, measures: StoreMeasures): Store {
  return {
    commit: async (...asked) => {
      const begun = now();
      try {
        await store.commit(...asked);
      } catch (error) {
        if (error instanceof RecordUnavailable) measures.refused();
        throw error;
      }
      measures.took((now() - begun) / 1e3);
    },
    writable: () => store.writable(),
    close: () => store.close(),
  };
}

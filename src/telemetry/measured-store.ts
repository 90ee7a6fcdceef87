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
    commit: async (ops, options) => {
      const begun = now();
      try {
        await store.commit(ops, options);
      } catch (error) {
        if (error instanceof RecordUnavailable) measures.refused();
        throw error;
      }
      // Nobody waits for what is patient.
      if (options?.patient !== true) measures.took((now() - begun) / 1e3);
    },
    hurry: () => store.hurry?.(),
    writable: () => store.writable(),
    close: () => store.close(),
  };
}

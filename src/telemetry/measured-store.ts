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
export function measuredStore(store: Store, now: () => number, { took, refused }: StoreMeasures): Store {
  return {
    commit: async (ops) => {
      const begun = now();
      try {
        await store.commit(ops);
      } catch (error) {
        if (error instanceof RecordUnavailable) refused();
        throw error;
      }
      took((now() - begun) / 1e3);
    },
    writable: () => store.writable(),
    close: () => store.close(),
  };
}

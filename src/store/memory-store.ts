import { RecordUnavailable } from './ports.ts';
import type { Store, StoreOp } from './ports.ts';

/** A store that forgets, for the simulator and tests. */
export interface MemoryStore extends Store {
  /** Everything committed, in order. */
  readonly ops: readonly StoreOp[];
  /** Makes every commit fail, or work again. */
  setWritable(writable: boolean): void;
  /** Makes the next commits fail, though the store seems writable: a disk that is full only now. */
  failNext(commits: number): void;
}

export function memoryStore(): MemoryStore {
  const ops: StoreOp[] = [];
  let writable = true;
  let failing = 0;
  const refuse = (): Promise<void> => Promise.reject(new RecordUnavailable('the store in memory was told to fail'));
  return {
    ops,
    commit: (steps) => {
      if (failing > 0) {
        failing--;
        return refuse();
      }
      if (!writable) return refuse();
      ops.push(...structuredClone(steps));
      return Promise.resolve();
    },
    writable: () => writable,
    close: () => {
      writable = false;
      return Promise.resolve();
    },
    setWritable: (now) => {
      writable = now;
    },
    failNext: (commits) => {
      failing = commits;
    },
  };
}

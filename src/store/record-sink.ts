import type { RecordSink, Store } from './ports.ts';

/** The record as steps of a store's transactions. */
export function recordSinkOf(store: Store): RecordSink {
  return {
    begin: (intent) => store.commit([{ op: 'start', intent }]),
    end: (terminal) => store.commit([{ op: 'terminal', terminal }]),
    writable: () => store.writable(),
  };
}

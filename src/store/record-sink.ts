import type { RecordSink, Store } from './ports.ts';

/** The record as steps of a store's transactions. */
export function recordSinkOf(store: Store): RecordSink {
  return {
    begin: (intent, said, options) => store.commit([said === undefined ? { op: 'start', intent } : { op: 'start', intent, said }], options),
    end: (terminal, said) => store.commit([said === undefined ? { op: 'terminal', terminal } : { op: 'terminal', terminal, said }]),
    hurry: () => store.hurry?.(),
    writable: () => store.writable(),
  };
}

import { Worker } from 'node:worker_threads';
import type { StartProblem } from '#store/ports.ts';
import { LogStore } from './log-store.ts';
import type { MakeLink, StoreClock } from './log-store.ts';
import type { FromWriter, ToWriter, WriterSettings, WriterStart } from './writer-messages.ts';

export interface OpenLogOptions {
  /** The data folder, locked for this process. */
  readonly folder: string;
  readonly clock: StoreClock;
  readonly settings: WriterSettings;
  /** Hears what the operator should. */
  readonly tell: (note: string) => void;
}

/** Opens the record of a data folder in a thread of its own; see `LogStore`. Says why it cannot be. */
export function openLogStore({ folder, clock, settings, tell }: OpenLogOptions): Promise<LogStore | StartProblem> {
  const make: MakeLink = (now, hear) => linkTo({ folder, at: clock.wallNow(), first: false, settings: now }, hear);
  return new Promise((resolve) => {
    let store: LogStore | null = null;
    const link = linkTo(
      { folder, at: clock.wallNow(), first: true, settings },
      {
        message: (message) => {
          if (store) return store.hear(message);
          if (message.type === 'ready') {
            store = new LogStore(make, { link, settings, ...message }, { clock, tell, soon: (run) => void setImmediate(run) });
            for (const note of message.notes) tell(note);
            resolve(store);
          }
          if (message.type === 'problem') {
            link.end();
            resolve({ problem: message.problem, remedy: message.remedy });
          }
        },
        gone: (why) => {
          if (store) store.gone(why);
          else
            resolve({ problem: `the record cannot be opened: ${why}`, remedy: 'look at the data folder and the memory of this machine' });
        },
      },
    );
  });
}

function linkTo(
  start: WriterStart,
  hear: { readonly message: (message: FromWriter) => void; readonly gone: (why: string) => void },
): ReturnType<MakeLink> {
  const worker = new Worker(new URL('writer-worker.ts', import.meta.url), { workerData: start, name: 'record' });
  let why = 'its thread ended';
  worker.on('message', hear.message);
  worker.on('error', (error) => {
    why = `its thread failed: ${error instanceof Error ? error.message : String(error)}`;
  });
  worker.on('exit', () => hear.gone(why));
  return { post: (message: ToWriter) => worker.postMessage(message), end: () => void worker.terminate() };
}

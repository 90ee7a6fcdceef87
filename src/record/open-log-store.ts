import type { StartProblem } from '#store/ports.ts';
import { LogStore } from './log-store.ts';
import type { MakeLink, StoreClock } from './log-store.ts';
import { linkToWriter } from './writer-link.ts';
import type { WriterSettings } from './writer-messages.ts';

export interface OpenLogOptions {
  /** The data folder, locked for this process. */
  readonly folder: string;
  readonly clock: StoreClock;
  readonly settings: WriterSettings;
  /** Hears what the operator should. */
  readonly tell: (note: string) => void;
  /** Makes the threads; for tests that end them. */
  readonly link?: typeof linkToWriter;
}

/** Opens the record of a data folder in a thread of its own; see `LogStore`. Says why it cannot be; what may pass by itself, a full disk, is an outage from the start. */
export function openLogStore({
  folder,
  clock,
  settings,
  tell,
  link: linkTo = linkToWriter,
}: OpenLogOptions): Promise<LogStore | StartProblem> {
  const make: MakeLink = (start, hear) => linkTo({ folder, at: clock.wallNow(), ...start }, hear);
  const options = { clock, tell, soon: (run: () => void): void => void setImmediate(run) };
  return new Promise((resolve) => {
    let store: LogStore | null = null;
    const link = linkTo(
      { folder, at: clock.wallNow(), first: true, settings },
      {
        message: (message) => {
          if (store) return store.hear(message);
          if (message.type === 'ready') {
            store = new LogStore(make, { link, settings, head: message.head, logId: message.logId }, options);
            for (const note of message.notes) tell(note);
            resolve(store);
          }
          if (message.type === 'problem') {
            link.end();
            const { problem, remedy, passes } = message;
            resolve(passes ? new LogStore(make, { link: null, settings, why: problem }, options) : { problem, remedy });
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

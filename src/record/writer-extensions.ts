import { randomBytes } from 'node:crypto';
import { TermTask } from './asking/terms.ts';
import type { BodyKeeper } from './body-keeper.ts';
import { bodyKeeper } from './bodies-keeper.ts';
import { bodiesSecret } from './bodies-secret.ts';
import { Bodies } from './bodies.ts';
import { eraseCommand, eraseName } from './erase-command.ts';
import type { IdleTask } from './idle-task.ts';
import type { Moment } from './kept-time.ts';
import type { LogWriter } from './log-writer.ts';
import { PolicyRetention } from './policy-retention.ts';
import { Retention } from './retention.ts';
import type { WriterSettings } from './writer-messages.ts';

/** What the thread that writes does besides appending. Made once for each opening of the file. */
export interface WriterExtensions {
  /** Keeps what is said; null: nothing is kept. */
  readonly keeper: BodyKeeper | null;
  readonly idleTasks: readonly IdleTask[];
  /** What the house may ask of the thread by name (`LogStore.ask`); the answer is sent back. */
  readonly commands: Readonly<Record<string, (what: unknown) => unknown>>;
  /** Entries removed for their age or for room since the file was opened. */
  pruned(): number;
  /** What the policy says of the record has changed. */
  use(settings: WriterSettings): void;
}

/** What is plugged into a writer that was opened on a data folder. `tell` hears what the operator should. */
export function writerExtensions(
  writer: LogWriter,
  {
    folder,
    settings,
    now,
    tell,
  }: { readonly folder: string; readonly settings: WriterSettings; readonly now: () => Moment; readonly tell: (note: string) => void },
): WriterExtensions {
  const random = (bytes: number): Uint8Array => randomBytes(bytes);
  const bodies = new Bodies(writer.database, { secret: bodiesSecret(folder, random), random });
  const removed = (): void => bodies.forget();
  const retention = new Retention(writer, { limits: settings.keep, removed, tell });
  return {
    keeper: bodyKeeper(bodies),
    idleTasks: [
      { name: 'retention', slice: () => retention.slice(now().wall, now().steady) },
      new PolicyRetention(writer),
      new TermTask(writer.database, (work) => writer.transaction(work)),
    ],
    commands: { [eraseName]: eraseCommand(writer, removed) },
    pruned: () => retention.pruned.entries,
    use: ({ keep }) => retention.setLimits(keep),
  };
}

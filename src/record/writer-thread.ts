import type { MessagePort } from 'node:worker_threads';
import { isStartProblem } from '#store/ports.ts';
import type { Checkpoint } from './checkpoint.ts';
import { isFullDisk } from './full-disk.ts';
import { FullCheck } from './full-check.ts';
import type { IdleTask } from './idle-task.ts';
import type { Moment } from './kept-time.ts';
import type { LogWriter } from './log-writer.ts';
import { openLog, reopenLog } from './open-log.ts';
import { SecondPlace } from './second-place.ts';
import { viewFiles } from './view-files.ts';
import type { FromWriter, Standing, ToWriter, WriterSettings, WriterStart } from './writer-messages.ts';
import { writerExtensions } from './writer-extensions.ts';
import type { WriterExtensions } from './writer-extensions.ts';

/** How long after a batch the tasks look whether there is something to do. */
const idleMs = 100;
/** The end of the house waits at most so long for the second place. */
const copyMs = 2_000;
/** And how long after that they look again by themselves. */
const lookMs = 600_000;

/** The thread that writes the log: does what it is told, in order, and looks after the log in between. */
export class WriterThread {
  readonly #port: Pick<MessagePort, 'postMessage' | 'close'>;
  readonly #start: WriterStart;
  #settings: WriterSettings;
  /** Wall clock, milliseconds, as it was told last. */
  #at: number;
  /** When that was, on the clock that only goes forward. */
  #atSteady = steadyNow();
  #open: Open | null = null;
  #idling = false;
  #later: NodeJS.Timeout | undefined;
  readonly #fullCheck = new FullCheck((text) => this.#say({ type: 'note', text }));
  /** As it was said last. */
  #standing: Standing = { checkpointAt: null, pruned: 0 };

  constructor(port: Pick<MessagePort, 'postMessage' | 'close'>, start: WriterStart) {
    this.#port = port;
    this.#start = start;
    this.#settings = start.settings;
    this.#at = start.at;
  }

  /** Opens the log, if this is the first writer of the house. */
  begin(): void {
    if (!this.#start.first) return;
    try {
      const opened = openLog(this.#start.folder, this.#start.at);
      if (isStartProblem(opened)) return this.#say({ type: 'problem', ...opened, passes: false });
      const { writer, notes } = opened;
      this.#use(writer);
      this.#say({ type: 'ready', head: writer.head, logId: writer.logId, notes });
      this.#sayStanding();
      this.#idle();
    } catch (error) {
      const passes = isFullDisk(error, this.#start.folder);
      this.#say({
        type: 'problem',
        problem: passes ? `the disk is full: ${saidBy(error)}` : `the record cannot be written in ${this.#start.folder}: ${saidBy(error)}`,
        remedy: 'make room or mend the folder’s permissions',
        passes,
      });
    }
  }

  /** Does what the house says. Whatever goes wrong is said, and the file closed: it is opened anew before anything more is written. */
  hear(message: ToWriter): void {
    try {
      this.#do(message);
    } catch (error) {
      this.#drop();
      this.#say({ type: 'failed', why: saidBy(error), round: message.type === 'recover' ? message.round : null });
    }
    this.#sayStanding();
    this.#idle();
  }

  #do(message: ToWriter): void {
    if ('at' in message) [this.#at, this.#atSteady] = [message.at, steadyNow()];
    switch (message.type) {
      case 'batch': {
        const { writer } = this.#opened();
        const { first, checkpoint } = writer.writeBatch(message.entries, message);
        this.#say({ type: 'written', first, head: writer.head });
        if (checkpoint) this.#copy(checkpoint);
        return;
      }
      case 'checkpoint':
        return this.#checkpoint(message);
      case 'recover': {
        this.#drop();
        const { writer, first } = reopenLog(this.#start.folder, message, message.unsure);
        this.#use(writer);
        this.#say({ type: 'recovered', round: message.round, first, head: writer.head });
        return;
      }
      case 'settings':
        this.#settings = message.settings;
        if (this.#open && this.#open.secondPlace?.path !== (this.#settings.checkpoints ?? undefined))
          this.#open.secondPlace = this.#secondPlaceOf(this.#open.writer);
        this.#open?.extensions.use(this.#settings);
        return;
      case 'ask':
        return this.#answer(message.number, message.name, message.what);
      case 'close':
        return this.#close(message);
    }
  }

  /** Whatever fails now: what was acknowledged is on the disk, and the house is not kept waiting. */
  #close(message: { readonly at: number; readonly openFrom: number }): void {
    try {
      if (this.#open) this.#checkpoint(message);
      this.#copyTheRest();
    } catch (error) {
      this.#say({ type: 'note', text: `the record got no last checkpoint: ${saidBy(error)}` });
    }
    this.#drop();
    this.#say({ type: 'closed' });
    this.#port.close();
  }

  #checkpoint({ at, openFrom }: { readonly at: number; readonly openFrom: number }): void {
    const { writer } = this.#opened();
    const checkpoint = writer.writeCheckpoint(at, openFrom);
    this.#say({ type: 'moved', head: writer.head });
    if (checkpoint) this.#copy(checkpoint);
  }

  #answer(number: number, name: string, what: unknown): void {
    const { writer, extensions } = this.#opened();
    const command = extensions.commands[name];
    const before = writer.head.seq;
    try {
      const answer = command ? command(what) : null;
      if (writer.head.seq !== before) this.#say({ type: 'moved', head: writer.head });
      this.#say({ type: 'answer', number, what: answer, error: command ? null : `there is no ${name}` });
    } catch (error) {
      this.#say({ type: 'answer', number, what: null, error: saidBy(error) });
      throw error;
    }
  }

  #copy(checkpoint: Checkpoint): void {
    this.#open?.secondPlace?.add(checkpoint);
  }

  #use(writer: LogWriter): void {
    const tell = (text: string): void => this.#say({ type: 'note', text });
    const extensions = writerExtensions(writer, { folder: this.#start.folder, settings: this.#settings, now: () => this.#now(), tell });
    if (extensions.keeper) writer.useKeeper(extensions.keeper);
    const secondPlace = this.#secondPlaceOf(writer);
    const files = viewFiles(writer, this.#start.folder, tell);
    this.#fullCheck.use(writer);
    this.#open = { writer, extensions, secondPlace, idleTasks: [...extensions.idleTasks, this.#fullCheck], files };
  }

  #secondPlaceOf(writer: LogWriter): SecondPlace | null {
    const { checkpoints } = this.#settings;
    return checkpoints === null ? null : new SecondPlace(checkpoints, writer, (text) => this.#say({ type: 'note', text }));
  }

  /** What is missing in the second place is written before the end, as far as that is quick; the rest is by whoever opens the log next. */
  #copyTheRest(): void {
    const until = steadyNow() + copyMs;
    while (this.#open?.secondPlace?.slice() && steadyNow() < until);
  }

  #opened(): Open {
    if (!this.#open) throw new Error('the log is closed');
    return this.#open;
  }

  #drop(): void {
    this.#open?.writer.close();
    this.#open = null;
  }

  /** A little later, so that under load the tasks see many batches at once. */
  #idle(): void {
    if (this.#idling || !this.#open) return;
    this.#idling = true;
    setTimeout(() => void this.#slice(), idleMs).unref();
  }

  async #slice(): Promise<void> {
    const open = this.#open;
    let more = false;
    try {
      for (const task of open ? this.#tasksOf(open) : []) {
        const before = open?.writer.head.seq;
        if (await task.slice()) more = true;
        if (open && open === this.#open && open.writer.head.seq !== before) this.#say({ type: 'moved', head: open.writer.head });
      }
    } catch (error) {
      if (open === this.#open) {
        this.#drop();
        this.#say({ type: 'failed', why: saidBy(error), round: null });
      }
    }
    this.#sayStanding();
    // One slice of each, then whatever was said meanwhile, then the next.
    if (more) setImmediate(() => void this.#slice());
    else {
      this.#idling = false;
      this.#lookLater();
    }
  }

  #tasksOf({ idleTasks, secondPlace, files }: Open): readonly IdleTask[] {
    return [...idleTasks, ...(secondPlace === null ? [] : [secondPlace]), ...(this.#settings.files ? [files] : [])];
  }

  #now(): Moment {
    const steady = steadyNow();
    return { wall: this.#at + steady - this.#atSteady, steady };
  }

  /** Entries become too old also where nobody calls. */
  #lookLater(): void {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#idle(), lookMs).unref();
  }

  #sayStanding(): void {
    if (!this.#open) return;
    const { writer, extensions } = this.#open;
    const standing: Standing = { checkpointAt: writer.sealedAt, pruned: extensions.pruned() };
    if (standing.checkpointAt === this.#standing.checkpointAt && standing.pruned === this.#standing.pruned) return;
    this.#standing = standing;
    this.#say({ type: 'standing', standing });
  }

  #say(message: FromWriter): void {
    this.#port.postMessage(message, []);
  }
}

interface Open {
  readonly writer: LogWriter;
  readonly extensions: WriterExtensions;
  secondPlace: SecondPlace | null;
  readonly idleTasks: IdleTask[];
  /** Runs only while the policy wants files. */
  readonly files: IdleTask;
}

/** Milliseconds of a clock that nobody sets. */
function steadyNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { checkpointOf } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { IdleTask } from './idle-task.ts';
import { entryOf, logRows } from './log-rows.ts';
import type { LogWriter } from './log-writer.ts';

/** The log whose checkpoints are copied. */
type CopiedLog = Pick<LogWriter, 'database' | 'logId' | 'publicKey' | 'head'>;

/** Entries looked through for checkpoints in one slice. */
const sliceEntries = 1_000;
/** So much of the place's end is read for the last line of this log. */
const endBytes = 65_536;

/**
 * A file outside the data folder to which every checkpoint is also written, so that whoever can write the data folder alone is found out. What
 * could not be written waits in the log itself: from the last line that is there it is copied later, by another process if need be.
 */
export class SecondPlace implements IdleTask {
  readonly name = 'second place';
  readonly path: string;
  readonly #log: CopiedLog;
  readonly #tell: (note: string) => void;
  /** Checkpoints of entries up to here are in the place, or were before it was named. */
  #copied: number;
  #looked = false;
  /** Whether checkpoints behind `copied` may be missing in the place. */
  #behind = true;
  #failing = false;
  /** A place that is away is tried once for each checkpoint. */
  #mayTry = true;

  /** `tell` hears what the operator should: a second place that is away costs no call its answer. */
  constructor(path: string, log: CopiedLog, tell: (note: string) => void) {
    this.path = path;
    this.#log = log;
    this.#tell = tell;
    this.#copied = log.head.seq;
  }

  /** Appends a checkpoint that was written to the log, now or, where others are missing before it, in a slice. */
  add(checkpoint: Checkpoint): void {
    this.#mayTry = true;
    if (this.#behind) return;
    // It stands right behind the entries it covers.
    this.#try(() => this.#append([checkpoint], checkpoint.through + 1));
  }

  /** Copies some of what is missing. True: there may be more. */
  slice(): boolean {
    if (!this.#behind || !this.#mayTry) return false;
    this.#try(() => {
      if (!this.#looked) this.#look();
      const from = this.#copied + 1;
      const rows = [...logRows(this.#log.database, from, from + sliceEntries - 1)];
      const last = rows.at(-1)?.seq ?? this.#nextAfter(from);
      this.#append(
        rows.flatMap((row) => (isCheckpoint(row.bytes) ? (checkpointOf(entryOf(row)) ?? []) : [])),
        last,
      );
      this.#behind = this.#copied < this.#log.head.seq;
    });
    return this.#behind && this.#mayTry;
  }

  /** In front of what is left of a pruned log there is nothing to copy. */
  #nextAfter(seq: number): number {
    const found = this.#log.database.prepare('SELECT min(seq) AS seq FROM log WHERE seq >= ?').get(seq)?.['seq'];
    return typeof found === 'number' ? found - 1 : this.#log.head.seq;
  }

  #try(work: () => void): void {
    try {
      work();
      if (this.#failing) this.#tell(`checkpoints are written to ${this.path} again`);
      this.#failing = false;
    } catch (error) {
      this.#behind = true;
      this.#looked = false;
      this.#mayTry = false;
      if (!this.#failing)
        this.#tell(`checkpoints cannot be written to ${this.path}: ${error instanceof Error ? error.message : String(error)}`);
      this.#failing = true;
    }
  }

  #append(checkpoints: readonly Checkpoint[], copied: number): void {
    const { logId: log, publicKey: key } = this.#log;
    const lines = checkpoints.map(({ through, head, at, signature }) => `${JSON.stringify({ log, through, head, at, key, signature })}\n`);
    if (lines.length > 0) appendSynced(this.path, lines.join(''));
    this.#copied = copied;
  }

  /** Finds where the place ends, and whether it speaks of the log that is there. */
  #look(): void {
    const last = lastLine(this.path, this.#log.logId);
    this.#looked = true;
    if (last === null) return;
    const { head, database } = this.#log;
    const [row] = last.through > head.seq ? [] : logRows(database, last.through, last.through);
    if (last.through > head.seq || (row !== undefined && Buffer.from(row.hash).toString('hex') !== last.head))
      this.#tell(
        `${this.path} knows another entry ${last.through} than the record: it was cut off or written anew; look at it with: gatehouse audit verify`,
      );
    this.#copied = Math.min(this.#copied, last.through + 1);
  }
}

const checkpointMark = Buffer.from('"type":"checkpoint"');

function isCheckpoint(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(64, bytes.length)).includes(checkpointMark);
}

/** How every line begins. */
const lineStart = '{"log":';

/** The last whole line of a log, as far as the end of the file tells: -1 where only one is there that was cut off. Null for none, and no file. */
function lastLine(path: string, log: string): { readonly through: number; readonly head: string } | null {
  const start = `${lineStart}${JSON.stringify(log)}`;
  const lines = endOf(path)
    .split('\n')
    .filter((line) => line.startsWith(start));
  if (lines.length === 0) return null;
  const found = /"through":(\d+),"head":"([0-9a-f]{64})"/.exec(lines.findLast((line) => line.endsWith('}')) ?? '');
  return found ? { through: Number(found[1]), head: found[2] ?? '' } : { through: -1, head: '' };
}

function endOf(path: string): string {
  let file: number;
  try {
    // Open for writing too, a pipe that nobody reads does not hold up the writer.
    file = openSync(path, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
  try {
    if (!isPlace(file)) throw new Error('it is no file of checkpoints');
    const { size } = fstatSync(file);
    const end = Buffer.alloc(Math.min(size, endBytes));
    readSync(file, end, 0, end.length, size - end.length);
    return end.toString('latin1');
  } finally {
    closeSync(file);
  }
}

function appendSynced(path: string, text: string): void {
  // Open for reading too, a pipe that nobody reads does not hold up the writer.
  const file = openSync(path, 'a+', 0o600);
  try {
    // The policy may name anything, the record itself among it.
    if (!isPlace(file)) throw new Error('it is no file of checkpoints');
    writeSync(file, isTorn(file) ? `\n${text}` : text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Whether the last line was not written to its end; it is written anew behind that. */
function isTorn(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}

/** A plain file that is empty or holds checkpoints. */
function isPlace(file: number): boolean {
  const stat = fstatSync(file);
  if (!stat.isFile() || stat.size === 0) return stat.isFile();
  const start = Buffer.alloc(lineStart.length);
  const length = readSync(file, start, 0, start.length, 0);
  return lineStart.startsWith(start.toString('latin1', 0, length));
}

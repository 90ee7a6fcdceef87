import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Checkpoint, LogName } from './checkpoint.ts';

/** Most lines that wait for a second place that cannot be written. */
const waitingMax = 1_000;

/** A file outside the data folder to which every checkpoint is also written, so that whoever can write the data folder alone is found out. */
export class SecondPlace {
  readonly #path: string;
  readonly #log: LogName;
  #waiting: string[] = [];
  #failing = false;

  constructor(path: string, log: LogName) {
    this.#path = path;
    this.#log = log;
  }

  /**
   * Appends a checkpoint, and those that could not be written before. Returns what to tell the operator, null if there is nothing new:
   * a second place that is away costs no call its answer.
   */
  add({ through, head, at, signature }: Checkpoint): string | null {
    const { id, publicKey } = this.#log;
    this.#waiting.push(`${JSON.stringify({ log: id, through, head, at, key: publicKey, signature })}\n`);
    if (this.#waiting.length > waitingMax) this.#waiting.shift();
    try {
      appendSynced(this.#path, this.#waiting.join(''));
      this.#waiting = [];
      const was = this.#failing;
      this.#failing = false;
      return was ? `checkpoints are written to ${this.#path} again` : null;
    } catch (error) {
      if (this.#failing) return null;
      this.#failing = true;
      return `checkpoints cannot be written to ${this.#path}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** How every line begins. */
const lineStart = '{"log":';

function appendSynced(path: string, text: string): void {
  // Open for reading too, a pipe that nobody reads does not hold up the writer.
  const file = openSync(path, 'a+', 0o600);
  try {
    // The policy may name anything, the record itself among it.
    if (!isPlace(file)) throw new Error('it is no file of checkpoints');
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A plain file that is empty or holds checkpoints. */
function isPlace(file: number): boolean {
  const stat = fstatSync(file);
  if (!stat.isFile() || stat.size === 0) return stat.isFile();
  const start = Buffer.alloc(lineStart.length);
  readSync(file, start, 0, start.length, 0);
  return start.toString('latin1') === lineStart;
}

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
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

function appendSynced(path: string, text: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

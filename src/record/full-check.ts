import { nextHash, firstHash } from './chain.ts';
import type { IdleTask } from './idle-task.ts';
import { logRows } from './log-rows.ts';
import type { LogWriter } from './log-writer.ts';

/** Entries checked in one slice: about two milliseconds. */
const sliceEntries = 200;

/** Checks the whole log once, from its first entry to where it ended when it was opened first, through as many openings of the file as that takes. */
export class FullCheck implements IdleTask {
  readonly name = 'full check';
  readonly #tell: (note: string) => void;
  #writer: LogWriter | null = null;
  #last = 0;
  #next = 1;
  #before: Uint8Array | null = null;
  #done = false;

  /** `tell` hears what is found. */
  constructor(tell: (note: string) => void) {
    this.#tell = tell;
  }

  /** The file was opened, or opened again. */
  use(writer: LogWriter): void {
    if (this.#writer === null) {
      this.#last = writer.head.seq;
      this.#before = firstHash(writer.logId);
    }
    this.#writer = writer;
  }

  slice(): boolean {
    if (this.#done || this.#writer === null) return false;
    const { database } = this.#writer;
    let seen = 0;
    for (const row of logRows(database, this.#next, Math.min(this.#last, this.#next + sliceEntries - 1))) {
      seen++;
      // In front of the first entry of a pruned log there is nothing to compare with.
      if (row.seq !== this.#next) this.#before = null;
      if (this.#before !== null && !nextHash(this.#before, row.bytes).equals(row.hash)) {
        this.#tell(`the record is damaged at entry ${row.seq}: its hash is not that of the chain; look at it with: gatehouse audit verify`);
        this.#done = true;
        return false;
      }
      this.#before = row.hash;
      this.#next = row.seq + 1;
    }
    if (seen === 0) this.#next = firstBehind(this.#writer, this.#next, this.#last);
    this.#done = this.#next > this.#last;
    return !this.#done;
  }
}

function firstBehind(writer: LogWriter, from: number, last: number): number {
  const found = writer.database.prepare('SELECT min(seq) AS seq FROM log WHERE seq >= ?').get(from)?.['seq'];
  return typeof found === 'number' ? found : last + 1;
}

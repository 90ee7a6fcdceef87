import { join } from 'node:path';
import { LineFile } from './line-file.ts';
import { RecordUnavailable } from './ports.ts';
import type { Store, StoreOp } from './ports.ts';
import { outageLine, recordLines } from './record-lines.ts';
import type { RecordLines } from './record-lines.ts';

/** The part of the clock that a store needs. */
export interface StoreClock {
  /** Milliseconds since 1970. */
  wallNow(): number;
  /** Runs `what` after so many milliseconds; returns how to call it off. */
  after(delayMs: number, what: () => void): () => void;
}

export interface JsonlStoreOptions {
  /** The data folder, which exists. */
  readonly folder: string;
  readonly clock: StoreClock;
  /** A file is put aside before it grows past this. */
  readonly rotateBytes?: number;
  /** How many files put aside are kept. */
  readonly keep?: number;
}

const rotateBytesDefault = 64 * 1024 * 1024;
const keepDefault = 8;
const retryMs = 1_000;
/** In the order of the fields of `RecordLines`. */
const fileNames = ['router-decisions.jsonl', 'upstream-failures.jsonl', 'recovery-events.jsonl'];

/**
 * The record as lines of JSON: every step of every transaction in `router-decisions.jsonl`, every failed attempt also in
 * `upstream-failures.jsonl`, every recovery in `recovery-events.jsonl` alone. What a commit resolved has been handed to the operating system in one append; it survives the end of this
 * process, not yet a power cut (there is no fsync). Commits that come while one is written share the next append.
 *
 * Rejects with `RecordUnavailable` if the files cannot be opened. Later a write that fails refuses the commits it was for and leaves
 * nothing of them; the store is unwritable until a write works again, tried with the next commit and every second.
 */
export async function openJsonlStore(options: JsonlStoreOptions): Promise<Store> {
  const rotation = { rotateBytes: options.rotateBytes ?? rotateBytesDefault, keep: options.keep ?? keepDefault };
  const openFile = async (name: string): Promise<LineFile> => {
    try {
      return await LineFile.open(join(options.folder, name), rotation);
    } catch (error) {
      throw unavailable(error);
    }
  };
  const opened: LineFile[] = [];
  try {
    for (const name of fileNames) opened.push(await openFile(name));
  } catch (error) {
    for (const file of opened) await file.close();
    throw error;
  }
  return new JsonlStore(opened, options.clock);
}

interface Waiting {
  readonly lines: RecordLines;
  resolve(): void;
  reject(error: RecordUnavailable): void;
}

class JsonlStore implements Store {
  /** As `fileNames`. */
  readonly #files: readonly LineFile[];
  readonly #clock: StoreClock;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #outage: { readonly from: number; refused: number } | null = null;
  #cancelRetry: () => void = () => {};
  #closed = false;

  constructor(files: readonly LineFile[], clock: StoreClock) {
    this.#files = files;
    this.#clock = clock;
  }

  async commit(ops: readonly StoreOp[]): Promise<void> {
    if (this.#closed) throw new RecordUnavailable('the record is closed');
    // Spelt at once, so that what the caller does with its values afterwards does not reach the record.
    return this.#enqueue(recordLines(ops));
  }

  writable(): boolean {
    return this.#outage === null && !this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelRetry();
    await this.#flushing;
    const closed = await Promise.allSettled(this.#files.map((file) => file.close()));
    for (const each of closed) if (each.status === 'rejected') throw unavailable(each.reason);
  }

  #enqueue(lines: RecordLines): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lines, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // Commits of the same turn go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch);
        this.#outage = null;
        this.#cancelRetry();
        for (const each of batch) each.resolve();
      } catch (error) {
        this.#noteOutage(batch);
        for (const each of batch) each.reject(unavailable(error));
      }
    }
    this.#flushing = null;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const outage = this.#outage === null ? '' : outageLine({ ...this.#outage, until: this.#clock.wallNow() });
    const decisions = outage + batch.map((each) => each.lines.decisions).join('');
    const failures = batch.map((each) => each.lines.failures).join('');
    const recoveries = batch.map((each) => each.lines.recoveries).join('');
    const written: LineFile[] = [];
    try {
      for (const [index, lines] of [decisions, failures, recoveries].entries()) {
        const file = this.#files[index];
        if (lines === '' || file === undefined) continue;
        await file.append(lines);
        written.push(file);
      }
    } catch (error) {
      for (const file of written) file.undo();
      throw error;
    }
  }

  #noteOutage(batch: readonly Waiting[]): void {
    const refused = batch.filter((each) => each.lines.decisions !== '').length;
    if (this.#outage) this.#outage.refused += refused;
    else this.#outage = { from: this.#clock.wallNow(), refused };
    this.#cancelRetry();
    if (this.#closed) return;
    // Writing the line about the outage is the test whether it is over.
    this.#cancelRetry = this.#clock.after(retryMs, () => {
      this.#enqueue({ decisions: '', failures: '', recoveries: '' }).catch(() => {});
    });
  }
}

function unavailable(error: unknown): RecordUnavailable {
  const said = error instanceof Error ? error.message : String(error);
  return new RecordUnavailable(`the record cannot be written: ${said}`, { cause: error });
}

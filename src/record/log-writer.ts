import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { dropTerms } from './asking/terms.ts';
import type { BodyKeeper } from './body-keeper.ts';
import { hashBytes, lengthBytes } from './chain.ts';
import type { Head } from './chain.ts';
import { checkpointEntries, signedCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { RECORD_COLUMNS } from './projection.ts';
import type { Signer } from './record-key.ts';
import { prepareWriting } from './schema.ts';
import type { NewEntry } from './writer-messages.ts';

/** How long the file may be locked by somebody else before a write gives up. */
const busyMs = 5_000;
const bytesAt = hashBytes + lengthBytes;

/** Opens the file of a log for writing. It has to be there: a file that went away is not made anew by looking for it. */
export function openForWriting(path: string): DatabaseSync {
  statSync(path);
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    prepareWriting(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What a writer is of. */
export interface LogWriterParts {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly logId: string;
  readonly signer: Signer;
  /** The last entry in the file. */
  readonly head: { readonly seq: number; readonly hash: Uint8Array };
  /** The `seq` of the last checkpoint; 0 if there is none. */
  readonly sealed: number;
  /** When it was signed; null if there is none. */
  readonly sealedAt: number | null;
}

/** Appends entries to the log: gives them their number and hash, and keeps the projection. For one thread; every call is synchronous. */
export class LogWriter {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly logId: string;
  readonly #signer: Signer;
  readonly #files: readonly string[];
  readonly #inodes: readonly (number | null)[];
  #seq: number;
  #hash: Uint8Array;
  #sealed: number;
  #sealedAt: number | null;
  /** Hash before, length and bytes of the entry that is being appended: what is hashed, in one piece. */
  #scratch = Buffer.allocUnsafe(64 * 1024);
  #keeper: BodyKeeper | null = null;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #insertEntry: StatementSync;
  readonly #insertRecord: StatementSync;
  readonly #dropTerms: (id: string) => void;
  readonly #insertPolicy: StatementSync;
  readonly #insertScore: StatementSync;

  constructor(parts: LogWriterParts) {
    this.path = parts.path;
    this.database = parts.database;
    this.logId = parts.logId;
    this.#signer = parts.signer;
    this.#seq = parts.head.seq;
    this.#hash = parts.head.hash;
    this.#sealed = parts.sealed;
    this.#sealedAt = parts.sealedAt;
    this.#files = ['', '-wal', '-shm'].map((suffix) => `${parts.path}${suffix}`);
    this.#inodes = this.#files.map(inodeOf);
    this.#checkFiles();
    const { database } = parts;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#insertEntry = database.prepare('INSERT INTO log (seq, hash, bytes) VALUES (?, ?, ?)');
    const names = RECORD_COLUMNS.map(([name]) => name);
    this.#insertRecord = database.prepare(
      `INSERT OR REPLACE INTO records (seq, start_seq, ${names.join(', ')}) VALUES (?, ?, ${names.map(() => '?').join(', ')})`,
    );
    this.#dropTerms = dropTerms(database);
    // One that comes into force again becomes the last of them.
    this.#insertPolicy = database.prepare('INSERT OR REPLACE INTO policies (hash, json) VALUES (?, ?)');
    this.#insertScore = database.prepare(
      'INSERT INTO scores (seq, id, name, value, label, source, comment, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
  }

  get head(): Head {
    return { seq: this.#seq, hash: Buffer.from(this.#hash).toString('hex') };
  }

  /** When the last checkpoint was signed, milliseconds since 1970; null if there is none. */
  get sealedAt(): number | null {
    return this.#sealedAt;
  }

  /** The public half of the key that signs for this log. */
  get publicKey(): string {
    return this.#signer.publicKey;
  }

  /** Who keeps what is said; without one it is not kept. */
  useKeeper(keeper: BodyKeeper): void {
    this.#keeper = keeper;
  }

  /** Signs for this log. */
  sign(text: string): string {
    return this.#signer.sign(text);
  }

  /**
   * Appends a batch in one transaction, with a checkpoint behind it where one is due. What it returns is durable: it was synced, and into
   * the files that bear the log's name. Throws whatever went wrong; then nothing says whether the batch is there.
   */
  writeBatch(entries: readonly NewEntry[], { at, openFrom }: { readonly at: number; readonly openFrom: number }): Written {
    const first = this.#seq + 1;
    const checkpoint = this.transaction(() => {
      for (const entry of entries) this.#write(entry, first);
      return this.#seq - this.#sealed >= checkpointEntries ? this.#appendCheckpoint(at, openFrom) : null;
    });
    return { first, checkpoint };
  }

  /** Appends a checkpoint if there is an entry that none covers; null if there is not. */
  writeCheckpoint(at: number, openFrom: number): Checkpoint | null {
    if (this.#seq === this.#sealed) return null;
    return this.transaction(() => this.#appendCheckpoint(at, openFrom));
  }

  /** Runs steps as one durable transaction. Not to be nested. */
  transaction<T>(steps: () => T): T {
    const before = { seq: this.#seq, hash: this.#hash, sealed: this.#sealed, sealedAt: this.#sealedAt };
    this.#begin.run();
    try {
      const result = steps();
      this.#commit.run();
      this.#checkFiles();
      return result;
    } catch (error) {
      this.#seq = before.seq;
      this.#hash = before.hash;
      this.#sealed = before.sealed;
      this.#sealedAt = before.sealedAt;
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * Appends one entry, inside a transaction. `text` is its JSON without `seq`, `member` (`"body":null`) is put at its end.
   * Returns its `seq`.
   */
  append(text: string, member = ''): number {
    const seq = this.#seq + 1;
    const number = `{"seq":${seq},`;
    const room = bytesAt + number.length + 3 * (text.length + member.length) + 1;
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafe(2 * room);
    const scratch = this.#scratch;
    scratch.set(this.#hash);
    // The text's own brace falls on the last byte of the number, which is written over it.
    const textAt = bytesAt + number.length - 1;
    let end = textAt + scratch.write(text, textAt);
    scratch.write(number, bytesAt);
    // The member takes the place of the closing brace.
    if (member !== '') end += scratch.write(`,${member}}`, end - 1) - 1;
    scratch.writeUInt32BE(end - bytesAt, hashBytes);
    const digest = hash('sha256', scratch.subarray(0, end), 'buffer');
    this.#insertEntry.run(seq, digest, scratch.subarray(bytesAt, end));
    this.#seq = seq;
    this.#hash = digest;
    return seq;
  }

  /** Copies what is in the write-ahead log into the file and closes both. Never throws: what is written is written. */
  close(): void {
    try {
      // Also saves what a removed write-ahead log holds, of which only this connection still has a hold.
      this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // It is read from the write-ahead log the next time.
    }
    try {
      this.database.close();
    } catch {
      // There is nothing more to do with it.
    }
  }

  #write(entry: NewEntry, first: number): void {
    switch (entry.kind) {
      case 'start':
        this.append(entry.text, `"body":${entry.said === null || this.#keeper === null ? 'null' : this.#keeper.request(entry.said)}`);
        return;
      case 'terminal':
      case 'interrupted': {
        const startSeq = entry.startSeq < 0 ? first - 1 - entry.startSeq : entry.startSeq;
        const said = entry.kind === 'terminal' ? entry.said : null;
        const reply = said === null || this.#keeper === null ? 'null' : this.#keeper.reply(said);
        const seq = this.append(entry.text, entry.kind === 'terminal' ? `"reply":${reply}` : '');
        // It may take the place of a row whose end did not hold, and which was found by that end's terms.
        if (entry.kind === 'interrupted') this.#dropTerms(String(entry.columns[0]));
        this.#insertRecord.run(seq, startSeq, ...entry.columns);
        return;
      }
      case 'policy':
        this.#insertPolicy.run(entry.hash, entry.json);
        this.append(entry.text);
        return;
      case 'score':
        this.#insertScore.run(this.append(entry.text), ...entry.columns);
        return;
      case 'admin':
        this.append(entry.text);
    }
  }

  #appendCheckpoint(at: number, openFrom: number): Checkpoint {
    const place = { through: this.#seq, head: this.head.hash, at };
    const checkpoint = signedCheckpoint(this.logId, place, this.#signer);
    this.#sealed = this.append(
      JSON.stringify({ type: 'checkpoint', at, through: place.through, head: place.head, openFrom, signature: checkpoint.signature }),
    );
    this.#sealedAt = at;
    return checkpoint;
  }

  /** A commit into files that were removed or replaced is synced and still lost: nobody finds them again. */
  #checkFiles(): void {
    for (const [index, path] of this.#files.entries()) {
      const inode = inodeOf(path);
      if (inode === null || inode !== this.#inodes[index]) throw new Error(`${path} was removed or replaced`);
    }
  }
}

/** What became durable: where a batch begins, and the checkpoint behind it. */
export interface Written {
  readonly first: number;
  readonly checkpoint: Checkpoint | null;
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

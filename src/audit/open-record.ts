import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { publicKeyFrom } from './chain.ts';
import { CannotRead } from './finding.ts';

/** A record opened for reading, as it was at one moment, until it is let go. */
export interface OpenRecord {
  readonly db: DatabaseSync;
  readonly file: string;
  /** Whether a house may be writing into it. */
  readonly live: boolean;
  /** Ends the transaction, so that what a house wrote meanwhile can be tidied up; what is read from now on is newer. No statement may be under way. */
  letGo(): void;
  /** Throws if somebody began to write into a file that nobody had open when it was opened. */
  stillTheSame(): void;
  close(): void;
}

/**
 * Opens `record.db`, or the one in a data folder, without ever writing to it. A file beside which lies a `-wal` may be in use: it is read
 * together with that, in transactions. Without one nobody has it open, and it is read as it lies there, also from a read-only disk.
 */
export function openRecord(path: string): OpenRecord {
  const file = fileAt(path);
  const inUse = existsSync(`${file}-wal`);
  const db = openDatabase(file, inUse);
  const close = (): void => db.close();
  try {
    db.exec('BEGIN');
    const version = db.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version !== 1) throw new CannotRead(`${file} has the format ${String(version)}; this program knows format 1`);
    db.prepare('SELECT seq, hash, bytes FROM log LIMIT 1').get();
  } catch (error) {
    close();
    if (error instanceof CannotRead) throw error;
    throw new CannotRead(`${file} is not a record: ${wordsOf(error)}`);
  }
  const stillTheSame = (): void => {
    if (!inUse && existsSync(`${file}-wal`)) throw new CannotRead(`a house began to write into ${file} meanwhile; run this again`);
  };
  const letGo = (): void => {
    if (!inUse) return;
    try {
      db.exec('COMMIT; BEGIN');
    } catch {
      // Whoever reads on says what is wrong with the file.
    }
  };
  return { db, file, live: inUse, letGo, stillTheSame, close };
}

function fileAt(path: string): string {
  const given = resolve(path);
  try {
    const file = statSync(given).isDirectory() ? join(given, 'record.db') : given;
    if (statSync(file).isFile()) return file;
  } catch {
    // Said below, the same for all reasons.
  }
  throw new CannotRead(`there is no record at ${given}`);
}

function openDatabase(file: string, inUse: boolean): DatabaseSync {
  const url = pathToFileURL(file);
  if (!inUse) url.search = 'immutable=1';
  try {
    return new DatabaseSync(url, { readOnly: true, timeout: 5_000 });
  } catch (error) {
    const hint = inUse ? `; where it may not be opened, copy it together with its -wal to a folder you may write to` : '';
    throw new CannotRead(`${file} cannot be opened: ${wordsOf(error)}${hint}`);
  }
}

export interface Identity {
  /** 32 hex digits. */
  readonly log: string;
  /** Base64; whether it is a key is not yet known. */
  readonly key: string;
  /** What the writer notes of the entries it gave up; null if it notes nothing. */
  readonly prunedBefore: string | null;
  /** Up to which call it says that terms were written; null if it says nothing. */
  readonly termsThrough: string | null;
}

/** What the file says of itself. */
export function identityOf({ db, file }: OpenRecord): Identity {
  const rows = new Map<string, unknown>();
  try {
    for (const row of db.prepare('SELECT name, value FROM meta').iterate()) rows.set(String(row['name']), row['value']);
  } catch (error) {
    throw new CannotRead(`${file} does not say which log it is: ${wordsOf(error)}`);
  }
  const [log, key] = [rows.get('log'), rows.get('key')];
  if (typeof log !== 'string' || typeof key !== 'string') throw new CannotRead(`${file} does not say which log it is`);
  const noted = (name: string): string | null => {
    const value = rows.get(name);
    return value === undefined ? null : typeof value === 'string' ? value : 'no text';
  };
  return { log, key, prunedBefore: noted('prunedBefore'), termsThrough: noted('termsThrough') };
}

/** A public key as a person gives it: its base64, or the name of a file with that or with PEM. */
export function givenKey(text: string): NonNullable<ReturnType<typeof publicKeyFrom>> {
  const direct = publicKeyFrom(text);
  if (direct !== null) return direct;
  let content: string;
  try {
    content = readFileSync(text, 'utf8');
  } catch (error) {
    throw new CannotRead(`the key "${text}" is neither a key nor a file that can be read: ${wordsOf(error)}`);
  }
  const key = publicKeyFrom(content);
  if (key === null) throw new CannotRead(`${text} holds no public Ed25519 key, neither PEM nor base64`);
  return key;
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorCodeOf } from './error-code.ts';
import type { StartProblem } from './ports.ts';

/** One process per data folder. */
export interface FolderLock {
  release(): void;
}

const lockName = 'lock';
const holderName = 'lock-holder';

/** Locks held now. A database that nobody refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

/**
 * Takes the folder's lock, or says who has it. The lock is the kernel's own, taken through an empty SQLite file, because Node has no other
 * call for it: it goes with the process however that ends, and holds across containers that share the folder, where process numbers say
 * nothing. Nothing else in this process may open the file: closing it would drop the lock.
 */
export function lockFolder(folder: string): FolderLock | StartProblem {
  const path = join(folder, lockName);
  let database: DatabaseSync | null = null;
  try {
    makeEmpty(path);
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    nameHolder(folder);
  } catch (error) {
    database?.close();
    return isLocked(error) ? takenBy(folder) : unwritable(folder, error);
  }
  return holdOn(database);
}

function holdOn(database: DatabaseSync): FolderLock {
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}

/** Who holds it is said to whoever asks for it next; on a disk that has filled up since the first start it is not. */
function nameHolder(folder: string): void {
  try {
    writeFileSync(join(folder, holderName), `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    const full = ['ENOSPC', 'EDQUOT'].includes(errorCodeOf(error));
    if (!full || !existsSync(join(folder, 'record.db'))) throw error;
  }
}

/** Makes the file for its owner only. An existing one is not opened, which could drop a lock that this process holds. */
function makeEmpty(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
  }
}

const sqliteBusy = 5;

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}

function takenBy(folder: string): StartProblem {
  const holder = holderOf(folder);
  return {
    problem: `another gatehouse${holder === null ? '' : ` (process ${holder})`} uses the data folder ${folder}`,
    remedy: 'stop it first, or name another folder with --data',
  };
}

function holderOf(folder: string): string | null {
  try {
    return /^\d+$/m.exec(readFileSync(join(folder, holderName), 'utf8'))?.[0] ?? null;
  } catch {
    return null;
  }
}

function unwritable(folder: string, error: unknown): StartProblem {
  const said = error instanceof Error ? error.message : String(error);
  return {
    problem: `the data folder ${folder} cannot be written (${said})`,
    remedy: 'make it writable for this user, or name another folder with --data',
  };
}

import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StartProblem } from '#store/ports.ts';
import type { Head } from './chain.ts';
import { checkTail, compareTail } from './check-tail.ts';
import type { Tail } from './check-tail.ts';
import type { Checkpoint } from './checkpoint.ts';
import { DamagedLog } from './log-rows.ts';
import { LogWriter, openForWriting } from './log-writer.ts';
import type { LogWriterParts } from './log-writer.ts';
import { interruptedColumns } from './projection.ts';
import { makeSigner, readSigner } from './record-key.ts';
import type { Signer } from './record-key.ts';
import { formatVersion, migrate, versionOf } from './schema.ts';
import type { NewEntry } from './writer-messages.ts';

/** The log of a data folder. */
export function logPath(folder: string): string {
  return join(folder, 'record.db');
}

/** A log that is ready to be written, and what the operator should hear of it. */
export interface OpenedLog {
  readonly writer: LogWriter;
  readonly tail: Tail;
  readonly notes: readonly string[];
}

/**
 * Opens the log of a data folder at the start of a house, or makes one. Calls without an end are ended as `interrupted`. A file that is
 * damaged is put aside with what belongs to it and a new log begun; it is never written to. Throws what the file system says.
 */
export function openLog(folder: string, at: number): OpenedLog | StartProblem {
  const path = logPath(folder);
  const signer = readSigner(folder);
  try {
    if (isLog(path)) return openExisting({ path, signer, at });
    return begin(path, signer ?? makeSigner(folder));
  } catch (error) {
    if (!isDamage(error)) throw error;
    const aside = putAside(path, at);
    const opened = begin(path, signer ?? makeSigner(folder));
    const why = error instanceof Error ? error.message : String(error);
    opened.writer.transaction(() => opened.writer.append(JSON.stringify({ type: 'admin', at, action: 'damaged', subject: aside, why })));
    return { ...opened, notes: [`the record was damaged (${why}); it lies in ${join(folder, aside)}, and a new one was begun`] };
  }
}

/** Opens the file again after it failed; see `compareTail`. */
export function reopenLog(
  folder: string,
  known: { readonly head: Head; readonly logId: string },
  unsure: readonly NewEntry[],
): { readonly writer: LogWriter; readonly first: number | null } {
  const path = logPath(folder);
  const signer = readSigner(folder);
  if (!signer) throw new Error('record-key.pem is missing');
  const database = openForWriting(path);
  try {
    const log = nameOf(database);
    if (log.id !== known.logId || log.publicKey !== signer.publicKey)
      throw new Error('the file is another log than the one that was being written');
    const { tail, first } = compareTail(database, { head: known.head, log }, unsure);
    const sealed = sealedBy(tail.checkpoint ?? checkTail(database, log).checkpoint);
    return { writer: new LogWriter({ path, database, logId: log.id, signer, head: tail.head, ...sealed }), first };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether there is a file in which something was ever written: one that is empty was being made when the process ended. */
function isLog(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0 || existsSync(`${path}-wal`);
}

function begin(path: string, signer: Signer): OpenedLog {
  // SQLite gives what it makes beside the file the file's mode.
  closeSync(openSync(path, 'a', 0o600));
  const database = openForWriting(path);
  try {
    migrate(database, () => nameLog(database, signer));
    syncFolder(path);
    return opened(path, database, { signer, logId: nameOf(database).id, tail: null });
  } catch (error) {
    database.close();
    throw error;
  }
}

function nameLog(database: DatabaseSync, signer: Signer): void {
  const insert = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?)');
  insert.run('log', randomBytes(16).toString('hex'));
  insert.run('key', signer.publicKey);
}

function openExisting({
  path,
  signer,
  at,
}: {
  readonly path: string;
  readonly signer: Signer | null;
  readonly at: number;
}): OpenedLog | StartProblem {
  chmodSync(path, 0o600);
  const looked = look(path, signer);
  if ('problem' in looked) return looked;
  const database = openForWriting(path);
  try {
    migrate(database, () => nameLog(database, looked.signer));
    const result = opened(path, database, { signer: looked.signer, logId: nameOf(database).id, tail: looked.tail });
    interrupt(result, at);
    return result;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Reads without changing anything: closing a damaged file that is open for writing would already write to it. */
function look(path: string, signer: Signer | null): { readonly signer: Signer; readonly tail: Tail | null } | StartProblem {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const version = versionOf(database);
    if (version > formatVersion) return newerProblem(path, version);
    // The process ended while the first tables were made.
    if (version === 0) return signer ? { signer, tail: null } : keyProblem(path);
    const log = nameOf(database);
    return signer?.publicKey === log.publicKey ? { signer, tail: checkTail(database, log) } : keyProblem(path);
  } finally {
    database.close();
  }
}

function opened(
  path: string,
  database: DatabaseSync,
  { signer, logId, tail }: { readonly signer: Signer; readonly logId: string; readonly tail: Tail | null },
): OpenedLog {
  const found = tail ?? checkTail(database, { id: logId, publicKey: signer.publicKey });
  const { head, checkpoint } = found;
  return {
    writer: new LogWriter({ path, database, logId, signer, head, ...sealedBy(checkpoint) }),
    tail: found,
    notes: [],
  };
}

function sealedBy(checkpoint: Checkpoint | null): Pick<LogWriterParts, 'sealed' | 'sealedAt'> {
  return checkpoint === null ? { sealed: 0, sealedAt: null } : { sealed: checkpoint.through + 1, sealedAt: checkpoint.at };
}

/** Whoever was under way when the process ended got no whole answer. */
function interrupt({ writer, tail }: OpenedLog, at: number): void {
  const entries = tail.open.map(({ id, startSeq, columns }): NewEntry => {
    const text = JSON.stringify({ type: 'interrupted', at, id, why: 'restart' });
    return { kind: 'interrupted', text, columns: [...columns, ...interruptedColumns], startSeq };
  });
  if (entries.length > 0) writer.writeBatch(entries, { at, openFrom: writer.head.seq + 1 });
}

function nameOf(database: DatabaseSync): { readonly id: string; readonly publicKey: string } {
  const value = (name: string): string => {
    const found = database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'];
    if (typeof found !== 'string') throw new DamagedLog(`its ${name} is missing`);
    return found;
  };
  return { id: value('log'), publicKey: value('key') };
}

function newerProblem(path: string, version: number): StartProblem {
  return {
    problem: `${path} was written by a newer gatehouse (format ${version}; this one knows ${formatVersion})`,
    remedy: 'start that gatehouse, or name another folder with --data',
  };
}

function keyProblem(path: string): StartProblem {
  return {
    problem: `record-key.pem beside ${path} is missing or not the key of this record`,
    remedy: 'restore it from a copy, or move record.db and its -wal away to begin a new record',
  };
}

const sqliteDamage = [11, 26];

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedLog) return true;
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && typeof error.errcode === 'number' && sqliteDamage.includes(error.errcode % 256)) return true;
  return /no such (?:table|column)/.test(error.message);
}

/** Moves the file, and what belongs to it, to a name that nothing has yet. Returns the name. */
function putAside(path: string, at: number): string {
  const stamp = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let aside = `${path}.damaged-${stamp}`;
  for (let more = 2; existsSync(aside); more++) aside = `${path}.damaged-${stamp}-${more}`;
  // Its write-ahead log first: without the file it is nothing, and a new file must never find it.
  for (const suffix of ['-wal', '-shm', '']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  syncFolder(path);
  return aside.slice(dirname(path).length + 1);
}

/** Makes the folder's names durable. */
function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

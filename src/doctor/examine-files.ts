import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Finding } from './finding.ts';

const freeBytesMin = 1_000_000_000;

/**
 * The data folder: whose it is, who may look into it, and whether there is room, also for as much record as the policy wants (bytes; null
 * where it does not say). One that is not there yet is made at the first start.
 */
export function examineDataFolder(path: string, recordMaxBytes: number | null): readonly Finding[] {
  const room = diskFindings(path, recordMaxBytes);
  const found = lookAt(path);
  if (found === null) return room;
  if (!found.isDirectory())
    return [{ about: path, problem: 'the data folder is not a folder', remedy: 'move it away, or name another with --data' }];
  const names = namesIn(path);
  if (typeof names === 'string')
    return [{ about: path, problem: `the data folder cannot be read (${names})`, remedy: `run it as its owner, or: chmod 700 ${path}` }];
  const files = names.map((name) => join(path, name)).filter((file) => lookAt(file)?.isFile() === true);
  return [
    ...room,
    ...ownFindings(path, 'the data folder', 0o700),
    ...files.flatMap((file) => ownFindings(file, 'a file of the data folder', 0o600)),
  ];
}

/** The policy, which others must not write because it names what is run and where data goes; and the files of keys that it names. */
export function examinePolicyFiles(path: string, keyFiles: readonly string[]): readonly Finding[] {
  const keys = keyFiles.map((file) => (isAbsolute(file) ? file : resolve(dirname(path), file)));
  return [...writableFindings(path), ...keys.flatMap((file) => ownFindings(file, 'a server’s key', 0o600))];
}

function ownFindings(path: string, what: string, mode: number): readonly Finding[] {
  const found = lookAt(path);
  const user = process.getuid?.();
  if (found === null || user === undefined) return [];
  if (found.uid !== user && user !== 0)
    return [
      {
        about: path,
        problem: `${what} belongs to another user (id ${found.uid})`,
        remedy: `run it as that user, or: chown ${user} ${path}`,
      },
    ];
  if ((found.mode & 0o077) === 0) return [];
  const has = (found.mode & 0o777).toString(8);
  return [{ about: path, problem: `others may use ${what} (mode ${has})`, remedy: `chmod ${mode.toString(8)} ${path}` }];
}

function writableFindings(path: string): readonly Finding[] {
  const found = lookAt(path);
  if (found === null || (found.mode & 0o022) === 0) return [];
  const has = (found.mode & 0o777).toString(8);
  return [{ about: path, problem: `others may write the policy (mode ${has})`, remedy: `chmod go-w ${path}` }];
}

function diskFindings(path: string, recordMaxBytes: number | null): readonly Finding[] {
  const free = freeBytes(path);
  if (free === null) return [];
  const left = (recordMaxBytes ?? 0) - (lookAt(join(path, 'record.db'))?.size ?? 0);
  if (free >= freeBytesMin && left > free) {
    const problem = `the record may grow by ${gigabytes(left)}, and ${gigabytes(free)} are free where it is kept (${path})`;
    return [{ about: 'disk', problem, remedy: 'make record.max smaller, make room, or name a folder on another disk with --data' }];
  }
  if (free >= freeBytesMin) return [];
  const problem = `${Math.floor(free / 1e6)} MB are free where the record is kept (${path}); without room requests are refused`;
  return [{ about: 'disk', problem, remedy: 'make room, or name a folder on another disk with --data' }];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Free bytes where the path is or would be made. */
function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return dirname(path) === path ? null : freeBytes(dirname(path));
  }
}

function lookAt(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function namesIn(path: string): readonly string[] | string {
  try {
    return readdirSync(path);
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}

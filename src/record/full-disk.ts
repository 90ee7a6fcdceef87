import { statfsSync } from 'node:fs';

/** With less than this free a disk counts as full: what SQLite puts beside a file before anything is written needs some of it. */
const roomMin = 1_000_000;
const sqliteFull = 13;
const sqliteIo = 10;

/** Whether something failed because the disk of a folder is full, which passes without anybody touching the folder. */
export function isFullDisk(error: unknown, folder: string): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true;
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode % 256 : 0;
  return code === sqliteFull || (code === sqliteIo && roomOf(folder) < roomMin);
}

/** Bytes that are free on the disk of a folder, for who is not root. */
function roomOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

import type { DatabaseSync } from 'node:sqlite';
import type { Intent } from '#core/record/record.ts';
import { firstHash, nextHash } from './chain.ts';
import type { Head } from './chain.ts';
import { checkpointOf, isGenuine } from './checkpoint.ts';
import type { Checkpoint, LogName } from './checkpoint.ts';
import { DamagedLog, entryOf, logRows } from './log-rows.ts';
import type { LogRow } from './log-rows.ts';
import { startColumns } from './projection.ts';
import type { ColumnValue } from './projection.ts';
import type { NewEntry } from './writer-messages.ts';

/** A call that has a start and no end. */
export interface OpenCall {
  readonly id: string;
  readonly startSeq: number;
  /** What its start gives to its row. */
  readonly columns: readonly ColumnValue[];
}

/** What the end of a log says of it. */
export interface Tail {
  readonly head: { readonly seq: number; readonly hash: Uint8Array };
  readonly checkpoint: Checkpoint | null;
  readonly open: readonly OpenCall[];
}

/** How far from the end the last checkpoint is looked for at a time. */
const step = 1_024;

/**
 * Checks the log from its last checkpoint to its end, and finds the calls that are open. Throws `DamagedLog` if the entries are not
 * chained, have a gap, or the checkpoint is not signed by the log's key.
 */
export function checkTail(database: DatabaseSync, log: LogName): Tail {
  const last = lastCheckpoint(database);
  const from = last?.openFrom ?? 0;
  const [before] = [...logRows(database, Math.max(0, from - 1), Math.max(0, from - 1))];
  let head = before ?? { seq: 0, hash: firstHash(log.id) };
  // What was pruned in front is vouched for by the checkpoint behind it.
  let anchored = before !== undefined || from <= 1;
  const open = new Map<string, OpenCall>();
  for (const row of logRows(database, Math.max(1, from))) {
    if (anchored) checkLink(head, row);
    anchored = true;
    head = row;
    if (row.seq === last?.through && Buffer.from(row.hash).toString('hex') !== last.head)
      throw new DamagedLog(`the checkpoint through entry ${row.seq} names another hash`);
    follow(open, row);
  }
  if (last && (head.seq <= last.through || !isGenuine(last, log)))
    throw new DamagedLog(`the checkpoint through entry ${last.through} is not signed by the log’s key`);
  return { head: { seq: head.seq, hash: head.hash }, checkpoint: last, open: [...open.values()] };
}

/** Throws `DamagedLog` unless the row stands right behind the one before. */
function checkLink(before: { readonly seq: number; readonly hash: Uint8Array }, row: LogRow): void {
  if (row.seq !== before.seq + 1) throw new DamagedLog(`entry ${before.seq + 1} is missing`);
  if (!nextHash(before.hash, row.bytes).equals(row.hash)) throw new DamagedLog(`the hash of entry ${row.seq} is not that of the chain`);
}

function lastCheckpoint(database: DatabaseSync): ReturnType<typeof checkpointOf> {
  const newest = Number(database.prepare('SELECT max(seq) AS seq FROM log').get()?.['seq'] ?? 0);
  for (let to = newest; to > 0; to -= step) {
    const rows = [...logRows(database, to - step + 1, to)];
    for (const row of rows.toReversed()) {
      if (!Buffer.from(row.bytes.buffer, row.bytes.byteOffset, Math.min(64, row.bytes.length)).includes('"type":"checkpoint"')) continue;
      const found = checkpointOf(entryOf(row));
      if (found) return found;
    }
  }
  return null;
}

function follow(open: Map<string, OpenCall>, row: LogRow): void {
  const entry = entryOf(row);
  const { id, type } = entry;
  if (typeof id !== 'string') return;
  if (type === 'start') open.set(id, { id, startSeq: row.seq, columns: startColumns(intentOf(row)) });
  if (type === 'terminal' || type === 'interrupted') open.delete(id);
}

function intentOf(row: LogRow): Intent {
  const intent: Intent = JSON.parse(Buffer.from(row.bytes).toString('utf8'));
  return intent;
}

/**
 * Compares a file that was opened again with what was known of it. Returns where the batch of which nothing was heard begins, null if
 * it is not there. Throws if the file is not the one that was being written: nothing may be appended to it.
 */
export function compareTail(
  database: DatabaseSync,
  known: { readonly head: Head; readonly log: LogName },
  unsure: readonly NewEntry[],
): { readonly tail: Pick<Tail, 'head' | 'checkpoint'>; readonly first: number | null } {
  const { head: before, log } = known;
  let head: { readonly seq: number; readonly hash: Uint8Array } | null = before.seq === 0 ? { seq: 0, hash: firstHash(log.id) } : null;
  let checkpoint: Checkpoint | null = null;
  let first: number | null = null;
  let met = 0;
  for (const row of logRows(database, Math.max(1, before.seq))) {
    if (row.seq === before.seq) {
      if (Buffer.from(row.hash).toString('hex') !== before.hash) throw strange(before.seq);
      head = row;
      continue;
    }
    if (head === null) break;
    checkLink(head, row);
    head = row;
    const entry = unsure[met];
    if (entry && isSpelt(entry, row)) {
      first ??= row.seq;
      met++;
      continue;
    }
    // Checkpoints and what was pruned or erased are the writer's own work.
    const own = entryOf(row);
    const found = checkpointOf(own);
    if (found ? !isGenuine(found, log) : own['type'] !== 'prune' && own['type'] !== 'erase') throw strange(row.seq);
    if (found) checkpoint = found;
  }
  if (head === null || (met > 0 && met < unsure.length)) throw strange(before.seq);
  return { tail: { head: { seq: head.seq, hash: head.hash }, checkpoint }, first };
}

function isSpelt(entry: NewEntry, row: LogRow): boolean {
  const expected = `{"seq":${row.seq},${entry.text.slice(1, -1)}`;
  return Buffer.from(row.bytes).toString('utf8').startsWith(expected);
}

function strange(seq: number): Error {
  return new Error(`the file is not the log that was being written: entry ${seq} differs`);
}

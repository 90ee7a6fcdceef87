import type { DatabaseSync } from 'node:sqlite';
import type { Intent, Terminal } from '#core/record/record.ts';
import type { BodyRef } from '#record/bodies-format.ts';
import { bodyRefOf } from '#record/retained-entry.ts';
import { readCallBodies } from '#record/read-bodies.ts';
import type { CallBodies } from '#record/read-bodies.ts';
import { numberIn, recordRow, textIn } from './record-row.ts';
import type { RecordRow } from './record-row.ts';

/** What somebody thinks of a call. */
export interface Score {
  readonly at: number;
  readonly name: string;
  /** One of the two is null. */
  readonly value: number | null;
  readonly label: string | null;
  readonly source: string | null;
  readonly comment: string | null;
}

/** All that the record holds of one call. */
export interface CallStory {
  readonly row: RecordRow;
  readonly intent: Intent;
  /** Null for a call that was interrupted. */
  readonly terminal: Terminal | null;
  readonly scores: readonly Score[];
  readonly bodies: CallBodies;
}

/** Reads one call by its id, or by its beginning where only one begins so; null if there is none. */
export function readCall(database: DatabaseSync, id: string): CallStory | null {
  const row = callNamed(database, id);
  return row === null ? null : storyOf(database, row);
}

/** The call with that id, or whose id alone begins so; null if there is none. Nothing that was said is read. */
export function callNamed(database: DatabaseSync, id: string): RecordRow | null {
  const found = database.prepare('SELECT * FROM records WHERE id >= ? AND id < ? LIMIT 2').all(id, `${id}\u{10ffff}`);
  const [first, second] = found;
  if (!first || (second && first['id'] !== id)) return null;
  return recordRow(first);
}

/**
 * A call of a list with all that is known of it; null if its start is gone. A request is put together from all its messages: whoever goes
 * through many calls and needs only what was replied says so.
 */
export function storyOf(database: DatabaseSync, row: RecordRow, only: 'all' | 'reply' = 'all'): CallStory | null {
  const start = entryAt<Intent>(database, row.startSeq);
  const end = entryAt<Terminal>(database, row.seq);
  if (start?.type !== 'start') return null;
  const terminal = end?.type === 'terminal' ? end : null;
  return {
    row,
    intent: start.content,
    terminal: terminal?.content ?? null,
    scores: scoresOf(database, row.id),
    bodies: readCallBodies(database, { id: row.id, body: only === 'all' ? start.body : null, reply: terminal?.body ?? null }),
  };
}

/** An entry without what the log puts round its content. */
interface Entry<Content> {
  readonly type: string;
  readonly content: Content;
  readonly body: BodyRef | null;
}

function entryAt<Content>(database: DatabaseSync, seq: number): Entry<Content> | null {
  const bytes = database.prepare('SELECT bytes FROM log WHERE seq = ?').get(seq)?.['bytes'];
  if (!(bytes instanceof Uint8Array)) return null;
  const entry: Content & EntryHead = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const { type = '', body, reply } = entry;
  // What is left of an entry of a call is what was put into it.
  delete entry.seq;
  delete entry.type;
  delete entry.body;
  delete entry.reply;
  return { type, content: entry, body: bodyRefOf(type === 'start' ? body : reply) };
}

interface EntryHead {
  seq?: number;
  type?: string;
  body?: unknown;
  reply?: unknown;
}

function scoresOf(database: DatabaseSync, id: string): readonly Score[] {
  return database
    .prepare('SELECT at, name, value, label, source, comment FROM scores WHERE id = ? ORDER BY seq')
    .all(id)
    .map((row) => ({
      at: numberIn(row, 'at') ?? 0,
      name: textIn(row, 'name') ?? '',
      value: numberIn(row, 'value'),
      label: textIn(row, 'label'),
      source: textIn(row, 'source'),
      comment: textIn(row, 'comment'),
    }));
}

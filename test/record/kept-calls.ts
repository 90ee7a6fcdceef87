import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';

import type { Intent } from '#core/record/record.ts';
import type { BodyRef } from '#record/bodies-format.ts';
import { bodyKeeper } from '#record/bodies-keeper.ts';
import { bodiesSecret } from '#record/bodies-secret.ts';
import { Bodies } from '#record/bodies.ts';
import type { LogWriter } from '#record/log-writer.ts';
import { openLog } from '#record/open-log.ts';
import { startColumns } from '#record/projection.ts';
import { readCallBodies } from '#record/read-bodies.ts';
import type { CallBodies } from '#record/read-bodies.ts';
import { bodyRefOf } from '#record/retained-entry.ts';
import { startEntry, terminalEntry } from '#record/spell-entry.ts';
import type { NewEntry } from '#record/writer-messages.ts';
import { isStartProblem } from '#store/ports.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';

/** A call as the record sees it. */
export interface KeptCall {
  readonly id: string;
  readonly at: number;
  readonly request: string;
  readonly reply: string;
  readonly principal?: string;
}

/** A log in a folder of its own, with its bodies, written by this thread. */
export interface KeptCalls {
  readonly folder: string;
  readonly writer: LogWriter;
  readonly bodies: Bodies;
  /** Writes the start of a call; what it returns writes its end. */
  begin(call: KeptCall): () => void;
  /** Writes whole calls. */
  keep(...calls: readonly KeptCall[]): void;
  /** Signs for all there is; `openFrom`: no open call began before it. */
  checkpoint(at: number, openFrom?: number): void;
  read(id: string): CallBodies;
  /** Opens the folder anew, as after a crash: nothing is closed before. */
  reopen(at?: number): KeptCalls;
}

/** The same in a data folder that is there. */
export function openKeptCallsIn(folder: string): KeptCalls {
  return openIn(folder, 0);
}

export function openKeptCalls(t: TestContext): KeptCalls {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return openIn(folder, 0);
}

function openIn(folder: string, at: number): KeptCalls {
  const opened = openLog(folder, at);
  if (isStartProblem(opened)) throw new Error(opened.problem);
  const { writer } = opened;
  const secret = bodiesSecret(folder, (bytes) => randomBytes(bytes));
  const bodies = new Bodies(writer.database, { secret, random: (bytes) => randomBytes(bytes) });
  writer.useKeeper(bodyKeeper(bodies));
  const write = (entries: readonly NewEntry[], openFrom = writer.head.seq + 1): number =>
    writer.writeBatch(entries, { at, openFrom }).first;
  return {
    folder,
    writer,
    bodies,
    begin: (call) => {
      const startSeq = write([startOf(call)]);
      return () => void write([endOf(call, startSeq)]);
    },
    keep: (...calls) => {
      const entries = calls.flatMap((call, index) => [startOf(call), endOf(call, -1 - 2 * index)]);
      write(entries, writer.head.seq + entries.length + 1);
    },
    checkpoint: (when, openFrom) => void writer.writeCheckpoint(when, openFrom ?? writer.head.seq + 1),
    read: (id) => readKept(writer.database, id),
    reopen: (when = at) => openIn(folder, when),
  };
}

function said(text: string): { readonly capture: 'full'; readonly bytes: Uint8Array } {
  return { capture: 'full', bytes: Buffer.from(text) };
}

function intentOf({ id, at, principal }: KeptCall): Intent {
  return intentWith({ id, at, ...(principal === undefined ? {} : { principal }) });
}

function startOf(call: KeptCall): NewEntry {
  return startEntry({ op: 'start', intent: intentOf(call), said: said(call.request) });
}

function endOf(call: KeptCall, startSeq: number): NewEntry {
  const terminal = terminalWith({ id: call.id, at: call.at });
  return terminalEntry({ op: 'terminal', terminal, said: said(call.reply) }, { columns: startColumns(intentOf(call)), startSeq });
}

/** What is kept of what was said in a call that ended. */
export function readKept(database: DatabaseSync, id: string): CallBodies {
  return readCallBodies(database, { id, ...refsOf(database, id) });
}

function refsOf(database: DatabaseSync, id: string): { readonly body: BodyRef | null; readonly reply: BodyRef | null } {
  const row = database.prepare('SELECT start_seq, seq FROM records WHERE id = ?').get(id);
  const entry = (seq: unknown): Readonly<Record<string, unknown>> => {
    const bytes = database.prepare('SELECT bytes FROM log WHERE seq = ?').get(Number(seq))?.['bytes'];
    return bytes instanceof Uint8Array ? { ...JSON.parse(Buffer.from(bytes).toString('utf8')) } : {};
  };
  return { body: bodyRefOf(entry(row?.['start_seq'])['body']), reply: bodyRefOf(entry(row?.['seq'])['reply']) };
}

/** How many rows a table has. */
export function rowsIn(database: DatabaseSync, table: 'log' | 'records' | 'scores' | 'bodies' | 'nodes' | 'erased'): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
}

/** Whether the bytes stand anywhere in the files of the log. */
export function standsInFiles(folder: string, text: string | Uint8Array): boolean {
  return readdirSync(folder)
    .filter((name) => name.startsWith('record.db'))
    .some((name) => readFileSync(join(folder, name)).includes(Buffer.from(text)));
}

/** A request of a chat with these messages. */
export function chatRequest(...messages: readonly string[]): string {
  return JSON.stringify({ model: 'auto', messages: messages.map((content) => ({ role: 'user', content })) });
}

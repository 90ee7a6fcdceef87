import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '#compose/system-clock.ts';
import type { LogStore, StoreClock } from '#record/log-store.ts';
import { openLogStore } from '#record/open-log-store.ts';
import { linkToWriter } from '#record/writer-link.ts';
import type { WriterSettings } from '#record/writer-messages.ts';
import { RecordUnavailable, isStartProblem } from '#store/ports.ts';
import type { StartProblem, StoreOp } from '#store/ports.ts';

/** A data folder for one test. */
export function recordFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a test sees of a record that it opened. */
export interface RecordStage {
  readonly store: LogStore;
  readonly notes: readonly string[];
  /** Ends the thread that writes, as if it had crashed. */
  readonly killWriter: () => void;
  /** Resolves once a note was told that holds this text; also of what was told before. */
  readonly untilNote: (text: string) => Promise<void>;
}

export interface StageOptions {
  readonly settings?: Partial<WriterSettings>;
  readonly clock?: StoreClock;
}

/** Opens the record of a folder as a house does. */
export async function stageRecord(
  t: TestContext,
  folder: string,
  { settings = {}, clock = systemClock }: StageOptions = {},
): Promise<RecordStage> {
  const notes: string[] = [];
  const wakes = new Set<() => void>();
  const tell = (note: string): void => {
    notes.push(note);
    for (const wake of wakes) wake();
  };
  let kill = (): void => {};
  const store = await openLogStore({
    folder,
    clock,
    tell,
    settings: { ...plainSettings, ...settings },
    link: (start, hear) => {
      const link = linkToWriter(start, hear);
      kill = () => link.end();
      return link;
    },
  });
  assert.ok(!isStartProblem(store), JSON.stringify(store));
  t.after(() => store.close());
  const untilNote = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!notes.some((note) => note.includes(text))) return;
        wakes.delete(look);
        resolve();
      };
      wakes.add(look);
      look();
    });
  return { store, notes, untilNote, killWriter: () => kill() };
}

const plainSettings: WriterSettings = { checkpoints: null, files: false, keep: { ageMs: 1e12, bytes: 1e12 } };

/** The same for tests that only write. */
export async function openRecord(folder: string): Promise<LogStore> {
  const store = await openLogStore({ folder, clock: systemClock, tell: () => {}, settings: plainSettings });
  assert.ok(!isStartProblem(store), JSON.stringify(store));
  return store;
}

/** Why the record of a folder does not open. */
export async function problemWith(folder: string): Promise<StartProblem> {
  const store = await openLogStore({ folder, clock: systemClock, tell: () => {}, settings: plainSettings });
  assert.ok(isStartProblem(store), 'it opened');
  return store;
}

/** A note of the operator. */
export const noted = (subject: string): StoreOp => ({ op: 'operator', at: 0, action: 'note', subject });

/** Whether a commit was refused for want of a record. */
export async function refused(commit: Promise<void>): Promise<boolean> {
  try {
    await commit;
    return false;
  } catch (error) {
    assert.ok(error instanceof RecordUnavailable, String(error));
    return true;
  }
}

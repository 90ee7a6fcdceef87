import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Control } from '#control/control.ts';
import { answerQuestion } from '#record/asking/answer-question.ts';
import { openForAsking } from '#record/asking/record-reader.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { openRecord } from '#test/record/record-stage.ts';

/** Answers from a real record that holds one call, `r1` of the session `s1`; it is made when the first question comes. */
export function recordOfOneCall(t: TestContext): Control['askRecord'] {
  let folder: string | null = null;
  const made = async (): Promise<string> => {
    if (folder !== null) return folder;
    const path = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
    folder = path;
    t.after(() => rmSync(path, { recursive: true, force: true }));
    const store = await openRecord(path);
    await store.commit([
      { op: 'start', intent: intentWith({ id: 'r1', session: 's1' }) },
      { op: 'terminal', terminal: terminalWith({ id: 'r1' }) },
    ]);
    await store.close();
    return path;
  };
  return async (question) => {
    const database = openForAsking(await made());
    try {
      return answerQuestion(database, question) as never;
    } finally {
      database.close();
    }
  };
}

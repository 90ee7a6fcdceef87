/** Retention and erasing in the thread that writes, while calls are written. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { verifyRecord } from '#audit/verify-record.ts';
import { eraseThrough } from '#record/erase-command.ts';
import type { LogStore, StoreClock } from '#record/log-store.ts';
import { systemClock } from '#compose/system-clock.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import type { Said } from '#store/ports.ts';
import { chatRequest, readKept } from './kept-calls.ts';
import { recordFolder, stageRecord } from './record-stage.ts';

/** A clock whose wall goes on by half a minute with every look, so that nothing rests for long. */
function hastyClock(): StoreClock {
  let at = 1_000_000;
  return { wallNow: () => (at += 30_000), after: (delayMs, what) => systemClock.after(delayMs, what) };
}

function said(text: string): Said {
  return { capture: 'full', bytes: Buffer.from(text) };
}

const policy = '{}';
const policyHash = createHash('sha256').update(policy).digest('hex');

async function call(store: LogStore, n: number): Promise<void> {
  const id = `r${n}`;
  // What nobody can compress, so that the file grows.
  const own = Array.from({ length: 300 }, (_, k) => ((n * 7919 + k * 104_729) % 1_000_003).toString(36)).join('');
  await store.commit([{ op: 'start', intent: intentWith({ id, at: n, policyHash }), said: said(chatRequest('shared by all', own)) }]);
  await store.commit([{ op: 'terminal', terminal: terminalWith({ id, at: n }), said: said(`reply ${n}`) }]);
}

async function manyCalls(store: LogStore, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  if (from === 0) await store.commit([{ op: 'policy', at: 0, hash: policyHash, json: policy }]);
  let next = from;
  const caller = async (): Promise<void> => {
    while (next < to) await call(store, next++);
  };
  await Promise.all(Array.from({ length: 40 }, caller));
}

function assertVerifies(folder: string): void {
  const report = verifyRecord(join(folder, 'record.db'), { key: null, checkpoints: null });
  assert.deepEqual(report.findings, []);
  assert.ok(report.ok);
}

test('a file that has no room for all calls keeps the last ones, refuses none, and verifies', async (t) => {
  const folder = recordFolder(t);
  const bytes = 5_000_000;
  const { store } = await stageRecord(t, folder, { settings: { keep: { ageMs: null, bytes } }, clock: hastyClock() });
  await manyCalls(store, { from: 0, to: 3_000 });
  await store.close();
  assertVerifies(folder);
  const database = new DatabaseSync(join(folder, 'record.db'), { readOnly: true });
  t.after(() => database.close());
  const rows = Number(database.prepare('SELECT count(*) AS n FROM records').get()?.['n']);
  assert.ok(rows > 100 && rows < 2_500, `${rows} calls are left`);
  const last = readKept(database, 'r2999').reply;
  assert.ok(last.state === 'kept' && Buffer.from(last.bytes).toString() === 'reply 2999');
  const orphans = database.prepare('SELECT count(*) AS n FROM bodies WHERE hash NOT IN (SELECT body FROM nodes)').get()?.['n'];
  // One frame, and the replies of the calls whose ends are there.
  assert.ok(Number(orphans) <= rows + 200, `${String(orphans)} texts for ${rows} calls`);
  assert.ok(statSync(join(folder, 'record.db')).size < 2 * bytes);
});

test('erasing and calls take turns: no call is refused, the chain holds, and what was erased is gone', async (t) => {
  const folder = recordFolder(t);
  const { store } = await stageRecord(t, folder);
  await manyCalls(store, { from: 0, to: 400 });
  const calls = manyCalls(store, { from: 400, to: 700 });
  const erased = await eraseThrough((name, what) => store.ask(name, what), { ask: { before: 300 }, by: 'operator', now: () => 1 });
  await calls;
  assert.equal(erased.records, 300);
  await store.close();
  assertVerifies(folder);
  const database = new DatabaseSync(join(folder, 'record.db'), { readOnly: true });
  t.after(() => database.close());
  assert.equal(readKept(database, 'r299').request.state, 'erased');
  assert.equal(readKept(database, 'r300').request.state, 'kept');
  assert.equal(Number(database.prepare('SELECT count(*) AS n FROM records').get()?.['n']), 700);
});

/** Values that a caller or a machine may choose and a table cannot hold as they are: the record stays whole, and the audit has nothing to say. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { verifyRecord } from '#audit/verify-record.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import { openRecord, recordFolder } from './record-stage.ts';

const half = 'x\uD800y';

test('half a surrogate pair, a zero and numbers beyond what is exact', async (t) => {
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  const record = recordSinkOf(store);
  const json = '{}';
  const policyHash = createHash('sha256').update(json).digest('hex');
  await store.commit([{ op: 'policy', at: 1, hash: policyHash, json }]);
  const plain = intentWith();
  const facts = plain.facts === null ? null : { ...plain.facts, model: half, session: half };
  await record.begin(intentWith({ id: 'odd', facts, session: half, task: 'a\u0000b', policyHash }));
  const usage = { input: 1e15, output: 2 ** 60, cachedInput: null, reasoning: null };
  await record.end(terminalWith({ id: 'odd', costNano: 1e17, energyMws: 1e300, compareNano: 1.5, usage, durationMs: 1e19 }));
  const score = { op: 'score', at: 5, id: 'odd', name: half, value: 1e300, label: null, source: half, comment: half } as const;
  await store.commit([score]);
  await store.close();
  const report = verifyRecord(join(folder, 'record.db'), { key: null, checkpoints: null });
  assert.deepEqual(report.findings, []);
  const database = new DatabaseSync(join(folder, 'record.db'), { readOnly: true });
  t.after(() => database.close());
  const row = database.prepare('SELECT id, model FROM records WHERE task = ?').get('a\u0000b');
  assert.deepEqual([row?.['id'], row?.['model']], ['odd', 'x\uFFFDy']);
});

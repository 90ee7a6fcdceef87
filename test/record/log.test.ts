import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForAsking } from '#record/asking/record-reader.ts';
import { RecordUnavailable } from '#store/ports.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import { noted, openRecord, recordFolder, stageRecord } from './record-stage.ts';
import { verifyRecord } from './verify-record.ts';

test('a call is a start and a terminal, chained, and one row', async (t) => {
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  const record = recordSinkOf(store);
  await record.begin(intentWith({ id: 'r7', task: 'tests — ü' }));
  await record.end(terminalWith({ id: 'r7', servedBy: 'spark/a/b', message: 'ünïcode 🚪', durationMs: 12.6 }));
  await store.commit([{ op: 'operator', at: 9, action: 'drain', subject: 'spark' }]);
  await store.close();
  const { entries, records } = verifyRecord(folder);
  assert.deepEqual(
    entries.map(({ type }) => type),
    ['start', 'terminal', 'admin', 'checkpoint'],
  );
  assert.deepEqual(entries[0], { seq: 1, type: 'start', ...intentWith({ id: 'r7', task: 'tests — ü' }), body: null });
  assert.deepEqual(entries[1], {
    seq: 2,
    type: 'terminal',
    ...terminalWith({ id: 'r7', servedBy: 'spark/a/b', message: 'ünïcode 🚪', durationMs: 12.6 }),
    reply: null,
  });
  const [row, ...more] = records;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row?.['seq'], row?.['start_seq'], row?.['id'], row?.['upstream'], row?.['duration_ms'], row?.['stream']],
    [2, 1, 'r7', 'spark', 13, 0],
  );
  assert.equal(statSync(join(folder, 'record.db')).mode & 0o777, 0o600);
});

test('commits of one turn go together and are told in their order; each is durable when it resolves', async (t) => {
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  const told: number[] = [];
  await Promise.all(
    Array.from({ length: 500 }, (_, at) =>
      store.commit([{ op: 'operator', at, action: 'note', subject: String(at) }]).then(() => told.push(at)),
    ),
  );
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    verifyRecord(folder).entries.map(({ at }) => at),
    told,
    'read while it is open',
  );
  await store.close();
  await assert.rejects(store.commit([]), RecordUnavailable);
});

test('the write-ahead log that grew while somebody read for long is cut when they are done', async (t) => {
  const folder = recordFolder(t);
  const { store } = await stageRecord(t, folder);
  await store.commit([noted('first')]);
  const reader = openForAsking(folder);
  t.after(() => reader.isOpen && reader.close());
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM log').get();
  for (let at = 0; at < 12; at++) await store.commit([noted('x'.repeat(2_000_000))]);
  const sizeNow = (): number => statSync(join(folder, 'record.db-wal')).size;
  assert.ok(sizeNow() > 20_000_000);
  reader.close();
  for (let at = 0; at < 3; at++) await store.commit([noted('after')]);
  assert.ok(sizeNow() < 20_000_000, `${sizeNow()} bytes`);
  await store.close();
});

test('a process that was killed while it made the key leaves nothing that the next one stumbles over', async (t) => {
  const folder = recordFolder(t);
  writeFileSync(join(folder, 'record-key.pem.new'), '');
  const { store } = await stageRecord(t, folder);
  await store.commit([noted('served')]);
  await store.close();
  assert.deepEqual(
    ['record-key.pem', 'record-secret'].map((name) => statSync(join(folder, name)).mode & 0o777),
    [0o600, 0o600],
  );
  assert.ok(!existsSync(join(folder, 'record-key.pem.new')));
});

test('a start without an end is interrupted at the next start', async (t) => {
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  await recordSinkOf(store).begin(intentWith({ id: 'r1' }));
  await store.close();
  const again = await openRecord(folder);
  await again.close();
  const { entries, records } = verifyRecord(folder);
  assert.deepEqual(
    entries.map(({ type, id }) => [type, id]),
    [
      ['start', 'r1'],
      ['checkpoint', undefined],
      ['interrupted', 'r1'],
      ['checkpoint', undefined],
    ],
  );
  assert.deepEqual([records[0]?.['result'], records[0]?.['principal'], records[0]?.['status']], ['interrupted', 'k_one', null]);
});

import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { RecordUnavailable, isStartProblem } from '#store/ports.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import type { LogStore } from './log-store.ts';
import { openLogStore } from './open-log-store.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
after(() => rmSync(root, { recursive: true }));
const newFolder = (): string => mkdtempSync(join(root, 'f-'));
const plain = { checkpoints: null, files: false, keep: { ageMs: null, bytes: null } };

async function open(folder: string, notes: string[] = []): Promise<LogStore> {
  const clock = {
    wallNow: () => Date.now(),
    after: (delayMs: number, what: () => void) =>
      (
        (timer) => () =>
          clearTimeout(timer)
      )(setTimeout(what, delayMs)),
  };
  const store = await openLogStore({ folder, clock, settings: plain, tell: (note) => void notes.push(note) });
  assert.ok(!isStartProblem(store), JSON.stringify(store));
  return store;
}

interface Entry {
  readonly seq: number;
  readonly type: string;
  readonly [name: string]: unknown;
}

/** Reads and verifies a log as docs/record-format.md says, sharing nothing with the writer. */
function read(folder: string): { readonly entries: readonly Entry[]; readonly records: readonly Record<string, unknown>[] } {
  const database = new DatabaseSync(join(folder, 'record.db'), { readOnly: true });
  const meta = new Map(
    database
      .prepare('SELECT name, value FROM meta')
      .all()
      .map(({ name, value }) => [name, String(value)]),
  );
  const id = meta.get('log') ?? '';
  assert.match(id, /^[0-9a-f]{32}$/);
  const key = createPublicKey({ key: Buffer.from(meta.get('key') ?? '', 'base64'), format: 'der', type: 'spki' });
  let hash = createHash('sha256').update(`gatehouse log 1\n${id}`).digest();
  const hashes = [hash.toString('hex')];
  const entries: Entry[] = [];
  for (const row of database.prepare('SELECT seq, hash, bytes FROM log ORDER BY seq').all()) {
    const bytes = Buffer.from(row['bytes'] as Uint8Array);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash = createHash('sha256').update(hash).update(length).update(bytes).digest();
    assert.equal(Buffer.from(row['hash'] as Uint8Array).toString('hex'), hash.toString('hex'), `hash of ${String(row['seq'])}`);
    const entry = JSON.parse(bytes.toString('utf8')) as Entry;
    assert.deepEqual(Object.keys(entry).slice(0, 3), ['seq', 'type', 'at']);
    assert.equal(entry.seq, row['seq']);
    assert.equal(entry.seq, hashes.length);
    hashes.push(hash.toString('hex'));
    entries.push(entry);
    if (entry.type !== 'checkpoint') continue;
    const { through, head, at, signature } = entry;
    assert.equal(through, entry.seq - 1);
    assert.equal(head, hashes[entry.seq - 1]);
    const text = `gatehouse checkpoint 1\n${id}\n${String(through)}\n${String(head)}\n${String(at)}\n`;
    assert.ok(verify(null, Buffer.from(text), key, Buffer.from(String(signature), 'base64')));
  }
  const records = database.prepare('SELECT * FROM records ORDER BY seq').all();
  database.close();
  return { entries, records };
}

test('a call is a start and a terminal, chained, and one row', async () => {
  const folder = newFolder();
  const store = await open(folder);
  const record = recordSinkOf(store);
  await record.begin(intentWith({ id: 'r7', task: 'tests — ü' }));
  await record.end(terminalWith({ id: 'r7', servedBy: 'spark/a/b', message: 'ünïcode 🚪', durationMs: 12.6 }));
  await store.commit([{ op: 'operator', at: 9, action: 'drain', subject: 'spark' }]);
  await store.close();
  const { entries, records } = read(folder);
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

test('commits of one turn go together and are told in their order; each is durable when it resolves', async () => {
  const folder = newFolder();
  const store = await open(folder);
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
    read(folder).entries.map(({ at }) => at),
    told,
    'read while it is open',
  );
  await store.close();
  await assert.rejects(store.commit([]), RecordUnavailable);
});

test('a start without an end is interrupted at the next start', async () => {
  const folder = newFolder();
  const store = await open(folder);
  await recordSinkOf(store).begin(intentWith({ id: 'r1' }));
  await store.close();
  const again = await open(folder);
  await again.close();
  const { entries, records } = read(folder);
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

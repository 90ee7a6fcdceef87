/** A record that cannot be written: closed as long as that lasts, then back by itself, with nothing lost that was promised. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '#compose/system-clock.ts';
import { AskingThread } from '#record/asking/asking-thread.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import { noted, openRecord, problemWith, recordFolder, refused, stageRecord } from './record-stage.ts';
import { verifyRecord } from './verify-record.ts';

const bytesOf = (folder: string, name: string): string => readFileSync(join(folder, name)).toString('latin1');

test('a write-ahead log that was removed: closed, then whole again, and the call that fell into it interrupted', async (t) => {
  const folder = recordFolder(t);
  const { store, untilNote } = await stageRecord(t, folder);
  const record = recordSinkOf(store);
  await record.begin(intentWith({ id: 'whole' }));
  await record.end(terminalWith({ id: 'whole' }));
  await record.begin(intentWith({ id: 'running' }));
  await record.begin(intentWith({ id: 'ends-later' }));
  rmSync(join(folder, 'record.db-wal'));
  assert.ok(await refused(record.end(terminalWith({ id: 'running' }))));
  assert.equal(store.writable(), false);
  assert.ok(await refused(record.begin(intentWith({ id: 'refused' }))));
  await untilNote('again');
  assert.equal(store.writable(), true);
  await record.end(terminalWith({ id: 'ends-later' }));
  await store.close();
  const { entries, records } = verifyRecord(folder);
  const ends = new Map(records.map(({ id, result }) => [id, result]));
  assert.deepEqual(
    [ends.get('whole'), ends.get('running'), ends.get('ends-later'), ends.get('refused')],
    ['ok', 'interrupted', 'ok', undefined],
  );
  const outage = entries.find(({ type, action }) => type === 'admin' && action === 'unavailable');
  assert.ok(outage && Number(outage['from']) <= Number(outage['until']));
  assert.equal(outage['refused'], 2);
  assert.equal(entries.find(({ type }) => type === 'interrupted')?.['why'], 'record_unavailable');
});

test('what SQLite keeps beside the file was removed while the record was asked: whole again, and asked again', async (t) => {
  const folder = recordFolder(t);
  const { store, untilNote } = await stageRecord(t, folder);
  const asking = new AskingThread(folder);
  t.after(() => asking.close());
  const record = recordSinkOf(store);
  await record.begin(intentWith({ id: 'before' }));
  await record.end(terminalWith({ id: 'before' }));
  assert.ok(await asking.ask({ ask: 'call', id: 'before' }));
  for (const suffix of ['-wal', '-shm']) rmSync(join(folder, `record.db${suffix}`));
  assert.ok(await refused(record.begin(intentWith({ id: 'refused' }))));
  await untilNote('again');
  await record.begin(intentWith({ id: 'after' }));
  await record.end(terminalWith({ id: 'after' }));
  for (const id of ['before', 'after']) assert.equal((await asking.ask({ ask: 'call', id }))?.row.result, 'ok');
});

test('a file that was replaced is not written to; the right one back in its place is', async (t) => {
  const folder = recordFolder(t);
  const path = join(folder, 'record.db');
  const first = await openRecord(folder);
  await first.commit([noted('old')]);
  await first.close();
  copyFileSync(path, `${path}-old`);
  const retries: number[] = [];
  const clock = {
    wallNow: () => systemClock.wallNow(),
    after: (delayMs: number, what: () => void) =>
      systemClock.after(Math.min(delayMs, 50), () => {
        retries.push(delayMs);
        what();
      }),
  };
  const { store, notes, untilNote } = await stageRecord(t, folder, { clock });
  await store.commit([noted('new')]);
  renameSync(path, `${path}-right`);
  copyFileSync(`${path}-old`, path);
  const old = bytesOf(folder, 'record.db');
  assert.ok(await refused(store.commit([noted('lost')])));
  // It tries every second; the second try has seen the old file.
  retries.length = 0;
  while (retries.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(await refused(store.commit([])));
  assert.deepEqual(notes.length, 1);
  assert.equal(bytesOf(folder, 'record.db'), old, 'nothing was written to it');
  renameSync(`${path}-right`, path);
  await untilNote('again');
  await store.commit([noted('after')]);
  await store.close();
  const subjects = verifyRecord(folder).entries.map(({ subject }) => subject);
  assert.ok(subjects.includes('new') && subjects.includes('after'));
});

test('the end of the thread that writes is a failed write: another one takes over', async (t) => {
  const folder = recordFolder(t);
  const { store, untilNote, killWriter } = await stageRecord(t, folder);
  await store.commit([noted('before')]);
  killWriter();
  await untilNote('cannot be written');
  assert.ok(await refused(store.commit([noted('refused')])));
  await untilNote('again');
  await store.commit([noted('after')]);
  await store.close();
  assert.deepEqual(
    verifyRecord(folder).entries.flatMap(({ type, action, subject }) => (type === 'admin' ? [action === 'note' ? subject : action] : [])),
    ['before', 'unavailable', 'after'],
  );
});

test('a damaged file is put aside as it is, and said; a new record begins', async (t) => {
  const damages: readonly (readonly [string, (folder: string) => void])[] = [
    ['no database', (folder) => writeFileSync(join(folder, 'record.db'), 'x'.repeat(100_000))],
    ['cut off', (folder) => truncateSync(join(folder, 'record.db'), 12_000)],
    [
      'an entry changed',
      (folder) => rowChanged(folder, "UPDATE log SET bytes = CAST(replace(CAST(bytes AS TEXT), 'second', 'zweite') AS BLOB)"),
    ],
    ['an entry removed', (folder) => rowChanged(folder, 'DELETE FROM log WHERE seq = 2')],
    ['a table removed', (folder) => rowChanged(folder, 'DROP TABLE log')],
  ];
  for (const [what, damage] of damages) {
    const folder = recordFolder(t);
    const before = await openRecord(folder);
    for (const subject of ['first', 'second', 'third']) await before.commit([noted(subject)]);
    await before.close();
    // As if the process had been killed: the last checkpoint covers nothing yet.
    rowChanged(folder, 'DELETE FROM log WHERE seq = 4');
    damage(folder);
    const bytes = bytesOf(folder, 'record.db');
    const { store, notes } = await stageRecord(t, folder);
    assert.match(notes[0] ?? '', /was damaged/, what);
    const aside = readdirSync(folder).find((name) => name.startsWith('record.db.damaged-')) ?? '';
    assert.equal(bytesOf(folder, aside), bytes, what);
    await store.close();
    const [entry] = verifyRecord(folder).entries;
    assert.deepEqual([entry?.type, entry?.['action'], entry?.['subject']], ['admin', 'damaged', aside], what);
  }
});

function rowChanged(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, 'record.db'));
  database.exec(sql);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

test('what the start cannot use is said, with what to do about it', async (t) => {
  const lost = recordFolder(t);
  await (await openRecord(lost)).close();
  rmSync(join(lost, 'record-key.pem'));
  assert.match((await problemWith(lost)).problem, /record-key\.pem/);
  const newer = recordFolder(t);
  await (await openRecord(newer)).close();
  rowChanged(newer, 'PRAGMA user_version = 99');
  assert.match((await problemWith(newer)).problem, /newer gatehouse/);
  const folder = recordFolder(t);
  mkdirSync(join(folder, 'record.db', 'x'), { recursive: true });
  assert.notEqual((await problemWith(folder)).remedy, '');
});

test(
  'a folder that may not be written is a problem at the start',
  { skip: process.getuid?.() !== 0 && 'only root can become another user' },
  (t) => {
    const folder = recordFolder(t);
    chmodSync(folder, 0o555);
    const program = join(import.meta.dirname, 'open-as-nobody.ts');
    const { stdout, stderr } = spawnSync(process.execPath, [program, folder], { encoding: 'utf8' });
    assert.match(stdout, /"problem":"the record cannot be written/, stderr);
  },
);

test('a full disk: closed, and back when there is room', { skip: process.getuid?.() !== 0 && 'only root can mount' }, async (t) => {
  const folder = join(recordFolder(t), 'disk');
  mkdirSync(folder);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', folder]).status !== 0)
    return t.skip('nothing can be mounted here');
  const { store, untilNote } = await stageRecord(t, folder);
  await store.commit([noted('before')]);
  let kept = 0;
  while (!(await refused(store.commit([noted('x'.repeat(50_000))])))) kept++;
  assert.ok(kept > 5);
  assert.equal(store.writable(), false);
  spawnSync('mount', ['-o', 'remount,size=20m', folder]);
  await untilNote('again');
  await store.commit([noted('after')]);
  await store.close();
  const { entries } = verifyRecord(folder);
  spawnSync('umount', ['-l', folder]);
  assert.equal(entries.filter(({ subject }) => String(subject).startsWith('x')).length, kept, 'what was kept and nothing else');
});

test(
  'a disk that is full at the start: closed, and back when there is room, with what was owed first',
  { skip: process.getuid?.() !== 0 && 'only root can mount' },
  async (t) => {
    const folder = join(recordFolder(t), 'disk');
    mkdirSync(folder);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', folder]).status !== 0)
      return t.skip('nothing can be mounted here');
    const before = await openRecord(folder);
    await before.commit([noted('before')]);
    await recordSinkOf(before).begin(intentWith({ id: 'cut' }));
    await before.close();
    assert.throws(() => writeFileSync(join(folder, 'filler'), Buffer.alloc(4_000_000)), /ENOSPC/);
    const { store, notes, untilNote } = await stageRecord(t, folder);
    assert.equal(store.writable(), false);
    assert.match(notes[0] ?? '', /cannot be written/);
    await store.commitFirst([noted('owed')]);
    assert.ok(await refused(store.commit([noted('refused')])));
    rmSync(join(folder, 'filler'));
    await untilNote('again');
    await store.commit([noted('after')]);
    await store.close();
    const { entries } = verifyRecord(folder);
    spawnSync('umount', ['-l', folder]);
    assert.deepEqual(
      entries.flatMap(({ type, action, subject, why }) =>
        type === 'admin' ? [action === 'note' ? subject : action] : type === 'interrupted' ? [why] : [],
      ),
      ['before', 'restart', 'owed', 'unavailable', 'after'],
    );
  },
);

test('the check of the whole log goes on where the thread that began it ended', async (t) => {
  const folder = recordFolder(t);
  const before = await openRecord(folder);
  await before.commit([noted('first')]);
  await before.commit([noted('second')]);
  await before.close();
  const again = await openRecord(folder);
  await again.commit([noted('third')]);
  await again.close();
  rowChanged(folder, "UPDATE log SET bytes = CAST(replace(CAST(bytes AS TEXT), 'second', 'zweite') AS BLOB)");
  const { untilNote, killWriter } = await stageRecord(t, folder);
  killWriter();
  await untilNote('again');
  await untilNote('damaged at entry 2');
});

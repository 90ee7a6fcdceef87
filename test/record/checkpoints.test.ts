/** When the log is signed, and that the signatures reach a second place; what is checked in the background. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { verifyRecord as verify } from '#audit/verify-record.ts';
import { systemClock } from '#compose/system-clock.ts';
import { noted, openRecord, recordFolder, stageRecord } from './record-stage.ts';
import { verifyRecord } from './verify-record.ts';

interface Line {
  readonly through: number;
  readonly head: string;
  readonly signature: string;
}

const linesIn = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line));

test('a checkpoint after a thousand entries, after a minute and at the end; the second place has each, late where it was away', async (t) => {
  const folder = recordFolder(t);
  const path = join(folder, 'elsewhere', 'checkpoints.jsonl');
  const minutes: (() => void)[] = [];
  const clock = {
    wallNow: () => systemClock.wallNow(),
    after: (delayMs: number, what: () => void) => {
      if (delayMs !== 60_000) return systemClock.after(delayMs, what);
      minutes.push(what);
      return () => {};
    },
  };
  const { store, notes, untilNote } = await stageRecord(t, folder, { settings: { checkpoints: path }, clock });
  await Promise.all(Array.from({ length: 1_100 }, (_, at) => store.commit([noted(String(at))])));
  await untilNote('checkpoints cannot be written');
  mkdirSync(join(folder, 'elsewhere'));
  assert.equal(minutes.length, 1, 'one is due, however many entries there are');
  minutes.shift()?.();
  await untilNote('again');
  await store.commit([noted('last')]);
  await store.close();
  assert.equal(notes.length, 2);
  const { entries } = verifyRecord(folder);
  const signed = entries.filter(({ type }) => type === 'checkpoint');
  assert.equal(signed.length, 3);
  assert.ok(Number(signed[0]?.['through']) >= 1_000 && Number(signed[0]?.['through']) < 1_070);
  assert.deepEqual(
    linesIn(path).map(({ through, head, signature }) => ({ through, head, signature })),
    signed.map(({ through, head, signature }) => ({ through, head, signature })),
  );
});

test('what the second place missed is copied from the record, at the end of a house or by the next one; a line that was cut off stands again', async (t) => {
  const folder = recordFolder(t);
  const path = join(folder, 'elsewhere', 'checkpoints.jsonl');
  const settings = { checkpoints: path };
  const open = () => stageRecord(t, folder, { settings });
  mkdirSync(join(folder, 'elsewhere'));
  const write = async (subject: string): Promise<readonly string[]> => {
    const { store, notes } = await open();
    await store.commit([noted(subject)]);
    await store.close();
    return notes;
  };
  await write('one');
  renameSync(join(folder, 'elsewhere'), join(folder, 'away'));
  assert.match((await write('two')).join(), /cannot be written/);
  renameSync(join(folder, 'away'), join(folder, 'elsewhere'));
  truncateSync(path, readFileSync(path).length - 40);
  assert.deepEqual(await write('three'), []);
  const signed = verifyRecord(folder).entries.flatMap(({ type, through }) => (type === 'checkpoint' ? [Number(through)] : []));
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    lines.slice(1).map((line) => (JSON.parse(line) as Line).through),
    signed,
  );
  assert.deepEqual(audit({ folder, checkpoints: path }), []);
  // Another record in the place of this one does not pass in silence.
  truncateSync(path, 0);
  writeFileSync(path, `${lines.at(-1)?.replace(/"through":\d+/, '"through":999')}\n`);
  assert.match((await write('four')).join(), /knows another entry 999/);
});

function audit({ folder, checkpoints }: { readonly folder: string; readonly checkpoints: string }): readonly unknown[] {
  return verify(join(folder, 'record.db'), { key: null, checkpoints }).findings;
}

test('a second place that is something else is not written to: the record itself, another file, a pipe', async (t) => {
  const folder = recordFolder(t);
  writeFileSync(join(folder, 'letter.txt'), 'Dear house,\n');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  for (const name of ['record.db', 'letter.txt', 'pipe']) {
    const { store, untilNote } = await stageRecord(t, folder, { settings: { checkpoints: join(folder, name) } });
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => store.commit([noted(String(at))])));
    await untilNote('it is no file of checkpoints');
    await store.close();
  }
  assert.equal(readFileSync(join(folder, 'letter.txt'), 'utf8'), 'Dear house,\n');
  verifyRecord(folder);
});

test('what was changed before the last checkpoint is found in the background, and said; the house goes on', async (t) => {
  const folder = recordFolder(t);
  const before = await openRecord(folder);
  for (const subject of ['first', 'second', 'third']) await before.commit([noted(subject)]);
  await before.close();
  const database = new DatabaseSync(join(folder, 'record.db'));
  database.exec("UPDATE log SET bytes = CAST(replace(CAST(bytes AS TEXT), 'second', 'zweite') AS BLOB)");
  database.close();
  const { store, untilNote } = await stageRecord(t, folder);
  await store.commit([noted('after')]);
  await untilNote('damaged at entry 2');
  await store.close();
});

test('a write that takes long keeps nobody else waiting', async (t) => {
  const folder = recordFolder(t);
  const { store } = await stageRecord(t, folder);
  // Somebody holds the file's lock: a write waits for it in its own thread.
  const other = new DatabaseSync(join(folder, 'record.db'));
  other.exec('BEGIN IMMEDIATE');
  const written = store.commit([noted('waits')]).then(() => 'written');
  const turns = async (): Promise<string> => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    return 'turned';
  };
  assert.equal(await Promise.race([written, turns()]), 'turned');
  other.exec('ROLLBACK');
  other.close();
  assert.equal(await written, 'written');
  await store.close();
});

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { TermTask } from '#record/asking/terms.ts';
import { Erasing } from '#record/erase.ts';
import { nextHash } from '#record/chain.ts';
import { logRows } from '#record/log-rows.ts';
import type { KeepLimits } from '#record/keep-limits.ts';
import { PolicyRetention } from '#record/policy-retention.ts';
import { Retention } from '#record/retention.ts';
import { chatRequest, openKeptCalls, rowsIn } from '#test/record/kept-calls.ts';
import type { KeptCalls } from '#test/record/kept-calls.ts';

const hour = 3_600_000;

function retentionOf({ writer, bodies }: KeptCalls, limits: Partial<KeepLimits>): Retention {
  return new Retention(writer, { limits: { ageMs: null, bytes: null, ...limits }, removed: () => bodies.forget() });
}

/** Works until there is nothing to do. */
function settle(retention: Retention, now: number): void {
  for (let slices = 0; retention.slice(now); slices++) assert.ok(slices < 10_000, 'retention never ends');
}

function entries({ writer }: KeptCalls): readonly Readonly<Record<string, unknown>>[] {
  return [...logRows(writer.database, 0)].map((row) => ({ ...JSON.parse(Buffer.from(row.bytes).toString()) }));
}

/** What is left is chained, and begins where the last `prune` says. */
function assertChained(calls: KeptCalls): void {
  const prune = entries(calls).findLast((entry) => entry['type'] === 'prune');
  let hash: Uint8Array | null = null;
  for (const row of logRows(calls.writer.database, 0)) {
    if (row.seq === prune?.['before']) hash = Buffer.from(String(prune['head']), 'hex');
    if (hash === null) continue;
    hash = nextHash(hash, row.bytes);
    assert.deepEqual(Buffer.from(hash), Buffer.from(row.hash), `entry ${row.seq}`);
  }
  assert.equal(Buffer.from(hash ?? []).toString('hex'), calls.writer.head.hash);
}

function keepMany(
  calls: KeptCalls,
  { from, to, at }: { readonly from: number; readonly to: number; readonly at: (n: number) => number },
): void {
  const kept = Array.from({ length: to - from }, (_, index) => from + index).map((n) => ({
    id: `r${n}`,
    at: at(n),
    request: chatRequest('shared', `own ${n}`),
    reply: `reply ${n}`,
  }));
  // As a house does, which lets few calls wait for each other: a checkpoint comes after a thousand entries.
  for (let first = 0; first < kept.length; first += 50) calls.keep(...kept.slice(first, first + 50));
}

test('what is too old goes up to a checkpoint, with all that is its own, and an entry that is signed says so', (t) => {
  const calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 50, at: (n) => n });
  calls.writer.writeBatch(
    [{ kind: 'score', text: '{"type":"score","at":50,"id":"r1","name":"good"}', columns: ['r1', 'good', 1, null, null, null, 50] }],
    { at: 50, openFrom: 1 },
  );
  calls.checkpoint(50);
  keepMany(calls, { from: 50, to: 60, at: () => 2 * hour });
  calls.checkpoint(2 * hour);
  const terms = new TermTask(calls.writer.database, (work) => calls.writer.transaction(work));
  while (terms.slice());
  const retention = retentionOf(calls, { ageMs: hour });
  settle(retention, hour + 40);
  assert.equal(rowsIn(calls.writer.database, 'records'), 60, 'the checkpoint is not old enough');
  settle(retention, 2 * hour);
  assert.equal(rowsIn(calls.writer.database, 'records'), 10);
  assert.equal(rowsIn(calls.writer.database, 'scores'), 0);
  const left = calls.writer.database.prepare('SELECT count(*) AS n FROM terms WHERE seq NOT IN (SELECT seq FROM records)').get();
  assert.equal(left?.['n'], 0);
  // One frame, one shared message, and of each call that is left its own message and its reply.
  assert.equal(rowsIn(calls.writer.database, 'bodies'), 22);
  assert.equal(rowsIn(calls.writer.database, 'nodes'), 11);
  const kept = calls.read('r55').request;
  assert.ok(kept.state === 'kept' && Buffer.from(kept.bytes).toString() === chatRequest('shared', 'own 55'));
  assertChained(calls);
  const prune = entries(calls).find((entry) => entry['type'] === 'prune');
  assert.ok(prune);
  assert.equal(prune['before'], 102);
  assert.equal(prune['why'], 'age');
  const text = ['gatehouse prune 1', calls.writer.logId, prune['before'], prune['head'], prune['at'], ''].join('\n');
  const key = createPublicKey({ key: Buffer.from(publicKeyOf(calls), 'base64'), format: 'der', type: 'spki' });
  assert.ok(verify(null, Buffer.from(text), key, Buffer.from(String(prune['signature']), 'base64')));
  // The house opens what is left.
  assert.equal(rowsIn(calls.reopen().writer.database, 'records'), 10);
});

function publicKeyOf({ writer }: KeptCalls): string {
  return String(writer.database.prepare("SELECT value FROM meta WHERE name = 'key'").get()?.['value']);
}

test('a call that is under way stays whole, and what came after it stays with it', (t) => {
  const calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 10, at: () => 1 });
  const openSeq = calls.writer.head.seq + 1;
  const end = calls.begin({ id: 'open', at: 2, request: chatRequest('long'), reply: 'done' });
  keepMany(calls, { from: 10, to: 20, at: () => 3 });
  calls.checkpoint(4, openSeq);
  const retention = retentionOf(calls, { ageMs: hour });
  settle(retention, 2 * hour);
  assert.equal(rowsIn(calls.writer.database, 'records'), 10);
  end();
  assert.equal(calls.read('open').request.state, 'kept');
  assertChained(calls);
});

test('beyond a call that stood open for long there is a place to cut, however far', (t) => {
  const calls = openKeptCalls(t);
  const end = calls.begin({ id: 'open', at: 1, request: chatRequest('long'), reply: 'done' });
  const { writer } = calls;
  for (let batch = 0; batch < 90; batch++) {
    const entry = { kind: 'admin', text: '{"type":"admin","at":1,"action":"drain","subject":"x"}' } as const;
    writer.writeBatch(
      Array.from({ length: 60 }, () => entry),
      { at: 1, openFrom: 1 },
    );
  }
  end();
  calls.checkpoint(2);
  settle(retentionOf(calls, { ageMs: hour }), 2 * hour);
  assert.equal(rowsIn(writer.database, 'records'), 0);
  assert.ok(rowsIn(writer.database, 'log') < 10);
  assertChained(calls);
});

test('a file that is too large loses its oldest calls, and the pages go back to the file system', (t) => {
  const calls = openKeptCalls(t);
  const filler = Array.from({ length: 3_000 }, (_, n) => n * 7919).join(' ');
  for (let n = 0; n < 300; n++) {
    calls.keep({ id: `r${n}`, at: n, request: chatRequest(`${n} ${filler}`), reply: `${n}` });
    if (n % 20 === 19) calls.checkpoint(n);
  }
  const { database } = calls.writer;
  const file = (): number => statSync(join(calls.folder, 'record.db')).size;
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const before = file();
  const retention = retentionOf(calls, { bytes: before / 2 });
  settle(retention, 1_000);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  assert.ok(file() < before / 2 + 4_000_000, `${file()} of ${before}`);
  assert.equal(calls.read('r299').request.state, 'kept');
  assert.equal(entries(calls).findLast((entry) => entry['type'] === 'prune')?.['why'], 'size');
  assertChained(calls);
});

test('interrupted anywhere, another process goes on; calls that come meanwhile are kept', (t) => {
  let calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 1_100, at: () => 1 });
  calls.checkpoint(2);
  let came = 0;
  let slices = 0;
  for (;;) {
    // Another process each time: what this one had in mind is gone.
    calls = calls.reopen();
    const more = retentionOf(calls, { ageMs: hour }).slice(2 * hour);
    if (!more) break;
    slices++;
    assert.ok(slices < 1_000, 'retention never ends');
    calls.keep({ id: `new${came++}`, at: 2 * hour, request: chatRequest('shared', 'own 3'), reply: 'reply 3' });
  }
  assert.ok(slices > 3);
  assert.equal(rowsIn(calls.writer.database, 'records'), came);
  for (let n = 0; n < came; n++) assert.equal(calls.read(`new${n}`).request.state, 'kept');
  assert.equal(rowsIn(calls.writer.database, 'nodes'), 2);
  assert.equal(rowsIn(calls.writer.database, 'bodies'), 4);
  // One for each part of the log that is looked through at once, not one for each process.
  assert.equal(entries(calls).filter((entry) => entry['type'] === 'prune').length, 2);
  assertChained(calls);
});

test('a slice that fails half way leaves the file as it was before it', (t) => {
  const calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 100, at: () => 1 });
  calls.checkpoint(2);
  const retention = retentionOf(calls, { ageMs: hour });
  assert.ok(retention.slice(2 * hour));
  const { database } = calls.writer;
  database.exec("CREATE TEMP TRIGGER stop BEFORE DELETE ON bodies BEGIN SELECT RAISE(ABORT, 'stop'); END");
  assert.throws(() => retention.slice(2 * hour), /stop/);
  database.exec('DROP TRIGGER stop');
  assert.equal(calls.read('r1').reply.state, 'kept');
  settle(retention, 2 * hour);
  assert.equal(rowsIn(database, 'records'), 0);
  assert.equal(rowsIn(database, 'bodies'), 0);
});

test('what was erased is not given up twice', (t) => {
  const calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 10, at: () => 1 });
  calls.checkpoint(2);
  keepMany(calls, { from: 10, to: 12, at: () => 2 * hour });
  const erasing = new Erasing(calls.writer, { ask: { ids: ['r1', 'r2'] }, by: 'operator', removed: () => calls.bodies.forget() });
  while (erasing.slice(3));
  erasing.finish();
  settle(retentionOf(calls, { ageMs: hour }), 2 * hour);
  const kept = calls.read('r11').request;
  assert.ok(kept.state === 'kept');
  assert.equal(rowsIn(calls.writer.database, 'erased'), 0);
  assert.equal(rowsIn(calls.writer.database, 'bodies'), 6);
});

const day = 24 * hour;
const keep30d = { ageMs: 30 * day };

test('a clock that jumps ahead takes nothing away until it has stayed there, through a restart, too', (t) => {
  let calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 10, at: () => 100 * day });
  calls.checkpoint(100 * day);
  const left = (): number => rowsIn(calls.writer.database, 'records');
  settle(retentionOf(calls, keep30d), 101 * day);
  // Another process, and a clock of another year; calls come under it.
  calls = calls.reopen();
  const notes: string[] = [];
  const options = { limits: { ...keep30d, bytes: null }, removed: () => {}, tell: (note: string) => void notes.push(note) };
  const retention = new Retention(calls.writer, options);
  const at = (wall: number, steady: number): void => {
    for (let slices = 0; retention.slice(wall, steady); slices++) assert.ok(slices < 1_000);
  };
  at(1_000 * day, 5);
  keepMany(calls, { from: 10, to: 20, at: () => 1_000 * day });
  calls.checkpoint(1_000 * day);
  at(1_000 * day + 20 * hour, 5 + 20 * hour);
  assert.equal(left(), 20);
  assert.deepEqual(notes, ['the clock is 21576 h ahead of where the record knew it: nothing goes for its age for 24 h']);
  // It was put right: what was written under the wrong one neither goes nor holds up what is too old.
  keepMany(calls, { from: 20, to: 30, at: () => 102 * day });
  calls.checkpoint(102 * day);
  at(102 * day, 5 + 21 * hour);
  assert.equal(left(), 30);
  at(131 * day, 5 + 29 * day);
  assert.equal(left(), 20, 'ten were too old');
  keepMany(calls, { from: 30, to: 31, at: () => 131 * day });
  calls.checkpoint(131 * day);
  at(133 * day, 5 + 31 * day);
  assert.equal(left(), 1);
  assertChained(calls);
});

test('a clock that has stayed ahead for a day is believed', (t) => {
  const calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 10, at: () => 100 * day });
  calls.checkpoint(100 * day);
  const retention = retentionOf(calls, keep30d);
  assert.equal(retention.slice(100 * day, 0), false);
  assert.equal(retention.slice(200 * day, hour), false);
  assert.equal(retention.slice(200 * day + 20 * hour, 21 * hour), false);
  assert.equal(retention.slice(201 * day + hour, 26 * hour), true);
});

test('a clock that fell back makes nothing too old', (t) => {
  const calls = openKeptCalls(t);
  keepMany(calls, { from: 0, to: 10, at: () => 100 * day });
  calls.checkpoint(100 * day);
  keepMany(calls, { from: 10, to: 20, at: () => 5 });
  calls.checkpoint(5);
  const retention = retentionOf(calls, keep30d);
  settle(retention, 101 * day);
  assert.equal(rowsIn(calls.writer.database, 'records'), 20);
  settle(retention, 140 * day);
  assert.equal(rowsIn(calls.writer.database, 'records'), 10, 'nothing behind the newest tells how old they are');
});

test('a policy that no entry names any more goes; the one in force, the one before it and one that came back stay', (t) => {
  const calls = openKeptCalls(t);
  const { writer } = calls;
  const comes = (name: string, at: number): void => {
    const hash = name.repeat(64);
    const text = JSON.stringify({ type: 'admin', at, action: 'policy', subject: hash });
    writer.writeBatch([{ kind: 'policy', text, hash, json: name }], { at, openFrom: writer.head.seq + 1 });
    keepMany(calls, { from: at, to: at + 5, at: () => at });
    calls.checkpoint(at);
  };
  for (const [index, name] of ['a', 'b', 'a', 'c', 'd', 'e'].entries()) comes(name, index * 1_000);
  const policies = (): string =>
    writer.database.prepare("SELECT group_concat(json, '') AS all_of_them FROM policies").get()?.['all_of_them'] as string;
  const task = new PolicyRetention(writer);
  const after = (at: number): string => {
    settle(retentionOf(calls, { ageMs: hour }), hour + at);
    while (task.slice());
    return policies().split('').toSorted().join('');
  };
  assert.equal(after(500), 'abcde', 'a came back');
  assert.equal(after(1_500), 'acde');
  assert.equal(after(2_500), 'cde');
  assert.equal(after(9_500), 'de');
  assertChained(calls);
});

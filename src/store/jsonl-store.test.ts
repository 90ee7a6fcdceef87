import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openJsonlStore } from './jsonl-store.ts';
import type { JsonlStoreOptions, StoreClock } from './jsonl-store.ts';
import { memoryStore } from './memory-store.ts';
import { noLimits } from './no-limits.ts';
import { RecordUnavailable } from './ports.ts';
import type { StoreOp } from './ports.ts';
import { attemptWith, intentWith, terminalWith } from './record-fixture.ts';
import { recordSinkOf } from './record-sink.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
after(() => rmSync(root, { recursive: true }));
const newFolder = (): string => mkdtempSync(join(root, 'f-'));

interface TestClock extends StoreClock {
  /** What is to be run later. */
  readonly timers: Set<() => void>;
  wall: number;
}

function testClock(): TestClock {
  const timers = new Set<() => void>();
  const clock: TestClock = {
    timers,
    wall: 1_000,
    wallNow: () => clock.wall,
    after: (_, what) => {
      timers.add(what);
      return () => timers.delete(what);
    },
  };
  return clock;
}

const open = (folder: string, more: Partial<JsonlStoreOptions> = {}): ReturnType<typeof openJsonlStore> =>
  openJsonlStore({ folder, clock: testClock(), ...more });

const decisionsOf = (folder: string): string => join(folder, 'router-decisions.jsonl');
const failuresOf = (folder: string): string => join(folder, 'upstream-failures.jsonl');

function entriesOf(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'), 'the last line is whole');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const noted = (subject: string): StoreOp => ({ op: 'operator', at: 0, action: 'note', subject });
const subjectsIn = (path: string): unknown[] => entriesOf(path).map((entry) => entry['subject']);
const subjectsOf = (folder: string): unknown[] => subjectsIn(decisionsOf(folder));

test('a request leaves its start and its terminal, and a line for each failed attempt', async () => {
  const folder = newFolder();
  const store = await open(folder);
  const record = recordSinkOf(store);
  assert.equal(record.writable(), true);
  await record.begin(intentWith({ id: 'r7' }));
  assert.equal(entriesOf(decisionsOf(folder)).length, 1, 'it is written once it resolves');
  const attempts = [
    attemptWith({ target: 'a/m', result: 'busy', status: 429, verdict: null, startedMs: 10.4, endMs: 3.6, detail: 'slots "full"\n' }),
    attemptWith({ target: 'b/m', result: 'failed', verdict: 'empty', startedMs: 20 }),
    attemptWith({ target: 'c/m', result: 'answered', startedMs: 30 }),
  ];
  await record.end(terminalWith({ id: 'r7', at: 5_000, durationMs: 100, attempts }));
  const [start, terminal, ...rest] = entriesOf(decisionsOf(folder));
  assert.deepEqual(start, { type: 'start', ...intentWith({ id: 'r7' }) });
  assert.deepEqual(terminal, { type: 'terminal', ...terminalWith({ id: 'r7', at: 5_000, durationMs: 100, attempts }) });
  assert.deepEqual(rest, []);
  const [busy, empty, ...more] = entriesOf(failuresOf(folder));
  assert.deepEqual(busy, {
    id: 'r7',
    at: 4_910,
    target: 'a/m',
    address: '127.0.0.1:1',
    result: 'busy',
    verdict: null,
    status: 429,
    detail: 'slots "full"\n',
    ms: 4,
  });
  assert.deepEqual([empty?.['target'], empty?.['verdict']], ['b/m', 'empty']);
  assert.deepEqual(more, []);
  await store.close();
});

test('what the operator does is a line of the same transaction', async () => {
  const folder = newFolder();
  const store = await open(folder);
  await store.commit([
    { op: 'operator', at: 9, action: 'drain', subject: 'spark' },
  ]);
  assert.deepEqual(entriesOf(decisionsOf(folder)), [
    { type: 'operator', at: 9, action: 'drain', subject: 'spark' },
  ]);
  await store.close();
});

test('many commits at once are written in the order of the calls', async () => {
  const folder = newFolder();
  const store = await open(folder, { rotateBytes: 1_000_000 });
  const expected = Array.from({ length: 500 }, (_, at) => String(at));
  const resolved: string[] = [];
  await Promise.all(expected.map((subject) => store.commit([noted(subject)]).then(() => resolved.push(subject))));
  assert.deepEqual(subjectsOf(folder), expected);
  assert.deepEqual(resolved, expected);
  await store.close();
});

test('what a caller does with its values after the call does not reach the record', async () => {
  const folder = newFolder();
  const store = await open(folder);
  const op = { op: 'operator' as const, at: 0, action: 'note', subject: 'before' };
  const done = store.commit([op]);
  op.subject = 'after';
  await done;
  assert.deepEqual(subjectsOf(folder), ['before']);
  await store.close();
});

test('close writes what is waiting; later commits are refused', async () => {
  const folder = newFolder();
  const store = await open(folder);
  const waiting = store.commit([noted('last')]);
  await store.close();
  await waiting;
  assert.equal(store.writable(), false);
  await assert.rejects(store.commit([noted('late')]), RecordUnavailable);
  assert.deepEqual(subjectsOf(folder), ['last']);
  await store.close();
});

test('files are for their owner only, also older ones and those put aside', async () => {
  const folder = newFolder();
  writeFileSync(decisionsOf(folder), '{"subject":"old"}\n', { mode: 0o644 });
  const store = await open(folder, { rotateBytes: 20 });
  await store.commit([noted('new')]);
  assert.deepEqual(entriesOf(`${decisionsOf(folder)}.1`), [{ subject: 'old' }]);
  for (const path of [decisionsOf(folder), `${decisionsOf(folder)}.1`, failuresOf(folder)]) {
    assert.equal(statSync(path).mode & 0o777, 0o600, path);
  }
  await store.close();
});

test('a file is put aside before it grows too large, and the oldest goes', async () => {
  const folder = newFolder();
  const rotateBytes = 200;
  const store = await open(folder, { rotateBytes, keep: 3 });
  const subjects = Array.from({ length: 20 }, (_, at) => `line-${at}`);
  for (const subject of subjects) await store.commit([noted(subject)]);
  await store.close();
  const kept: unknown[] = [];
  for (const suffix of ['.3', '.2', '.1', '']) {
    const path = decisionsOf(folder) + suffix;
    assert.ok(statSync(path).size <= rotateBytes, path);
    kept.push(...entriesOf(path).map((entry) => entry['subject']));
  }
  assert.equal(existsSync(`${decisionsOf(folder)}.4`), false);
  assert.deepEqual(kept, subjects.slice(-kept.length));
  assert.ok(kept.length < subjects.length);
});

test('a line larger than a whole file is still written', async () => {
  const folder = newFolder();
  const store = await open(folder, { rotateBytes: 10 });
  await store.commit([noted('x'.repeat(100))]);
  await store.commit([noted('y')]);
  assert.deepEqual(subjectsOf(folder), ['y']);
  await store.close();
});

test('a last line that was cut by a crash is dropped when the store opens', async () => {
  const folder = newFolder();
  const store = await open(folder);
  await store.commit([noted('whole')]);
  await store.close();
  appendFileSync(decisionsOf(folder), `{"type":"start","cut":"${'x'.repeat(200_000)}`);
  const again = await open(folder);
  await again.commit([noted('next')]);
  assert.deepEqual(subjectsOf(folder), ['whole', 'next']);
  await again.close();
});

test('a write that fails refuses its commits, and the record says so once it works again', async () => {
  const folder = newFolder();
  const clock = testClock();
  const store = await open(folder, { clock, rotateBytes: 90, keep: 1 });
  await store.commit([noted('first')]);
  // A folder in the place of the file that is to be put aside: the disk says no, also to root.
  const obstacle = `${decisionsOf(folder)}.1`;
  mkdirSync(join(obstacle, 'x'), { recursive: true });
  const refused = await Promise.allSettled([store.commit([noted('lost')]), store.commit([noted('lost too')])]);
  for (const each of refused) assert.ok(each.status === 'rejected' && each.reason instanceof RecordUnavailable);
  assert.equal(store.writable(), false);
  assert.deepEqual(subjectsOf(folder), ['first']);

  clock.wall = 3_000;
  await assert.rejects(store.commit([noted('still lost')]), RecordUnavailable);
  assert.equal(clock.timers.size, 1, 'one retry is due, however many commits failed');

  rmSync(obstacle, { recursive: true });
  clock.wall = 4_000;
  await store.commit([noted('back')]);
  assert.equal(store.writable(), true);
  assert.equal(clock.timers.size, 0);
  const [outage, back, ...rest] = entriesOf(decisionsOf(folder));
  assert.deepEqual(outage, { type: 'unavailable', from: 1_000, refused: 3, until: 4_000 });
  assert.equal(back?.['subject'], 'back');
  assert.deepEqual(rest, []);
  assert.deepEqual(
    entriesOf(obstacle).map((entry) => entry['subject']),
    ['first'],
  );
  await store.close();
});

test('an unwritable store tries again by itself', async () => {
  const folder = newFolder();
  const clock = testClock();
  const store = await open(folder, { clock, rotateBytes: 90, keep: 1 });
  await store.commit([noted('first')]);
  const obstacle = `${decisionsOf(folder)}.1`;
  mkdirSync(obstacle);
  await assert.rejects(store.commit([noted('lost')]), RecordUnavailable);
  const runTimer = async (): Promise<void> => {
    const [timer] = clock.timers;
    assert.ok(timer);
    clock.timers.delete(timer);
    timer();
    // An empty commit is through after whatever the timer started.
    await store.commit([]).catch(() => {});
  };
  await runTimer();
  assert.equal(store.writable(), false);
  rmdirSync(obstacle);
  await runTimer();
  assert.equal(store.writable(), true);
  assert.equal(clock.timers.size, 0);
  await store.close();
  assert.deepEqual(subjectsIn(obstacle), ['first']);
  assert.deepEqual(entriesOf(decisionsOf(folder)), [{ type: 'unavailable', from: 1_000, refused: 1, until: 1_000 }]);
});

test('a rotation that keeps failing does not push older files over the edge', async () => {
  const folder = newFolder();
  const store = await open(folder, { rotateBytes: 90, keep: 4 });
  for (const subject of ['a', 'b', 'c']) await store.commit([noted(subject)]);
  mkdirSync(join(`${decisionsOf(folder)}.3`, 'x'), { recursive: true });
  mkdirSync(join(`${decisionsOf(folder)}.4`, 'x'), { recursive: true });
  for (let tries = 0; tries < 10; tries++) await assert.rejects(store.commit([noted('lost')]), RecordUnavailable);
  const aside = (suffix: string): unknown[] => entriesOf(decisionsOf(folder) + suffix).map((entry) => entry['subject']);
  assert.deepEqual([aside('.2'), aside('.1'), aside('')], [['a'], ['b'], ['c']]);
  await store.close();
});

test('a transaction is there as a whole or not at all, also over two files', async () => {
  const folder = newFolder();
  const store = await open(folder, { rotateBytes: 400, keep: 1 });
  const failed = (id: string): StoreOp => ({
    op: 'terminal',
    terminal: terminalWith({ id, attempts: [attemptWith({ result: 'failed', detail: 'd'.repeat(200) })] }),
  });
  await store.commit([failed('kept')]);
  mkdirSync(join(`${failuresOf(folder)}.1`, 'x'), { recursive: true });
  await assert.rejects(store.commit([failed('lost')]), RecordUnavailable);
  await store.close();
  const kept = [`${decisionsOf(folder)}.1`, decisionsOf(folder)].filter((path) => existsSync(path)).flatMap(entriesOf);
  assert.deepEqual(
    kept.map((entry) => entry['id']),
    ['kept'],
  );
  assert.deepEqual(
    entriesOf(failuresOf(folder)).map((entry) => entry['id']),
    ['kept'],
  );
});

test('a disk that takes only half of a write keeps none of it', { skip: process.platform === 'win32' && 'no limits there' }, () => {
  const folder = newFolder();
  // The process may write files of 4 kB at most; what comes back is a short write, then an error.
  const script = `
    const { openJsonlStore } = await import('#store/jsonl-store.ts');
    const store = await openJsonlStore({ folder: ${JSON.stringify(folder)}, clock: { wallNow: () => 0, after: () => () => {} } });
    const note = (subject) => store.commit([{ op: 'operator', at: 0, action: 'note', subject }]).then(() => 'kept', (error) => error.name);
    const said = [await note('a'.repeat(2000)), await note('b'.repeat(3000)), store.writable(), await note('c'), store.writable()];
    await store.close();
    console.log(JSON.stringify(said));`;
  const child = spawnSync('sh', ['-c', 'ulimit -f 8 && exec "$0" --input-type=module -e "$1"', process.execPath, script], {
    encoding: 'utf8',
  });
  assert.equal(child.stdout.trim(), '["kept","RecordUnavailable",false,"kept",true]', child.stderr);
  assert.deepEqual(
    entriesOf(decisionsOf(folder)).map((entry) => [entry['type'], String(entry['subject']).slice(0, 1)]),
    [
      ['operator', 'a'],
      ['unavailable', 'u'],
      ['operator', 'c'],
    ],
  );
});

test('a folder that is not there is said at the start', async () => {
  await assert.rejects(open(join(root, 'nowhere')), RecordUnavailable);
});

test('the store in memory keeps what is committed and fails when told to', async () => {
  const store = memoryStore();
  const record = recordSinkOf(store);
  await record.begin(intentWith());
  store.failNext(1);
  await assert.rejects(record.end(terminalWith()), RecordUnavailable);
  await record.end(terminalWith());
  store.setWritable(false);
  assert.equal(record.writable(), false);
  await assert.rejects(record.begin(intentWith()), RecordUnavailable);
  assert.deepEqual(
    store.ops.map((op) => op.op),
    ['start', 'terminal'],
  );
});

test('without limits every attempt is granted', async () => {
  const reservation = await noLimits.reserve({ principal: 'k_one', target: 'a/m', promptTokens: 1, outputTokens: null });
  assert.ok(reservation.granted);
  await reservation.settle({ inputTokens: 1, outputTokens: 1 });
});

test('recoveries have a file of their own', async () => {
  const folder = newFolder();
  const store = await open(folder);
  const event = { upstream: 'spark', by: 'watchdog', outcome: 'done', exitCode: 0, durationMs: 7 } as const;
  await store.commit([{ op: 'recovery', at: 5, ...event, command: ['true'], output: 'a\nb' }]);
  await store.close();
  assert.equal(readFileSync(join(folder, 'router-decisions.jsonl'), 'utf8'), '');
  const text = readFileSync(join(folder, 'recovery-events.jsonl'), 'utf8');
  assert.deepEqual(JSON.parse(text), { at: 5, ...event, command: ['true'], output: 'a\nb' });
  assert.equal(text.split('\n').length, 2);
});

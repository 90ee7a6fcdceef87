/** The record as lines: asked for, followed, and as files. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForAsking } from '#record/asking/record-reader.ts';
import { LogReader } from '#record/read-log.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import { runHere } from '#test/cli/cli-stage.ts';
import { readView } from './read-view.ts';
import { noted, recordFolder, stageRecord } from './record-stage.ts';

test('each view holds what it is for, and nothing else', async (t) => {
  const folder = recordFolder(t);
  const { store } = await stageRecord(t, folder);
  const record = recordSinkOf(store);
  await record.begin(intentWith({ id: 'r7' }));
  const attempts = [
    attemptWith({ target: 'a/m', result: 'busy', status: 429, verdict: null, startedMs: 10.4, endMs: 3.6, detail: 'slots "full"\n' }),
    attemptWith({ target: 'b/m', result: 'failed', verdict: 'not_as_asked', startedMs: 20 }),
    attemptWith({ target: 'c/m', result: 'answered', startedMs: 30 }),
  ];
  await record.end(terminalWith({ id: 'r7', at: 5_000, durationMs: 100, attempts }));
  await store.commit([noted('"action":"recovery"')]);
  const run = { upstream: 'spark', by: 'operator', outcome: 'done', exitCode: 0, durationMs: 3, command: ['wake'], output: 'up' } as const;
  await store.commit([{ op: 'recovery', at: 6_000, ...run }]);

  const view = (name: string): Record<string, unknown>[] => readView(folder, name).map((line) => JSON.parse(line));
  assert.deepEqual(
    view('router-decisions').map(({ seq, type }) => [seq, type]),
    [
      [1, 'start'],
      [2, 'terminal'],
      [3, 'admin'],
    ],
  );
  const [busy, ...others] = view('upstream-failures');
  assert.deepEqual(busy, {
    id: 'r7',
    at: 4_910,
    target: 'a/m',
    address: '127.0.0.1:1',
    result: 'busy',
    verdict: null,
    status: 429,
    model: 'm',
    detail: 'slots "full"\n',
    ms: 4,
  });
  assert.deepEqual(
    others.map(({ target }) => target),
    ['b/m'],
  );
  assert.deepEqual(
    view('structured-validation').map(({ target }) => target),
    ['b/m'],
  );
  assert.deepEqual(view('recovery-events'), [{ ...run, at: 6_000 }]);
});

test('the command reads while the house runs and when it is down, from a moment on', async (t) => {
  const folder = recordFolder(t);
  const { store } = await stageRecord(t, folder);
  const now = Date.now();
  for (const [subject, at] of [
    ['old', now - 7_200_000],
    ['older', now - 7_100_000],
    ['new', now],
  ] as const)
    await store.commit([{ op: 'operator', at, action: 'note', subject }]);
  const subjects = async (...args: string[]): Promise<string[]> => {
    const { code, out } = await runHere(['log', 'router-decisions', '--data', folder, ...args], { env: {}, cwd: folder });
    assert.equal(code, 0);
    return out.split('\n').flatMap((line) => (line === '' ? [] : [String(JSON.parse(line).subject)]));
  };
  assert.deepEqual(await subjects(), ['old', 'older', 'new']);
  assert.deepEqual(await subjects('--since', '1h'), ['new']);
  await store.close();
  assert.deepEqual(await subjects(), ['old', 'older', 'new']);
  const database = openForAsking(folder);
  assert.equal(new LogReader(database).lastBefore(now + 1_000_000), 4);
  database.close();
});

test('the files begin anew with a new log, where the old one was put aside', async (t) => {
  const folder = recordFolder(t);
  const path = join(folder, 'router-decisions.jsonl');
  const until = async (subject: string): Promise<void> => {
    while (!existsSync(path) || !readFileSync(path, 'utf8').includes(subject)) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const first = await stageRecord(t, folder, { settings: { files: true } });
  for (const subject of ['one', 'two', 'three', 'four']) await first.store.commit([noted(subject)]);
  await until('four');
  await first.store.close();
  writeFileSync(join(folder, 'record.db'), 'x'.repeat(100_000));
  const second = await stageRecord(t, folder, { settings: { files: true } });
  await second.store.commit([noted('of the new log')]);
  await until('of the new log');
});

test('where the policy wants files they follow the log, also over a restart', async (t) => {
  const folder = recordFolder(t);
  const path = join(folder, 'router-decisions.jsonl');
  const lines = (): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0);
  const until = async (count: number): Promise<void> => {
    while (lines() < count) await new Promise((resolve) => setImmediate(resolve));
  };
  const plain = await stageRecord(t, folder);
  await plain.store.commit([noted('before')]);
  await plain.store.close();
  assert.equal(existsSync(path), false);
  const first = await stageRecord(t, folder, { settings: { files: true } });
  await first.store.commit([noted('first')]);
  await until(2);
  await first.store.close();
  const second = await stageRecord(t, folder, { settings: { files: true } });
  await second.store.commit([noted('second')]);
  await until(3);
  await second.store.close();
  const text = readFileSync(path, 'utf8');
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .map((line) => String(JSON.parse(line).subject)),
    ['before', 'first', 'second'],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

/** The audit as people use it: its report, its exit codes, a copy, a running house, the program alone, the export and a stranger's check of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findingMeanings } from '#audit/finding.ts';
import { verifyRecord } from '#audit/verify-record.ts';
import { keyOf } from '#audit/export-log.ts';
import { ROOT } from '#scripts/tree.ts';
import { runHere } from '#test/cli/cli-stage.ts';
import { diceOf } from '#test/sim/random.ts';
import { Forger } from './forger.ts';
import { LogMaker, makeLog } from './make-log.ts';
import type { MadeLog } from './make-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-audit-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let made: MadeLog;
let key = '';
let otherKey = '';
before(() => {
  made = makeLog(join(folder, 'house'), diceOf(5), 120);
  key = keyOf(made.file);
  otherKey = keyOf(makeLog(join(folder, 'other'), diceOf(6), 20).file);
});

const audit = (...args: readonly string[]): ReturnType<typeof runHere> =>
  runHere(['audit', ...args], { cwd: folder, env: { HOME: folder } });

/** A copy to write to. */
function copied(name: string): { readonly file: string; readonly outside: string } {
  const place = join(folder, name);
  mkdirSync(place);
  const [file, outside] = [join(place, 'record.db'), join(place, 'checkpoints.jsonl')];
  copyFileSync(made.file, file);
  copyFileSync(made.outside, outside);
  return { file, outside };
}

test('an honest record is fine: what was checked, and by which checkpoint it is proven', async () => {
  const { code, out } = await audit('verify', made.folder, '--key', key, '--checkpoints', made.outside);
  assert.equal(code, 0, out);
  assert.match(out, /checked +\d+ entries \(\d+ to \d+\), \d+ calls/);
  assert.match(out, /proven +up to entry \d+, by an outside checkpoint of 2025-11-1/);
  assert.match(out, /nothing is wrong/);
});

test('without key and outside copy it says that this proves less', async () => {
  const { code, out } = await audit('verify', made.folder);
  assert.equal(code, 0);
  assert.match(out, /the key is the file’s own/);
  assert.match(out, /no outside copy/);
  assert.match(out, /by a checkpoint of the file/);
});

test('a changed entry: the finding, its entry, what it means, and up to where the log is still proven', async () => {
  const { file, outside } = copied('changed');
  const forger = new Forger(file);
  const seq = Math.floor((forger.first() + forger.from(0).length) / 2);
  forger.db.prepare('UPDATE log SET bytes = ? WHERE seq = ?').run(
    Buffer.from(
      forger
        .bytes(seq)
        .toString('latin1')
        .replace(/"at":1/, '"at":2'),
      'latin1',
    ),
    seq,
  );
  forger.close();
  const { code, out } = await audit('verify', file, '--key', key, '--checkpoints', outside, '--json');
  assert.equal(code, 1);
  const report = JSON.parse(out) as ReturnType<typeof verifyRecord>;
  assert.ok(report.findings.some((finding) => finding.code === 'hash' && finding.seq === seq));
  assert.ok(report.proven === null || report.proven.through < seq, 'nothing after it is proven');
  const text = (await audit('verify', file)).out;
  assert.match(text, new RegExp(`hash: this entry, or the one before it, is not what was written\\n +${seq} `));
});

test('exit codes: an option is wrong, the file is not there, is none, or the key is none', async () => {
  assert.equal((await audit('verify', made.folder, '--no-such')).code, 2);
  assert.equal((await audit('verify', join(folder, 'nowhere'))).code, 3);
  writeFileSync(join(folder, 'none.db'), 'this is no database'.repeat(1_000));
  assert.equal((await audit('verify', join(folder, 'none.db'))).code, 3);
  assert.equal((await audit('verify', made.folder, '--key', 'nonsense')).code, 3);
  assert.equal((await audit('verify', made.folder, '--checkpoints', join(folder, 'nowhere'))).code, 3);
  assert.equal((await audit('export', made.folder, '--since', 'yesterday-ish')).code, 2);
});

test('another key than the file’s is found', async () => {
  const { code, out } = await audit('verify', made.folder, '--key', otherKey);
  assert.equal(code, 1);
  assert.match(out, /it names another key than the one given/);
});

test('a log cut off after a checkpoint looks whole to itself, and is found by the outside copy', async () => {
  const { file, outside } = copied('cut');
  const forger = new Forger(file);
  const first = forger.first();
  const checkpoints = forger.from(first).flatMap(({ bytes }, at) => (bytes.includes('"type":"checkpoint"') ? [first + at] : []));
  const [cut = 0] = checkpoints.slice(-2);
  const named = forger.db.prepare('SELECT count(*) AS n FROM log WHERE seq > ?').get(cut)?.['n'];
  assert.ok(Number(named) > 0 && checkpoints.length > 1);
  forger.rewrite(cut + 1, []);
  forger.remakeRows();
  forger.close();
  const alone = verifyRecord(file, { key: null, checkpoints: null });
  assert.ok(
    alone.counts.every(({ code }) => !['hash', 'checkpoint', 'truncated'].includes(code)),
    JSON.stringify(alone.counts),
  );
  const { out } = await audit('verify', file, '--checkpoints', outside);
  assert.match(out, /truncated: the log ends before its last outside checkpoint/);
});

test('a file that a running house holds is read with its write-ahead log', () => {
  const maker = new LogMaker(join(folder, 'running'), diceOf(7));
  for (let call = 0; call < 20; call++) maker.start();
  maker.checkpoint();
  assert.ok(readdirSync(maker.folder).includes('record.db-wal'));
  const report = verifyRecord(maker.folder, { key: null, checkpoints: join(maker.folder, 'checkpoints.jsonl') });
  assert.ok(report.ok, JSON.stringify(report.findings));
  assert.equal(report.checked.calls.open, 20);
  maker.start();
  maker.close();
});

test('a write-ahead log that was cut short or changed is found by the outside copy', () => {
  const maker = new LogMaker(join(folder, 'wal'), diceOf(8));
  for (let call = 0; call < 30; call++) maker.start();
  maker.checkpoint();
  const wal = readFileSync(join(maker.folder, 'record.db-wal'));
  const place = join(folder, 'wal-copy');
  mkdirSync(place);
  const outside = join(maker.folder, 'checkpoints.jsonl');
  const look = (bytes: Uint8Array): readonly string[] => {
    copyFileSync(join(maker.folder, 'record.db'), join(place, 'record.db'));
    writeFileSync(join(place, 'record.db-wal'), bytes);
    rmSync(join(place, 'record.db-shm'), { force: true });
    return verifyRecord(place, { key: null, checkpoints: outside }).counts.map(({ code }) => code);
  };
  assert.deepEqual(look(wal), []);
  assert.ok(look(wal.subarray(0, Math.floor(wal.length * 0.9))).includes('truncated'));
  const changed = Buffer.from(wal);
  const at = Math.floor(wal.length * 0.8);
  changed[at] = (changed[at] ?? 0) ^ 1;
  assert.ok(look(changed).includes('truncated'), 'SQLite leaves out what follows a frame that was changed');
  maker.close();
});

test('a copy is read without leaving a trace beside it, also from a folder that nobody may write to', () => {
  const { file } = copied('sealed');
  const place = join(folder, 'sealed');
  chmodSync(place, 0o500);
  assert.ok(verifyRecord(file, { key: null, checkpoints: null }).ok);
  chmodSync(place, 0o700);
  assert.deepEqual(readdirSync(place).toSorted(), ['checkpoints.jsonl', 'record.db']);
});

test('the program alone, from a copy of its folder, says the same', () => {
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  for (const name of readdirSync(join(ROOT, 'src/audit'))) copyFileSync(join(ROOT, 'src/audit', name), join(alone, name));
  const run = (...args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(alone, 'audit.ts'), ...args], { encoding: 'utf8' });
  assert.equal(run('verify', made.folder, '--checkpoints', made.outside).status, 0);
  assert.equal(run('key', made.folder).stdout.trim(), key);
  assert.equal(run('verify', join(folder, 'changed')).status, 1);
  assert.equal(run('verify').status, 2);
  assert.equal(run('verify', join(folder, 'nowhere')).status, 3);
});

/** The program of the page, as a stranger would use it; null where there is no Python with what it needs. */
function strangersCheck(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const page = readFileSync(join(ROOT, 'docs/audit.md'), 'utf8');
  const program = join(folder, 'check.py');
  writeFileSync(program, /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  const { status, stdout, stderr } = spawnSync('python3', [program, ...args], { encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

const hasPython = spawnSync('python3', ['-c', 'import cryptography'], { encoding: 'utf8' }).status === 0;

test('an export is proven by the Python program of the page', { skip: hasPython ? false : 'no python3 with cryptography' }, async () => {
  const whole = join(folder, 'record.jsonl');
  assert.equal((await audit('export', made.folder, '--out', whole)).code, 0);
  const checked = strangersCheck(whole, key);
  assert.equal(checked.status, 0, checked.err);
  assert.match(checked.out, /^proven up to entry \d+ of \d+\n$/);
  const lines = readFileSync(whole, 'utf8').split('\n');
  const changed = join(folder, 'changed.jsonl');
  writeFileSync(changed, lines.map((line, at) => (at === 9 ? line.replace('"entry":"{', '"entry":"{ ') : line)).join('\n'));
  assert.match(strangersCheck(changed, key).err, /was changed/);
  writeFileSync(changed, lines.filter((_, at) => at !== 9).join('\n'));
  assert.match(strangersCheck(changed, key).err, /is missing/);
  assert.notEqual(strangersCheck(whole, otherKey).status, 0, 'another key');
});

test('a range goes on to the checkpoint that signs its last entry', async () => {
  const all = (await audit('export', made.folder)).out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as { seq: number; entry: string });
  const times = all.map(({ entry }) => (JSON.parse(entry) as { at: number }).at);
  const [since, until] = [times[Math.floor(times.length / 3)] ?? 0, times[Math.floor(times.length / 2)] ?? 0].map((at) =>
    new Date(at).toISOString(),
  );
  const { out, err } = await audit('export', made.folder, '--since', String(since), '--until', String(until));
  const lines = out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as { seq: number; entry: string });
  const seqs = lines.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    Array.from({ length: seqs.length }, (_, at) => (seqs[0] ?? 0) + at),
  );
  assert.ok(seqs.length > 0 && seqs.length < all.length);
  assert.equal((JSON.parse(lines.at(-1)?.entry ?? '{}') as { type: string }).type, 'checkpoint');
  assert.match(err, /the last is a checkpoint that signs them/);
  if (!hasPython) return;
  writeFileSync(join(folder, 'range.jsonl'), out);
  assert.equal(strangersCheck(join(folder, 'range.jsonl'), key).status, 0);
});

test('an export never goes over a file that is there', async () => {
  writeFileSync(join(folder, 'there.jsonl'), 'mine');
  assert.equal((await audit('export', made.folder, '--out', 'there.jsonl')).code, 3);
  assert.equal(readFileSync(join(folder, 'there.jsonl'), 'utf8'), 'mine');
});

test('the page lists every finding with what it means', () => {
  const page = readFileSync(join(ROOT, 'docs/audit.md'), 'utf8');
  const rows = Object.entries(findingMeanings).map(([code, means]) => `| \`${code}\` | ${means} |`);
  const listed = page.split('\n').filter((line) => /^\| `[a-z_]+` \| (?!`)/.test(line));
  assert.deepEqual(listed, rows);
});

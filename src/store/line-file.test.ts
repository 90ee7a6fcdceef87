import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LineFile } from './line-file.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-lines-'));
after(() => rmSync(root, { recursive: true }));
let made = 0;
const freshPath = (): string => join(root, `file-${made++}.jsonl`);
const textOf = (path: string): string => readFileSync(path, 'utf8');
const large = { rotateBytes: 1_000_000, keep: 8 };

test('it is for its owner only, and a last line that a crash cut goes away', async () => {
  const path = freshPath();
  writeFileSync(path, 'whole\n', { mode: 0o644 });
  appendFileSync(path, `half of one ${'x'.repeat(200_000)}`);
  const file = await LineFile.open(path, large);
  await file.append('next\n');
  await file.close();
  assert.equal(textOf(path), 'whole\nnext\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a file is put aside before it grows too large, and the oldest goes', async () => {
  const path = freshPath();
  const file = await LineFile.open(path, { rotateBytes: 25, keep: 3 });
  for (let line = 0; line < 20; line++) await file.append(`line-${10 + line}\n`);
  await file.close();
  const kept = ['.3', '.2', '.1', ''].map((suffix) => textOf(path + suffix));
  for (const text of kept) assert.ok(text.length <= 25);
  assert.equal(existsSync(`${path}.4`), false);
  assert.equal(
    kept.join(''),
    Array.from({ length: 20 }, (_, line) => `line-${10 + line}\n`)
      .join('')
      .slice(-kept.join('').length),
  );
});

test('a rotation that keeps failing does not push older files over the edge, and goes on once it can', async () => {
  const path = freshPath();
  const file = await LineFile.open(path, { rotateBytes: 4, keep: 4 });
  for (const line of ['a', 'b', 'c']) await file.append(`${line}\n\n`);
  for (const number of [3, 4]) mkdirSync(join(`${path}.${number}`, 'x'), { recursive: true });
  for (let tries = 0; tries < 10; tries++) await assert.rejects(file.append('lost\n'));
  assert.deepEqual([`${path}.2`, `${path}.1`, path].map(textOf), ['a\n\n', 'b\n\n', 'c\n\n']);
  for (const number of [3, 4]) rmSync(`${path}.${number}`, { recursive: true });
  await file.append('next\n');
  await file.close();
  assert.equal(textOf(path), 'next\n');
});

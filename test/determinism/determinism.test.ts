import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

/**
 * The same cases are decided by processes that differ in time zone, language, date and order of keys, and by one that has only the
 * log: facts, policy and what happened are all that a decision depends on.
 */
const run = promisify(execFile);
const seed = process.env['SEED'] ?? '20260101';
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-determinism-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly hash: string;
  readonly cases: number;
  readonly walked: number;
  readonly hour: number;
  readonly text: string;
}

async function child(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, program), ...args], {
    env: { PATH: process.env['PATH'], ...env },
  });
  return JSON.parse(stdout);
}

test('decisions depend on facts, policy and what happened, and on nothing else', { timeout: 120_000 }, async (t) => {
  t.diagnostic(`seed ${seed} (set SEED to repeat another)`);
  const log = join(folder, 'here.jsonl');
  const [here, there] = await Promise.all([
    child('decide-cases.ts', [seed, '1', '0', log], { TZ: 'UTC', LANG: 'C' }),
    child('decide-cases.ts', [seed, '99', '1893456000000', join(folder, 'there.jsonl')], {
      TZ: 'Asia/Kolkata',
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
    }),
  ]);
  assert.notEqual(here.hour, there.hour, 'the two processes live at different times');
  assert.notEqual(here.text, there.text, 'and speak different languages');
  assert.equal(here.cases, 5_000);
  assert.ok(here.walked > 2_000, `only ${here.walked} walks`);
  assert.equal(there.hash, here.hash);
  const replayed = await child('replay-cases.ts', [log]);
  assert.deepEqual([replayed.cases, replayed.hash], [here.cases, here.hash]);
});

/** The bench runs: its processes start, answer each other and end, and it prints a figure for each subject. What the figures are is not asked here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from '#scripts/tree.ts';

const nginx = spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;

const namesOf = (subject: string, share: number): readonly string[] => {
  const args = ['bench/run.bench.ts', '--json', '--only', subject, '--rounds', '1', '--share', String(share)];
  const run = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
  assert.equal(run.status, 0, run.stderr);
  const lines = run.stdout.split('\n').filter((line) => line.startsWith('{'));
  const figures = lines.map((line) => JSON.parse(line) as { readonly name: string; readonly median: number });
  for (const { name, median } of figures) assert.ok(Number.isFinite(median), `${name} is ${median}`);
  return figures.map(({ name }) => name);
};

test('whole answers are measured beside the reference', { skip: nginx ? false : 'nginx is not installed' }, () => {
  assert.deepEqual(namesOf('request', 0.0025), [
    'request, gateway',
    'request, reference',
    'request, times the reference',
    'request, a bare proxy',
    'request, the record’s thread',
    'request, the record in all',
  ]);
});

test('streamed events are measured beside the reference', { skip: nginx ? false : 'nginx is not installed' }, () => {
  assert.deepEqual(namesOf('event', 0.02), ['event, gateway', 'event, reference', 'event, times the reference', 'event, a bare proxy']);
});

test('the time to the first token is measured', () => {
  assert.deepEqual(namesOf('first-token', 0.02), ['first token, added, p50', 'first token, added, p99']);
});

test('a subject that there is not ends the bench', () => {
  const run = spawnSync(process.execPath, ['bench/run.bench.ts', '--only', 'everything'], { cwd: ROOT, encoding: 'utf8' });
  assert.notEqual(run.status, 0);
  assert.match(run.stderr, /no subject everything; there are decision, request/);
});

/** Help, slips of the pen and exit codes of the command line. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '#scripts/tree.ts';
import { place, runChild, runHere } from './cli-stage.ts';

const commands = [
  'up',
  'init',
  'check',
  'doctor',
  'explain',
  'ask',
  'connect',
  'status',
  'top',
  'keys',
  'drain',
  'undrain',
  'reload',
  'demo',
  'fake-upstream',
  'service',
  'install',
];
const nested = [
  ['keys', 'new'],
  ['keys', 'list'],
  ['keys', 'revoke'],
  ['demo', 'break'],
  ['demo', 'mend'],
];

test('the program run as a process: help on standard output, exit code 0', (t) => {
  const { code, out, err } = runChild(['--help'], place(t));
  assert.deepEqual([code, err], [0, '']);
  for (const command of commands) assert.match(out, new RegExp(`^  ${command} `, 'm'));
  assert.match(out, /Exit codes: 0 ok, 1 violated .*, 2 invalid .*, 3 cannot start/);
});

test('no command at all is a question for help', async (t) => {
  const [bare, asked] = [await runHere([], place(t)), await runHere(['help'], place(t))];
  assert.deepEqual([bare.code, asked.code], [0, 0]);
  assert.equal(bare.out, asked.out);
});

test('every command has help with examples', async (t) => {
  const at = place(t);
  for (const command of [...commands.map((name) => [name]), ...nested]) {
    const { code, out, err } = await runHere([...command, '--help'], at);
    assert.deepEqual([code, err], [0, ''], command.join(' '));
    assert.match(out, /^Examples:\n {2}\S/m, command.join(' '));
  }
});

test('the page of the command line names every command and every exit code', () => {
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  for (const name of [...commands, ...nested.map((words) => words.join(' '))]) assert.ok(page.includes(`\`${name}`), name);
  for (const code of [0, 1, 2, 3]) assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'));
});

test('a slip of the pen is one line with what was meant, and exit code 2', async (t) => {
  const at = place(t);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['chek'], 'gatehouse: unknown command "chek". Did you mean "check"?\n'],
    [['keys', 'nwe'], 'gatehouse: unknown command "nwe". Did you mean "new"?\n'],
    [['explain', 'hi', '--bussy', 'x'], 'gatehouse: unknown option "--bussy". Did you mean "--busy"?\n'],
    [['ask'], 'gatehouse: missing required argument "text"\n'],
    [['explain'], 'gatehouse: explain what? Give a text, or --file <request.json>\n'],
    [['up', '--listen', 'nowhere'], 'gatehouse: --listen: "nowhere" is no place to listen; write 127.0.0.1:8484\n'],
  ];
  for (const [args, err] of cases) assert.deepEqual(await runHere(args, at), { code: 2, out: '', err }, args.join(' '));
});

test('what needs a running house says that none runs, and exit code 3', async (t) => {
  const at = place(t);
  for (const args of [
    ['status'],
    ['top'],
    ['ask', 'hi'],
    ['drain', 'x'],
    ['reload'],
    ['demo', 'break', 'spark'],
    ['explain', 'hi', '--live'],
  ]) {
    const { code, out, err } = await runHere(args, at);
    assert.deepEqual([code, out], [3, ''], args.join(' '));
    assert.match(err, /^gatehouse: no gatehouse is running with the data folder .*; start one with: gatehouse up\n$/);
  }
});

test('colours are for terminals, and not where NO_COLOR is set', async (t) => {
  const at = place(t);
  const colour = (text: string): boolean => text.includes('\u001B[');
  assert.equal(colour((await runHere(['explain', 'refactor'], at)).out), false);
  assert.equal(colour((await runHere(['explain', 'refactor'], at, true)).out), true);
  assert.equal(colour((await runHere(['explain', 'refactor'], { ...at, env: { ...at.env, NO_COLOR: '1' } }, true)).out), false);
});

/** The launcher at the root, run against a copy of the tree whose `main.ts` only says how it was started. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '#scripts/tree.ts';

const base = mkdtempSync(join(tmpdir(), 'gatehouse launcher '));
after(() => rmSync(base, { recursive: true, force: true }));

const MAIN = `console.log(JSON.stringify({ argv: process.argv.slice(2), flags: process.execArgv, cache: process.env.NODE_COMPILE_CACHE, cwd: process.cwd(), node: process.versions.node }));`;

interface Said {
  readonly argv: readonly string[];
  readonly flags: readonly string[];
  readonly cache: string;
  readonly cwd: string;
  readonly node: string;
}

/** A project folder with a space in its name, a home, and a `bin` folder that is all of PATH beside the system's own tools. */
function house(name: string): { root: string; home: string; bin: string } {
  const root = join(base, name, 'my house');
  const [home, bin] = [join(base, name, 'home'), join(base, name, 'bin')];
  for (const folder of [join(root, 'src'), home, bin]) mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, 'gatehouse'), join(root, 'gatehouse'));
  chmodSync(join(root, 'gatehouse'), 0o755);
  writeFileSync(join(root, 'src/main.ts'), MAIN);
  for (const tool of ['readlink', 'dirname', 'uname', 'mkdir', 'ln', 'sh']) {
    const found = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, tool))
      .find((path) => existsSync(path));
    if (found !== undefined) symlinkSync(found, join(bin, tool));
  }
  return { root, home, bin };
}

function run(command: string, args: readonly string[], options: { home: string; bin: string; cwd?: string; env?: Record<string, string> }) {
  const env = { HOME: options.home, PATH: options.bin, ...options.env };
  return spawnSync(command, args, { cwd: options.cwd ?? base, env, encoding: 'utf8' });
}

const said = (stdout: string): Said => JSON.parse(stdout) as Said;
const useNode = (folder: string, target: string = process.execPath): void => symlinkSync(target, join(folder, 'node'));

/** A `node` that is some other version. */
function oldNode(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\necho v20.20.2\n', { mode: 0o755 });
}

test('starts main.ts through a chain of links, from another folder, with arguments as they are', () => {
  const { root, home, bin } = house('links');
  mkdirSync(join(root, 'node_modules'));
  useNode(bin);
  symlinkSync(join(root, 'gatehouse'), join(base, 'links', 'one'));
  symlinkSync('one', join(base, 'links', 'two'));
  const result = run(join(base, 'links', 'two'), ['ask', 'two  words', '$HOME', ''], { home, bin, cwd: home });
  assert.equal(result.stderr, '');
  const { argv, flags, cwd } = said(result.stdout);
  assert.deepEqual(argv, ['ask', 'two  words', '$HOME', '']);
  assert.equal(cwd, home);
  assert.ok(flags.includes('--disable-proto=delete') && flags.includes('--disallow-code-generation-from-strings'));
});

test('prefers the project’s own Node to an older one on PATH, and an own Node that does not start to none', () => {
  const { root, home, bin } = house('own');
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const own = join(root, `node_modules/node-linux-${arch}/bin`);
  mkdirSync(own, { recursive: true });
  oldNode(join(bin, 'node'));
  useNode(own);
  assert.equal(said(run(join(root, 'gatehouse'), [], { home, bin }).stdout).node, process.versions.node);
  rmSync(join(own, 'node'));
  writeFileSync(join(own, 'node'), 'not a program', { mode: 0o755 });
  assert.equal(run(join(root, 'gatehouse'), [], { home, bin }).status, 3);
  rmSync(join(bin, 'node'));
  useNode(bin);
  assert.equal(run(join(root, 'gatehouse'), [], { home, bin }).status, 0);
});

test('says one line and exits 3 when Node is missing or too old, and when the packages are', () => {
  const { root, home, bin } = house('missing');
  const needsNode = `gatehouse: needs Node 24 or newer; run \`npm ci\` in ${root}, or install Node 24\n`;
  const without = run(join(root, 'gatehouse'), ['up'], { home, bin });
  assert.deepEqual([without.status, without.stdout, without.stderr], [3, '', needsNode]);
  oldNode(join(bin, 'node'));
  const old = run(join(root, 'gatehouse'), ['up'], { home, bin });
  assert.deepEqual([old.status, old.stderr], [3, needsNode]);
  rmSync(join(bin, 'node'));
  useNode(bin);
  const bare = run(join(root, 'gatehouse'), ['up'], { home, bin });
  assert.deepEqual([bare.status, bare.stderr], [3, `gatehouse: its packages are missing; run \`npm ci\` in ${root}\n`]);
});

test('keeps its compile cache in the data folder, which only the owner may read', () => {
  const { root, home, bin } = house('cache');
  mkdirSync(join(root, 'node_modules'));
  useNode(bin);
  const cacheOf = (args: string[], env: Record<string, string> = {}): string =>
    said(run(join(root, 'gatehouse'), args, { home, bin, env }).stdout).cache;
  const usual = join(home, '.local/share/gatehouse');
  assert.equal(cacheOf(['up']), join(usual, 'compile-cache'));
  assert.equal(statSync(usual).mode & 0o777, 0o700);
  assert.equal(cacheOf(['up'], { XDG_DATA_HOME: join(home, 'xdg') }), join(home, 'xdg/gatehouse/compile-cache'));
  assert.equal(cacheOf(['up', '--data', join(home, 'a b')]), join(home, 'a b/compile-cache'));
  assert.equal(cacheOf([`--data=${join(home, 'c')}`, 'up']), join(home, 'c/compile-cache'));
  assert.equal(cacheOf(['ask', '--', '--data', join(home, 'd')]), join(usual, 'compile-cache'));
  assert.equal(existsSync(join(home, 'd')), false);
});

test('install links it into ~/.local/bin once, says when that is not on PATH, and overwrites nothing of others', () => {
  const { root, home, bin } = house('install');
  const link = join(home, '.local/bin/gatehouse');
  const first = run(join(root, 'gatehouse'), ['install'], { home, bin });
  assert.equal(first.status, 0);
  assert.equal(readlinkSync(link), join(root, 'gatehouse'));
  assert.match(first.stdout, /is not on your PATH/);
  const again = run(link, ['install'], { home, bin: `${bin}:${dirname(link)}` });
  assert.deepEqual([again.status, again.stdout], [0, `${link} is in place\n`]);
  rmSync(link);
  writeFileSync(link, 'somebody’s own');
  const refused = run(join(root, 'gatehouse'), ['install'], { home, bin });
  assert.equal(refused.status, 3);
  assert.match(refused.stderr, /exists and is not a link/);
});

test('parses under the strictest shell there is here', () => {
  for (const shell of ['sh', 'dash', 'bash', 'busybox']) {
    const result = spawnSync(shell, [...(shell === 'busybox' ? ['sh'] : []), '-n', join(ROOT, 'gatehouse')], { encoding: 'utf8' });
    if (result.error === undefined) assert.equal(result.stderr, '', shell);
  }
});

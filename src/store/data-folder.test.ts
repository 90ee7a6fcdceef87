import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { readDrains, writeDrains } from './drains.ts';
import { isStartProblem } from './ports.ts';
import type { StartProblem } from './ports.ts';
import { privateFiles } from './private-files.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-folder-'));
after(() => rmSync(root, { recursive: true }));
let made = 0;
const freshPath = (): string => join(root, `folder-${made++}`);

async function opened(path: string): Promise<DataFolder> {
  const folder = await openDataFolder(path);
  assert.ok(!isStartProblem(folder), JSON.stringify(folder));
  return folder;
}

async function problemOf(path: string): Promise<StartProblem> {
  const folder = await openDataFolder(path);
  assert.ok(isStartProblem(folder), 'it was opened');
  return folder;
}

test('a folder is made for its owner only, with what is above it', async () => {
  const path = join(freshPath(), 'deep', 'data');
  const folder = await opened(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o077, 0, name);
  folder.close();
});

test('a folder that others can look into is refused, with what to do', async () => {
  for (const mode of [0o750, 0o705, 0o777, 0o710]) {
    const path = freshPath();
    mkdirSync(path);
    chmodSync(path, mode);
    const { problem, remedy } = await problemOf(path);
    assert.match(problem, new RegExp(`mode ${mode.toString(8)}`));
    assert.equal(remedy, `chmod 700 ${path}`);
  }
});

test('a folder of another user is refused', { skip: process.getuid?.() !== 0 && 'only root can give a folder away' }, async () => {
  const path = freshPath();
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, 4_242, 4_242);
  assert.match((await problemOf(path)).problem, /belongs to another user \(id 4242; this is 0\)/);
});

test('a file, a path under a file and a link to nowhere are no folder', async () => {
  const file = freshPath();
  writeFileSync(file, '');
  assert.match((await problemOf(file)).problem, /is not a folder/);
  assert.match((await problemOf(join(file, 'data'))).problem, /is not a folder/);
  const link = freshPath();
  symlinkSync(join(root, 'nowhere'), link);
  await problemOf(link);
});

test('one holder at a time: a second open says who has it, and works after a close', async () => {
  const path = freshPath();
  const first = await opened(path);
  const { problem, remedy } = await problemOf(path);
  assert.match(problem, new RegExp(`another gatehouse \\(process ${process.pid}\\)`));
  assert.match(remedy, /stop it first/);
  // A refused attempt must not have loosened the first one's hold.
  await problemOf(path);
  first.close();
  first.close();
  (await opened(path)).close();
});

test('a link to the folder is the same folder', async () => {
  const path = freshPath();
  const first = await opened(path);
  const link = freshPath();
  symlinkSync(path, link);
  assert.match((await problemOf(link)).problem, /another gatehouse/);
  first.close();
});

test('another process is kept out while one holds the folder, and let in when that one is killed', async () => {
  const path = freshPath();
  const script = `
    const { openDataFolder } = await import('#store/data-folder.ts');
    const open = async () => 'problem' in (await openDataFolder(${JSON.stringify(path)}));
    // Neither a second open, nor nobody looking after the folder any more, may drop the lock: the kernel does when a handle is closed.
    const refused = [await open(), await open()];
    await new Promise(setImmediate);
    gc();
    await new Promise(setImmediate);
    process.stdout.write(refused.join());
    setInterval(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  });
  try {
    const [said] = await once(child.stdout, 'data');
    assert.equal(String(said), 'false,true');
    assert.match((await problemOf(path)).problem, new RegExp(`process ${child.pid}`));
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  (await opened(path)).close();
});

test('a state file holds the old text or the new one, and leaves no drafts', async () => {
  const path = freshPath();
  mkdirSync(path, { mode: 0o700 });
  const files = privateFiles(path);
  assert.deepEqual(await files.read('state'), { text: null });
  await Promise.all(['one', 'two', 'three'].map((text) => files.write('state', text)));
  assert.deepEqual(await files.read('state'), { text: 'three' });
  assert.deepEqual(readdirSync(path), ['state']);
  assert.equal(statSync(join(path, 'state')).mode & 0o777, 0o600);
  mkdirSync(join(path, 'blocked'));
  writeFileSync(join(path, 'blocked', 'x'), '');
  await assert.rejects(files.write('blocked', 'text'));
  await files.write('state', 'four');
  assert.deepEqual(await files.read('state'), { text: 'four' });
  assert.deepEqual(readdirSync(path).toSorted(), ['blocked', 'state']);
});

test('a state file that others may use, or that is a link or a folder, is refused', async () => {
  const path = freshPath();
  mkdirSync(path, { mode: 0o700 });
  const files = privateFiles(path);
  await files.write('loose', 'x');
  chmodSync(join(path, 'loose'), 0o644);
  symlinkSync(join(path, 'loose'), join(path, 'link'));
  mkdirSync(join(path, 'folder'));
  for (const [name, said] of [
    ['loose', /mode 644/],
    ['link', /is a link/],
    ['folder', /is not a file/],
  ] as const) {
    const found = await files.read(name);
    assert.ok(isStartProblem(found), name);
    assert.match(found.problem, said);
    assert.notEqual(found.remedy, '');
  }
});

test('drains outlive a restart; a spoilt list is refused, not forgotten', async () => {
  const folder = await opened(freshPath());
  assert.deepEqual(await readDrains(folder.files), []);
  const drains = [
    { type: 'route', name: 'code' },
    { type: 'upstream', name: 'spark' },
  ] as const;
  await writeDrains(folder.files, drains);
  assert.deepEqual(await readDrains(folder.files), drains);
  for (const text of ['', '{}', '[{"type":"machine","name":"x"}]', '[{"type":"route"}]', '[null]']) {
    await folder.files.write('drains.json', text);
    const found = await readDrains(folder.files);
    assert.ok('remedy' in found, text);
  }
  folder.close();
  assert.ok(existsSync(join(folder.path, 'drains.json')));
});

/** What the pages for contributors say of the code, held against the code: import table, stages, rooms, commands. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { ROOMS } from '#scripts/import-table.ts';
import type { Room } from '#scripts/import-table.ts';
import { ROOT, listFiles } from '#scripts/tree.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const agents = read('AGENTS.md');
const pages = ['AGENTS.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'SECURITY.md'];

/** The lines of one `## ` section. */
function section(text: string, title: string): readonly string[] {
  const [, after] = text.split(`\n## ${title}\n`);
  assert.ok(after !== undefined, `there is no section "${title}"`);
  return (after.split(/^## /m)[0] ?? '').split('\n');
}

/** The rows of the section's table, head and rule left out. */
const rowsOf = (text: string, title: string): readonly string[] =>
  section(text, title)
    .filter((line) => line.startsWith('|'))
    .slice(2);

/** The names in code quotes of a row's cell, counted from 0. */
const named = (row: string, cell: number): readonly string[] =>
  [...(row.split('|')[cell + 1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** A room of the import table as the page writes it. */
function rowFor(room: Room): string {
  const closed = (room.closed ?? []).map((path) => ` but \`${path}\``).join('');
  const own = room.own.length === 0 ? '–' : room.own.length === 1 && room.own[0] === `${room.name}/` ? 'all' : quoted(room.own) + closed;
  const rooms = room.rooms === 'all' ? 'everything' : room.rooms.length === 0 ? 'nothing' : quoted(room.rooms);
  const packages = room.packages.length === 0 ? '–' : quoted(room.packages);
  const node = room.node.map((name) => (name.startsWith('node:') ? `\`${name}\`` : name)).join(', ');
  return `| \`${room.name}\` | ${own} | ${rooms} | ${packages} | ${node} | ${room.world} |`;
}

test('the import table of AGENTS.md is the one the linter enforces, room by room', () => {
  assert.ok(ROOMS.length > 10);
  assert.deepEqual(rowsOf(agents, 'Who may import whom'), ROOMS.map(rowFor));
});

test('the pages name the nine stages in the order in which the pipeline runs them', () => {
  const names = ['receive', 'identify', 'classify', 'plan', 'admit', 'call', 'judge', 'record', 'respond'];
  const files = names.map((name) => `src/gateway/stages/${name}.ts`);
  const there = listFiles('src/gateway/stages').filter((path) => !path.endsWith('.test.ts'));
  assert.deepEqual(there, files.toSorted());
  const order = names.join(' → ');
  assert.ok(read('src/gateway/pipeline.ts').includes(order), 'the pipeline says its own order');
  assert.ok(agents.includes(`\`${order}\``), 'AGENTS.md says it');
  assert.deepEqual(
    rowsOf(read('ARCHITECTURE.md'), 'Nine stages').map((row) => named(row, 1)[0]),
    files,
  );
});

test('ARCHITECTURE.md has a row for every folder of src/', () => {
  const folders = new Set(
    listFiles('src')
      .map((path) => path.split('/'))
      .flatMap(([, folder, ...rest]) => (folder !== undefined && rest.length > 0 ? [folder] : [])),
  );
  assert.ok(folders.size > 10);
  const rows = rowsOf(read('ARCHITECTURE.md'), 'Rooms').flatMap((row) => named(row, 0).slice(0, 1));
  assert.deepEqual(rows.toSorted(), [...folders].toSorted());
});

test('every npm command that the pages name is a script of package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  const commands = pages.flatMap((page) =>
    [...read(page).matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map((match) => ({ page, name: match[1] ?? match[2] ?? '' })),
  );
  assert.ok(commands.length > 5);
  assert.deepEqual(
    commands.filter(({ name }) => !Object.hasOwn(scripts, name)),
    [],
  );
  const shown = new Set(commands.filter(({ page }) => page === 'AGENTS.md').map(({ name }) => name));
  assert.deepEqual(
    Object.keys(scripts).filter((name) => !shown.has(name)),
    [],
    'AGENTS.md says what each script is for',
  );
});

test('the paths of the recipes are there', () => {
  const paths = section(agents, 'Recipes').flatMap((line) =>
    [...line.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/?)`/g)].map((match) => match[1] ?? ''),
  );
  const files = listFiles('');
  const ours = paths.filter((path) => path.includes('/') || /\.(md|json)$/.test(path));
  assert.ok(ours.length > 15);
  assert.deepEqual(
    ours.filter((path) => !files.some((file) => file === path || file.startsWith(path.endsWith('/') ? path : `${path}/`))),
    [],
  );
});

test('AGENTS.md is short and ages slowly; CLAUDE.md points at it', () => {
  assert.ok(agents.split('\n').length <= 121, 'at most 120 lines');
  assert.deepEqual(agents.match(/\bv?\d+\.\d+\.\d+\b|\b(?:Node|TypeScript|undici|zod) \d+/g), null, 'no version numbers');
  const claude = read('CLAUDE.md').trimEnd().split('\n');
  assert.equal(claude.length, 1);
  assert.match(claude[0] ?? '', /AGENTS\.md/);
});

test('the pages for contributors hold no counts that go stale', () => {
  for (const page of ['AGENTS.md', 'CONTRIBUTING.md']) {
    assert.doesNotMatch(read(page), /\b\d+ (?:tests|mutants|files|errors|scenarios)\b/, basename(page));
  }
});

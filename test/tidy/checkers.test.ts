/**
 * Every checker can fail: each is run as `npm run check` runs it, on a copy with planted violations, and has to name every one. The
 * same copy without them passes, so that it is the violations that turn it red.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { copyTree } from '#scripts/copy-tree.ts';

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

const copies: string[] = [];
after(() => copies.forEach((copy) => rmSync(copy, { recursive: true, force: true })));

function check(root: string, names: readonly string[]): Promise<Outcome> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ['scripts/check.ts', ...names.flatMap((name) => ['--only', name])], { cwd: root, env });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}

function plant(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const MANIFEST = {
  name: 'small',
  private: true,
  type: 'module',
  imports: { '#scripts/*': './scripts/*', '#*': './src/*' },
  scripts: { check: 'node scripts/check.ts', format: 'oxfmt .' },
  devDependencies: { '@types/node': '0', knip: '0', oxfmt: '0', oxlint: '0', typescript: '0', 'oxlint-tsgolint': '0' },
};

/** A project of three files under the house's own configuration. */
function smallTree(): string {
  const configuration = ['.oxfmtrc.json', 'knip.json', 'tsconfig.json', 'oxlint.config.ts', 'src/core/tsconfig.json'];
  const scripts = ['check', 'tree', 'hardening', 'import-table', 'knip-count'].map((name) => `scripts/${name}.ts`);
  const root = copyTree({ only: [...configuration, ...scripts] });
  copies.push(root);
  plant(root, {
    'package.json': `${JSON.stringify(MANIFEST, null, 2)}\n`,
    'src/core/double.ts': 'export const double = (n: number): number => n * 2;\n',
    'src/gateway/call.ts': "import { double } from '#core/double.ts';\n\nexport const call = (n: number): number => double(n);\n",
    'src/main.ts': "import { call } from '#gateway/call.ts';\n\nconsole.log(call(1));\n",
  });
  return root;
}

test('a small tree under the same configuration passes', async () => {
  const { status, output } = await check(smallTree(), ['format', 'lint', 'types', 'core-types', 'dead-code']);
  assert.equal(status, 0, output);
  assert.equal(output.match(/^ok /gm)?.length, 5);
});

const LINT: readonly { path: string; text: string; rules: readonly string[] }[] = [
  { path: 'src/core/any.ts', text: 'export const a = (x: any): void => x;\n', rules: ['no-explicit-any'] },
  { path: 'src/core/default.ts', text: 'export default 1;\n', rules: ['no-default-export'] },
  {
    path: 'src/core/clock.ts',
    text: 'export const now = () => [Date, Math.random()];\n',
    rules: ['no-restricted-globals', 'no-restricted-properties'],
  },
  { path: 'src/core/file.ts', text: "export { readFileSync } from 'node:fs';\n", rules: ['no-restricted-imports'] },
  { path: 'src/core/up.ts', text: "export { call } from '#gateway/call.ts';\n", rules: ['no-restricted-imports'] },
  { path: 'src/core/deep/out.ts', text: "export { double } from '../double.ts';\n", rules: ['no-restricted-imports'] },
  { path: 'src/core/deep/out.test.ts', text: "export { double } from '../double.ts';\n", rules: ['no-restricted-imports'] },
  { path: 'src/core/cycle-a.ts', text: "import { b } from './cycle-b.ts';\nexport const a = (): number => b();\n", rules: ['no-cycle'] },
  { path: 'src/core/cycle-b.ts', text: "import { a } from './cycle-a.ts';\nexport const b = (): number => a();\n", rules: ['no-cycle'] },
  { path: 'src/core/long.ts', text: `export const rows = [\n${'  1,\n'.repeat(500)}];\n`, rules: ['max-lines'] },
  { path: 'src/core/function.ts', text: `export function f(): void {\n${'  f();\n'.repeat(70)}}\n`, rules: ['max-lines-per-function'] },
  { path: 'src/gateway/client.ts', text: "export { request } from 'undici';\n", rules: ['no-restricted-imports'] },
  { path: 'src/gateway/timer.ts', text: 'export const t = setTimeout(() => {}, 1);\n', rules: ['no-restricted-globals'] },
  { path: 'src/gateway/dynamic.ts', text: "export const net = () => import('node:net');\n", rules: ['no-restricted-imports'] },
  {
    path: 'src/gateway/floating.ts',
    text: 'const f = async () => 1;\nexport const g = (): void => {\n  f();\n};\n',
    rules: ['no-floating-promises'],
  },
  {
    path: 'src/gateway/misused.ts',
    text: 'export const f = (xs: number[]): void => xs.forEach(async () => {});\n',
    rules: ['no-misused-promises'],
  },
  { path: 'src/upstreams/one/one.ts', text: "export { two } from '#upstreams/two/two.ts';\n", rules: ['no-restricted-imports'] },
  { path: 'src/upstreams/two/two.ts', text: "export const two = fetch('x');\n", rules: ['no-restricted-globals'] },
  {
    path: 'src/http/env.ts',
    text: 'export const env = process.env;\nconsole.log(env);\n',
    rules: ['no-restricted-properties', 'no-console'],
  },
  { path: 'src/store/proc.ts', text: "export { spawn } from 'node:child_process';\n", rules: ['no-restricted-imports'] },
  {
    path: 'src/control/db.ts',
    text: "export { DatabaseSync } from 'node:sqlite';\nexport { z } from 'zod';\n",
    rules: ['no-restricted-imports'],
  },
  {
    path: 'src/cli/odd.ts',
    text: "import { Room } from '#scripts/import-table.ts';\nexport type R = Room;\n",
    rules: ['no-restricted-imports', 'consistent-type-imports'],
  },
];

test('the linter names every planted violation', async () => {
  const root = smallTree();
  plant(root, Object.fromEntries(LINT.map(({ path, text }) => [path, text])));
  const { status, output } = await check(root, ['lint']);
  assert.equal(status, 1);
  // The linter prints a rule and then the place: `x rule: message` over `,-[path:line:column]`.
  const said = [...output.matchAll(/[(]([\w-]+)[)]:[^\n]*\n[^\n]*?\[([^\]\n]+?):\d+:\d+\]/g)].map((match) => `${match[2]} ${match[1]}`);
  const missing = LINT.flatMap(({ path, rules }) => rules.map((rule) => `${path} ${rule}`)).filter((wanted) => !said.includes(wanted));
  assert.deepEqual(missing, [], `not reported: ${missing.join(', ')}\n${output}`);
});

test('formatter, compiler and dead-code check name theirs', async () => {
  const root = smallTree();
  plant(root, {
    'src/ugly.ts': 'export const  x = "1"\n',
    'src/wrong.ts': "export const n: number = 'one';\n",
    'src/enum.ts': 'export enum E {\n  A,\n}\n',
    'src/core/host.ts': 'export const host = [process, URL, Buffer, setTimeout];\n',
    'src/core/double.ts': 'export const double = (n: number): number => n * 2;\nexport const neverUsed = 1;\n',
    'package.json': JSON.stringify({ ...MANIFEST, dependencies: { yaml: '0' } }),
  });
  const { status, output } = await check(root, ['format', 'types', 'core-types', 'dead-code']);
  assert.equal(status, 1);
  assert.equal(output.match(/^FAIL /gm)?.length, 4, output);
  for (const word of [
    /src\/ugly\.ts \(/,
    /src\/wrong\.ts.*TS2322/,
    /src\/enum\.ts.*TS1294/,
    /src\/core\/host\.ts.*'process'/,
    /'URL'/,
    /'Buffer'/,
    /'setTimeout'/,
  ]) {
    assert.match(output, word);
  }
  for (const word of [/^ *src\/ugly\.ts *$/m, /neverUsed/, /yaml +package\.json/]) assert.match(output, word);
});

test('a checker that looks past the files fails, content as it is', async () => {
  const root = smallTree();
  plant(root, {
    'oxlint.config.ts': "export default { ignorePatterns: ['src/**', '**/node_modules'] };\n",
    '.oxfmtrc.json': '{ "ignorePatterns": ["src/**"], "singleQuote": true, "printWidth": 140 }\n',
    'knip.json': '{ "entry": ["scripts/*.ts"], "project": ["scripts/*.ts"], "ignore": ["src/**"] }\n',
    'tsconfig.json': readFileSync(join(root, 'tsconfig.json'), 'utf8').replace('"src", ', '').replace('"test", ', ''),
    'src/core/tsconfig.json': '{ "extends": "../../tsconfig.json", "include": [], "files": ["double.ts"] }\n',
    'src/core/triple.ts': 'export const triple = 3;\n',
  });
  const { status, output } = await check(root, ['format', 'lint', 'types', 'core-types', 'dead-code']);
  assert.equal(status, 1);
  assert.equal(output.match(/should have seen at least/g)?.length, 5, output);
});

const TIDY: Readonly<Record<string, string>> = {
  'src/core/BadName.ts': 'export const a = 1;\n',
  'src/core/utils/a.ts': 'export const a = 1;\n',
  'src/attic/a.ts': 'export const a = 1;\n',
  'src/core/load.ts': 'export const load = (name: string): unknown => import(name);\n',
  'src/http/when.ts': 'export const when = (): Date => new Date();\n',
  'src/core/pick-provider.ts': 'export const pickProvider = 1;\n',
  'src/core/special.ts': "export const special = 'ollama';\n",
  'src/upstreams/unlisted/unlisted.ts': 'export const unlisted = 1;\n',
  'src/upstreams/registry.ts': 'export const upstreams = [];\n',
  'src/core/quiet.ts': ['// oxlint-', 'disable-next-line\nexport const a = 1;\n'].join(''),
  'src/core/cites.ts': '// As FOUNDING §3 has it.\nexport const a = 1;\n',
  'docs/lost.md': ['See [this](nowhere.md) and `src/nowhere.ts`; run np', 'x gatehouse from /ro', 'ot/house.\n'].join(''),
};

test('tidy names every planted violation', async () => {
  const root = copyTree();
  copies.push(root);
  plant(root, TIDY);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  manifest.dependencies['left-pad'] = '^1.0.0';
  plant(root, { 'package.json': JSON.stringify(manifest), gatehouse: '#!/bin/sh\nexec node src/main.ts\n' });
  const { status, output } = await check(root, ['tidy']);
  assert.equal(status, 1);
  const words = [
    'BadName.ts',
    'utils/a.ts',
    "'attic'",
    'load.ts:1 escapes',
    'when.ts:1 reads',
    'pick-provider.ts:1 has another word',
    'special.ts:1 names a kind',
    'does not list unlisted',
    'quiet.ts:1 is not done here',
    'cites FOUNDING.md',
    'names nowhere.md',
    'names src/nowhere.ts',
    'runs a stranger',
    'is a path of one machine',
    'left-pad has no exact version',
    'does not pass --disable-proto',
  ];
  assert.deepEqual(
    words.filter((word) => !output.includes(word)),
    [],
    output,
  );
});

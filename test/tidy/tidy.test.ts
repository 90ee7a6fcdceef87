/** What no ready-made checker looks at: names, words, registries, exemptions, dependencies, and paths that documents name. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { HARDENING } from '#scripts/hardening.ts';
import { ROOMS } from '#scripts/import-table.ts';
import { ROOT, listFiles } from '#scripts/tree.ts';
import { EMPTY_ENDINGS, EMPTY_NAMES, KIND_NAMES, MAY_NAME_KINDS, MAY_SAY_SYNONYM, SYNONYMS } from './words.ts';

const files = listFiles('').filter((path) => path !== 'package-lock.json');
const texts = new Map(files.filter(isText).map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
const sources = files.filter((path) => path.endsWith('.ts'));
const shipped = sources.filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'));
const documents = files.filter((path) => path.endsWith('.md'));

function isText(path: string): boolean {
  return /\.(ts|json|md|ya?ml|sh|txt|csv|html|css)$/.test(path) || !basename(path).replace(/^\./, '').includes('.');
}

const textOf = (path: string): string => texts.get(path) ?? '';

/** The lines of a file with their numbers, as `path:line` and text. */
function linesOf(path: string): { at: string; text: string }[] {
  return textOf(path)
    .split('\n')
    .map((text, index) => ({ at: `${path}:${index + 1}`, text }));
}

/** Lines that run: the formatter puts every line of a block comment behind a `*`. */
function codeOf(path: string): { at: string; text: string }[] {
  return linesOf(path)
    .filter(({ text }) => !/^\s*(\/\*|\*|\/\/)/.test(text))
    .map(({ at, text }) => ({ at, text: text.replace(/\s\/\/ .*$/, '') }));
}

/** Every line in `paths` that matches, as a list of complaints. */
function complaints(paths: readonly string[], pattern: RegExp, options: { why: string; code?: boolean }): string[] {
  const lines = paths.flatMap((path) => (options.code === true ? codeOf(path) : linesOf(path)));
  return lines.filter(({ text }) => pattern.test(text)).map(({ at, text }) => `${at} ${options.why}: ${text.trim()}`);
}

const escape = (text: string): string => text.replaceAll('.', '\\.');
const none = (problems: readonly string[]): void => assert.deepEqual(problems, [], problems.join('\n'));
const excepted = (path: string, list: readonly { path: string }[]): boolean => list.some((entry) => path.startsWith(entry.path));

test('tidy sees the whole project', () => {
  assert.ok(sources.length > 40, `only ${sources.length} TypeScript files`);
  assert.ok(shipped.length > 30, `only ${shipped.length} files in src/`);
  assert.ok(texts.size >= sources.length);
  console.log(`tidy read ${sources.length} files`);
});

test('files are named in kebab-case', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|gen|config|d))?\.ts$/;
  none(sources.filter((path) => !kebab.test(basename(path))));
});

test('no file or folder has an empty name', () => {
  const empty = (part: string): boolean => EMPTY_NAMES.includes(part) || EMPTY_ENDINGS.some((ending) => part.endsWith(`-${ending}`));
  none(sources.filter((path) => path.split('/').some((part) => empty(part.replace(/\..*$/, '')))));
});

test('every folder of src/ has its row in the import table', () => {
  const rooms = ROOMS.map((room) => room.name);
  const tops = shipped.map((path) => path.split('/').slice(1));
  none([...new Set(tops.filter((parts) => parts.length > 1).map((parts) => parts[0] ?? ''))].filter((folder) => !rooms.includes(folder)));
  none(
    tops
      .filter((parts) => parts.length === 1)
      .map((parts) => `src/${parts[0]}`)
      .filter((path) => !ROOMS.some((room) => room.files.includes(path))),
  );
});

test('code is loaded only in ways the linter can follow', () => {
  const pattern = /\bimport\((?!')|\brequire\(|createRequire|getBuiltinModule|process\.binding|^export \* from/;
  none(complaints(shipped, pattern, { why: 'escapes the import table', code: true }));
});

test('no clock is read through a bare `new Date()`', () => {
  const acting = shipped.filter((path) => !path.startsWith('src/cli/') && !path.startsWith('src/compose/') && path !== 'src/main.ts');
  none(complaints(acting, /\bnew Date\(\)|\bDate\(\)/, { why: 'reads the real clock', code: true }));
});

test('one word per concept', () => {
  const words = new RegExp(`(${Object.keys(SYNONYMS).join('|')})`, 'i');
  none(
    complaints(
      shipped.filter((path) => !excepted(path, MAY_SAY_SYNONYM)),
      words,
      { why: 'has another word in this house', code: true },
    ),
  );
});

test('shared code names no kind', () => {
  const names = new RegExp(`(${KIND_NAMES.map(escape).join('|')})`, 'i');
  none(
    complaints(
      shipped.filter((path) => !excepted(path, MAY_NAME_KINDS)),
      names,
      { why: 'names a kind', code: true },
    ),
  );
});

test('every registry lists every kind beside it', () => {
  const registries = shipped.filter((path) => basename(path) === 'registry.ts');
  const missing = registries.flatMap((registry) => {
    const folder = dirname(registry);
    const inside = shipped.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1).split('/'));
    const kinds = new Set(inside.filter((parts) => parts.length > 1).map((parts) => parts[0] ?? ''));
    return [...kinds].filter((kind) => !textOf(registry).includes(`'./${kind}/`)).map((kind) => `${registry} does not list ${kind}`);
  });
  none(missing);
});

test('there are no exemptions and no notes to self', () => {
  // Spelt with a gap, so that this file does not find itself.
  const marks = [
    'oxlint-|disable',
    'eslint-|disable',
    '@ts-|ignore',
    '@ts-|expect-error',
    '@ts-|nocheck',
    'oxfmt-|ignore',
    'prettier-|ignore',
  ];
  const notes = ['TO|DO', 'FIX|ME', 'XX|X'].map((note) => `\\b${note}\\b`);
  const pattern = new RegExp([...marks, ...notes].map((mark) => mark.replace('|', '')).join('|'));
  none(complaints(sources, pattern, { why: 'is not done here' }));
});

test('nothing tells people to run a package of that name from a registry', () => {
  const words = new RegExp(`\\bn(px|pm exec) (--yes |-y )?gatehouse\\b`);
  none(complaints([...texts.keys()], words, { why: 'runs a stranger’s package' }));
});

test('no path of somebody’s machine is committed', () => {
  const roots = ['root', 'work', 'Users', 'workspace', 'mnt/[a-z]'].map((name) => `/${name}/`);
  const pattern = new RegExp(`(^|[\\s'"\`(=:])(${roots.join('|')})`);
  none(complaints([...texts.keys()], pattern, { why: 'is a path of one machine' }));
});

test('package.json and the lock file are as promised', () => {
  const manifest: Record<string, unknown> = JSON.parse(textOf('package.json'));
  assert.equal(manifest['private'], true);
  const versions = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) => Object.entries(manifest[group] ?? {}));
  none(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version))).map(([name]) => `${name} has no exact version`));
  const runtime = Object.keys(manifest['dependencies'] ?? {});
  const allowed = new Set(ROOMS.flatMap((room) => room.packages));
  assert.deepEqual([...allowed].toSorted(), runtime.toSorted(), 'each dependency has the rooms that may import it, and nothing else does');
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  assert.ok(!lock.includes('"resolved"'), 'the lock file names a registry');
  const documented = [...textOf('docs/dependencies.md').matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? '');
  assert.deepEqual(documented.toSorted(), versions.map(([name]) => name).toSorted(), 'docs/dependencies.md says why, for each dependency');
});

test('the lock file holds every platform of every package, so that `npm ci` works on all of them', () => {
  interface Locked {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Readonly<Record<string, Locked>> };
  const wanted = Object.values(packages).flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}));
  assert.ok(wanted.length > 20);
  none(
    wanted
      .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)))
      .map((name) => `${name} is missing`),
  );
});

test('the shell files are executable and start the server under the flags the tests run with', () => {
  for (const path of ['gatehouse', '.ci/run']) assert.ok((statSync(join(ROOT, path)).mode & 0o111) !== 0, `${path} is not executable`);
  for (const flag of HARDENING) assert.ok(textOf('gatehouse').includes(flag), `./gatehouse does not pass ${flag}`);
});

test('paths and links in documents lead somewhere', () => {
  const exists = (path: string, from: string): boolean => ['', 'src', dirname(from)].some((base) => existsSync(join(ROOT, base, path)));
  const dead = documents.flatMap((path) => {
    const text = textOf(path).replaceAll(/^```[\s\S]*?^```/gm, '');
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^(https?|mailto):/.test(link));
    const paths = [...text.matchAll(/`(?:\.\/)?([\w.-]+(?:\/[\w.-]+)*\/?)`/g)].map((match) => match[1] ?? '').filter(isOurPath);
    return [...links, ...paths].filter((target) => !exists(target, path)).map((target) => `${path} names ${target}, which is not there`);
  });
  none(dead);
});

/** Something in code quotes that can only be a path of this project. */
function isOurPath(text: string): boolean {
  return /\/.*\.(ts|md|ya?ml|json|sh)$/.test(text) || /^(src|test|docs|scripts|bench|examples|\.ci)\//.test(text);
}

test('a comment that cites a document cites one that is here', () => {
  const here = new Set(documents.map((path) => basename(path)));
  const outside = ['HTML.md'];
  const pattern = /\b([A-Z][A-Z_]{3,}) §|(?<!https?:\S*)\b([\w-]+\.md)\b/g;
  const cited = sources
    .filter((path) => !path.startsWith('test/tidy/'))
    .flatMap(linesOf)
    .flatMap(({ at, text }) => [...text.matchAll(pattern)].map((match) => ({ at, name: match[2] ?? `${match[1]}.md` })));
  none(
    cited
      .filter(({ name }) => !here.has(name) && !outside.includes(name))
      .map(({ at, name }) => `${at} cites ${name}; say the rule, or cite a page of docs/`),
  );
});

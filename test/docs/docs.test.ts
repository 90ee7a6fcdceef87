/** The pages of docs/ against the code they speak of: tables both ways, examples by running them, links by following them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { clientNames, settingsFor } from '#cli/connect-settings.ts';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { errorCatalog } from '#core/errors/catalog.ts';
import type { ErrorRow } from '#core/errors/catalog.ts';
import { nextSteps } from '#core/routing/outcome.ts';
import { places, placesNotAsked } from '#discovery/ports.ts';
import { ROOT, listFiles } from '#scripts/tree.ts';
import { LOG_VIEWS } from '#record/log-views.ts';
import { startEntry, terminalEntry } from '#record/spell-entry.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { place, runHere } from '#test/cli/cli-stage.ts';
import { ask, goodKey, startStage } from '#test/http/stage.ts';

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const files = listFiles('');
const pages = files.filter((path) => path.endsWith('.md'));
const tests = files.filter((path) => path.startsWith('test/') && path.endsWith('.test.ts'));

/** The rows of all tables of a text, as trimmed cells; `\|` does not part cells. */
function rowsOf(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/^\| (.*) \|$/gm)].map((match) => (match[1] ?? '').split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

/** The fenced blocks of a text in one language. */
function blocksOf(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => match[1] ?? '');
}

/** Names in code quotes in the first cells of a page's tables. */
function namedIn(text: string): ReadonlySet<string> {
  return new Set(rowsOf(text).flatMap(([first]) => [...(first ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')));
}

test('the page of errors is the catalogue: every code, its status, whether retrying can help', () => {
  const written = rowsOf(textOf('docs/errors.md')).flatMap(([code, status, retry]) =>
    /^`\w+`$/.test(code ?? '') ? [`${code} ${status} ${retry}`] : [],
  );
  const rows: readonly (readonly [string, ErrorRow])[] = Object.entries(errorCatalog);
  const known = rows.map(([code, row]) => `\`${code}\` ${row.status} ${row.retry ? 'yes' : 'no'}`);
  assert.deepEqual(written.toSorted(), known.toSorted());
});

test('the page of the API has every endpoint with its permission, and no other', async (t) => {
  const words: Readonly<Record<string, string>> = { 'a key': 'key', anyone: 'anyone', 'the operator': 'operator' };
  const written = rowsOf(textOf('docs/api.md')).flatMap(([method, path, who]) =>
    /^(GET|POST)$/.test(method ?? '') ? [`${method} ${path?.replaceAll('`', '')} ${words[who ?? ''] ?? who}`] : [],
  );
  const stage = await startStage(t);
  const known = stage.endpoints.map((endpoint) => `${endpoint.method} ${endpoint.path} ${endpoint.permission}`);
  assert.deepEqual(written.toSorted(), known.toSorted());

  const { body } = await ask(stage.place, '/v1/models', { key: goodKey });
  const { data }: { readonly data: readonly object[] } = JSON.parse(body);
  const fields = new Set(data.flatMap((entry) => Object.keys(entry)));
  assert.ok(fields.size > 8);
  const named = namedIn(textOf('docs/api.md'));
  for (const field of fields) assert.ok(named.has(field), `docs/api.md does not say what ${field} of a model is`);
});

test('the page of the API has the headers that a caller may send', () => {
  const source = textOf('src/gateway/stages/receive.ts');
  const own = /const allowed = \[(.*)\]/.exec(source)?.[1] ?? '';
  const allowed = [...own.matchAll(/'([a-z]+)'/g)].map((match) => `x-gatehouse-${match[1]}`);
  assert.ok(allowed.length > 2);
  const section = /## Headers a caller may send\n([\s\S]*?)\n## /.exec(textOf('docs/api.md'))?.[1] ?? '';
  const named = [...namedIn(section)].filter((name) => name.startsWith('x-gatehouse-'));
  assert.deepEqual(named.toSorted(), allowed.toSorted());
});

test('the ports that are asked without a policy', () => {
  const known = places.map(({ port }) => String(port)).toSorted();
  for (const page of ['docs/operating.md', 'docs/cli.md']) {
    const written = rowsOf(textOf(page)).flatMap(([first]) => (/^\d/.test(first ?? '') ? (first ?? '').split(', ') : []));
    assert.deepEqual(written.filter((port) => Number(port) > 100).toSorted(), known, page);
    for (const { port } of placesNotAsked) assert.ok(textOf(page).includes(`Port ${port} is not asked`), `${page} is silent about ${port}`);
  }
});

test('the examples of explain say what they say', async (t) => {
  const examples = blocksOf(textOf('docs/routing.md'), 'console').join('').split(/^\$ /m).slice(1);
  assert.ok(examples.length >= 6);
  const at = { ...place(t), cwd: ROOT };
  for (const example of examples) {
    const [line = '', ...expected] = example.trimEnd().split('\n');
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
    assert.equal(words[0], './gatehouse');
    const said = await runHere(words.slice(1), at);
    assert.equal(said.code, 0, `${line}: ${said.err}`);
    const lines = said.out.split('\n').map((each) => each.trimEnd());
    assert.ok(expected.length > 0);
    for (const each of expected) assert.ok(lines.includes(each), `${line}\ndoes not say: ${each}\nbut:\n${said.out}`);
  }
});

test('the page of clients shows what connect prints, and names every client', () => {
  const page = textOf('docs/clients.md');
  const shown = [...page.matchAll(/<!-- connect: ([\w-]+) -->\n```\w+\n([\s\S]*?)```/g)];
  assert.ok(shown.length >= 3);
  const house = { origin: 'http://127.0.0.1:8484', models: ['homelab/auto'], context: new Map<string, number>() };
  for (const [, name = '', text] of shown) {
    const client = clientNames.find((each) => each === name);
    assert.ok(client, `there is no client ${name}`);
    assert.equal(text, settingsFor(client, house).text);
  }
  const named = new Set([...shown.map((match) => match[1]), ...[...page.matchAll(/gatehouse connect ([\w-]+)/g)].map((match) => match[1])]);
  for (const client of clientNames) assert.ok(named.has(client), `docs/clients.md says nothing of ${client}`);
});

test('the page of the record has every field of its entries and views', () => {
  const page = textOf('docs/record.md');
  const named = namedIn(page);
  const attempt = attemptWith({ result: 'failed' });
  const { text: start } = startEntry({ op: 'start', intent: intentWith() });
  const { text: terminal } = terminalEntry(
    { op: 'terminal', terminal: terminalWith({ attempts: [attempt] }) },
    { columns: [], startSeq: 1 },
  );
  const failures = LOG_VIEWS.find(({ name }) => name === 'upstream-failures')?.lines(terminal) ?? [];
  const lines: readonly object[] = [start, terminal, ...failures].map((line) => JSON.parse(line));
  assert.equal(lines.length, 3);
  const fields = new Set([...lines, attempt].flatMap((line) => Object.keys(line)));
  for (const field of fields) assert.ok(field === 'type' || named.has(field), `docs/record.md does not say what ${field} is`);
  const others = new Set(['start', 'terminal', 'field', 'attempt', 'view', ...LOG_VIEWS.map(({ name }) => name)]);
  for (const name of named) assert.ok(fields.has(name) || others.has(name), `docs/record.md names ${name}, which no line has`);
  for (const result of Object.keys(nextSteps))
    assert.ok(page.includes(`\`${result}\``), `docs/record.md does not name the result ${result}`);
});

test('the page of streams has every verdict, and the defaults of the clocks are what a policy gets', () => {
  const page = textOf('docs/streaming.md');
  const verdicts = /export type Verdict = (.*);/.exec(textOf('src/core/judge/judge-reply.ts'))?.[1] ?? '';
  const words = [...verdicts.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
  assert.ok(words.length > 5);
  const named = namedIn(page);
  for (const word of words) assert.ok(named.has(word), `docs/streaming.md does not say what ${word} is`);

  const [policy = ''] = blocksOf(textOf('docs/operating.md'), 'yaml');
  const loaded = loadPolicy(policy, { file: 'operating.md', folder: ROOT, env: {} });
  const clocks = loaded.ok ? loaded.policy.upstreams[0]?.clocks : undefined;
  assert.ok(clocks);
  const units: Readonly<Record<string, number>> = { s: 1_000, min: 60_000 };
  const written = rowsOf(page).flatMap(([name, value]) => {
    const match = /^(\d+) (s|min)$/.exec(value ?? '');
    return match ? [[name?.replaceAll('`', ''), Number(match[1]) * (units[match[2] ?? ''] ?? 0)]] : [];
  });
  assert.deepEqual(Object.fromEntries(written), {
    connect: clocks.connectMs,
    first_token: clocks.firstTokenMs,
    load: clocks.loadMs,
    idle: clocks.idleMs,
    reply: clocks.replyMs,
    total: clocks.totalMs,
  });
});

test('the page of tests names every folder of tests, and only commands that are there', () => {
  const page = textOf('docs/testing.md');
  const folders = new Set(tests.map((path) => path.split('/').slice(0, 2).join('/')));
  assert.ok(folders.size > 10);
  for (const folder of folders) assert.ok(page.includes(`\`${folder}/`), `docs/testing.md does not say what ${folder} is for`);
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(textOf('package.json'));
  for (const match of page.matchAll(/npm run ([\w:]+)/g)) assert.ok(scripts[match[1] ?? ''], `there is no npm run ${match[1]}`);
});

test('whole policies in the pages load', () => {
  const policies = pages.flatMap((page) =>
    blocksOf(textOf(page), 'yaml').flatMap((text, at) => (/^version: \d/m.test(text) ? [{ text, name: `${page} ${at + 1}` }] : [])),
  );
  assert.ok(policies.length > 0);
  for (const { text, name } of policies) {
    const loaded = loadPolicy(text, { file: name, folder: ROOT, env: anyVariable(text) });
    assert.deepEqual([...(loaded.ok ? [] : loaded.problems), ...loaded.warnings].map(formatProblem), [], name);
  }
});

/** Something for every variable that a policy refers to. */
function anyVariable(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => [match[1] ?? '', 'sk-test']));
}

test('links lead to files and to headings that are there', () => {
  const dead = pages.flatMap((page) => {
    const text = textOf(page).replaceAll(/^```[\s\S]*?^```/gm, '');
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => !leadsSomewhere(link, page))
      .map((link) => `${page}: ${link}`);
  });
  assert.deepEqual(dead, []);
});

function leadsSomewhere(link: string, from: string): boolean {
  const [path = '', heading] = link.split('#');
  const to = path === '' ? from : join(dirname(from), path);
  if (!existsSync(join(ROOT, to))) return false;
  return heading === undefined || headingsOf(textOf(to)).includes(heading);
}

/** The headings of a page as links spell them. */
function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

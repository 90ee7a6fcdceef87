import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { policyFromValue } from '#config/from-value.ts';
import { loadPolicy, loadPolicyFile } from '#config/load.ts';
import { problemAt } from '#config/policy-source.ts';
import { formatProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';

const env = { GATEHOUSE_TEST_KEY: 'sk-test' };
const options = { file: 'gatehouse.yaml', folder: '/nowhere', env };
const good = new URL('../fixtures/policy/good/', import.meta.url);

function load(text: string) {
  const loaded = loadPolicy(text, options);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(formatProblem).join('\n'));
  return loaded;
}

function problems(content: string | Uint8Array): readonly string[] {
  const loaded = loadPolicy(content, options);
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
}

function warnings(text: string): readonly string[] {
  return load(text).warnings.map(formatProblem);
}

const head = 'version: 1\nhouse: homelab\n';
const spark = 'upstreams:\n  spark: { kind: vllm, url: http://100.64.0.3:8000, slots: 6, models: { qwen: { context: 128k } } }\n';
const cloud = '  far: { kind: openai, url: https://api.example.com, location: cloud, models: { big: { context: 200k } } }\n';
const win = '  win: { kind: vllm, url: http://100.64.0.5:8000, slots: 3, models: { gemma: { context: 8k } } }\n';
const route = 'routes:\n  code: { target: spark }\n';

test('every way to write a thing means what it should', () => {
  const loaded = load(readFileSync(new URL('forms.yaml', good), 'utf8'));
  assert.deepEqual(loaded.policy, JSON.parse(readFileSync(new URL('forms.json', good), 'utf8')));
  assert.deepEqual([...loaded.secrets], [['far', 'sk-test']]);
  assert.ok(!JSON.stringify(loaded.policy).includes('sk-test'));
});

test('what later issues bring is accepted and said to be not yet in force', () => {
  const notes = load(readFileSync(new URL('forms.yaml', good), 'utf8')).notes.map((note) => `${note.path}: ${note.message}`);
  for (const key of ['upstreams.10.warm', 'upstreams.10.models."Qwen/Qwen3-8B:latest".pinned', 'routes.main.cache']) {
    assert.ok(notes.includes(`${key}: not yet in force`), key);
  }
});

test('what is not said has its default', () => {
  const { policy } = load(head + spark + route);
  assert.deepEqual(policy.listen, ['127.0.0.1:8484']);
  assert.equal(policy.hosts, null);
  assert.deepEqual(policy.injected, ['system-reminder', 'environment_context']);
  assert.equal(policy.buckets, null);
  assert.deepEqual(policy.profiles, [
    {
      name: 'sovereign',
      tier: 'sovereign',
      routes: null,
      waitMs: 0,
      fallback: 'lists',
      exhausted: { type: 'error' },
      reasoning: 'release',
      headAfterMs: 15_000,
      commit: 'answer',
    },
  ]);
  const [upstream] = policy.upstreams;
  assert.deepEqual(upstream?.clocks, {
    connectMs: 1000,
    loadMs: 300_000,
    firstTokenMs: 30_000,
    idleMs: 30_000,
    replyMs: 600_000,
    totalMs: 1_800_000,
  });
  assert.equal(upstream.location, 'house');
});

test('the compiled policy answers the look-ups of the core', () => {
  const loaded = load(readFileSync(new URL('forms.yaml', good), 'utf8'));
  const tables = tablesOf(loaded.policy, loaded.hash);
  for (const one of loaded.policy.routes) {
    for (const id of [...one.target, ...one.spill, ...one.failover]) assert.ok(tables.targets.has(id), id);
  }
  assert.equal(tables.routes.get('alias')?.name, 'main');
  assert.equal(tables.pools.get('10')?.slots, 2);
  assert.equal(tables.targets.get('2/glm')?.pool, '10');
  assert.equal(tables.restBucket?.name, 'rest');
});

test('the hash is of what the policy means, not of how it is written', () => {
  const one = load(head + spark + route);
  const same = load(
    `# a comment\nhouse: homelab\nversion: 1\nroutes: { code: { target: [spark/qwen] } }\n${spark.replace('128k', '128000')}`,
  );
  assert.equal(one.hash, same.hash);
  assert.match(one.hash, /^[0-9a-f]{64}$/);
  assert.notEqual(one.hash, load(head + spark.replace('128k', '64k') + route).hash);
});

test('one misspelt key does not hide the other mistakes of its entry', () => {
  const said = problems(`${head}${spark}routes:\n  code: { target: spark, spil: [spark], failover: [sprak] }\n`);
  assert.deepEqual(said, [
    'gatehouse.yaml:6:26 routes.code.spil: unknown key "spil". Did you mean "spill"?',
    'gatehouse.yaml:6:52 routes.code.failover: no target "sprak". Did you mean "spark"?',
  ]);
});

test('what is wrong with an upstream is not said again of those who name it', () => {
  assert.equal(problems(`${head}${spark.replace('slots: 6', 'slots: many!')}${route}`).length, 1);
});

const lints: readonly (readonly [string, string, string])[] = [
  [
    'a failover that is the target',
    `${head}${spark}routes:\n  code: { target: spark, failover: [spark/qwen] }\n`,
    'gatehouse.yaml:6:37 routes.code.failover: "spark/qwen" is the target itself, so it is never reached here',
  ],
  [
    'an entry listed twice',
    `${head}${spark}${win}routes:\n  code: { target: spark, spill: [win, win/gemma] }\n`,
    'gatehouse.yaml:7:39 routes.code.spill: "win/gemma" is already in this list',
  ],
  [
    'lists that no profile walks',
    `${head}${spark}${win}routes:\n  code: { target: spark, spill: [win] }\nprofiles:\n  client: { fallback: never }\n`,
    'gatehouse.yaml:7:26 routes.code.spill: never walked: every profile that may use this route says fallback: never',
  ],
  [
    'a word in two buckets',
    `${head}${spark}${route}classify:\n  a: { route: code, words: [json] }\n  b: { route: code, words: [JSON] }\n  c: { route: code }\n`,
    'gatehouse.yaml:9:29 classify.b.words: "json" is also in a, which is written first and wins a tie',
  ],
  [
    'a cloud nobody reaches',
    `${head}${spark}${cloud}${route}`,
    'gatehouse.yaml:5:81 upstreams.far.models.big: never asked: no profile has a tier that reaches a cloud',
  ],
  [
    'a model nobody reaches',
    `${head}${spark}${win}${route}profiles:\n  p: { routes: code }\n`,
    'gatehouse.yaml:5:71 upstreams.win.models.gemma: never asked: it is in no route, and every profile is bound to routes',
  ],
  [
    'a clock that never strikes',
    `${head}${spark.replace('slots: 6', 'slots: 6, clocks: { reply: 2h }')}${route}`,
    'gatehouse.yaml:4:80 upstreams.spark.clocks.reply: longer than "total", which ends everything first',
  ],
  [
    'a cloud over http',
    `${head}${spark}${cloud.replace('https:', 'http:')}${route}profiles:\n  p: { tier: local-first }\n`,
    'gatehouse.yaml:5:29 upstreams.far.url: what leaves the house goes over http, readable on the way; use https',
  ],
  [
    'no route at all',
    head + spark,
    'gatehouse.yaml:1:1 there are no routes, so auto leads nowhere; models are served under their own names only',
  ],
];

for (const [what, text, expected] of lints) test(`a warning: ${what}`, () => assert.deepEqual(warnings(text), [expected]));

test('an upstream in no route is not even a warning', () => assert.deepEqual(warnings(head + spark + win + route), []));

test('bytes that are no text', () => {
  const bytes = (text: string, ...more: number[]) => Uint8Array.from([...new TextEncoder().encode(text), ...more]);
  assert.deepEqual(problems(bytes('version: 1\nhouse: ü', 0xe9, 0x0a)), ['gatehouse.yaml:2:9 not UTF-8; save the file as UTF-8']);
  assert.deepEqual(problems(bytes('ab', 0xe2, 0x82)), ['gatehouse.yaml:1:3 not UTF-8; save the file as UTF-8']);
  assert.deepEqual(problems(Uint8Array.from([0xff, 0xfe, 0x61, 0])), ['gatehouse.yaml:1:1 the file is UTF-16; save it as UTF-8']);
  assert.deepEqual(problems('version: 1\nho\u0007use: x\n'), ['gatehouse.yaml:2:3 a control character (U+0007); take it out']);
  assert.match(problems('')[0] ?? '', /^gatehouse\.yaml:1:1 the file is empty/);
  assert.match(problems(' '.repeat(1_000_001))[0] ?? '', /^gatehouse\.yaml:1:1 the file is larger than 1 MB/);
});

test('a byte order mark and Windows line ends change nothing, not even columns', () => {
  assert.equal(load(`\uFEFF${head}${spark}${route}`).hash, load(head + spark + route).hash);
  assert.equal(load((head + spark + route).replaceAll('\n', '\r\n')).hash, load(head + spark + route).hash);
  assert.deepEqual(problems('\uFEFFversoin: 1\r\nhouse: h\r\nupstreams: 1\r\n').slice(0, 1), [
    'gatehouse.yaml:1:1 versoin: unknown key "versoin". Did you mean "version"?',
  ]);
});

test('a file made to exhaust the reader is refused', () => {
  const laughs = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const letter of 'bcdefghi') {
    const before = String.fromCharCode(letter.charCodeAt(0) - 1);
    laughs.push(`${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
  }
  assert.match(problems(laughs.join('\n'))[0] ?? '', /more than 20000 values, each alias counted/);
  for (const deep of ['[', '{a: ', '- ', '? ']) assert.match(problems(deep.repeat(200_000))[0] ?? '', /:1:\d+ nested too deeply/);
  assert.match(problems(`${head}upstreams: ${'['.repeat(60)}${']'.repeat(60)}\n`)[0] ?? '', /nested too deeply/);
  assert.match(problems('a:\n'.repeat(300_000))[0] ?? '', /too much for a policy/);
});

test('an alias stands for the last anchor of its name before it', () => {
  const policy = `version: 1
house: &name first
hosts: [*name]
upstreams:
  box: { kind: vllm, url: http://127.0.0.1:9, slots: 1, models: { small: { context: 8k } } }
routes:
  chat: { target: &name box }
injected: [*name]
`;
  const loaded = loadPolicy(policy, { file: 'gatehouse.yaml', folder: '/nowhere', env: {} });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.deepEqual([loaded.policy.hosts, loaded.policy.injected], [['first'], ['box']]);
});

test('a file that cannot be read is a problem like any other', () => {
  const loaded = loadPolicyFile('/nowhere/gatehouse.yaml', { file: 'gatehouse.yaml', env });
  assert.deepEqual(loaded.ok ? [] : loaded.problems.map(formatProblem), ['gatehouse.yaml:1:1 there is no such file']);
  const folder = loadPolicyFile(good.pathname, { file: 'good', env });
  assert.deepEqual(folder.ok ? [] : folder.problems.map(formatProblem), ['good:1:1 this is a folder, not a policy file']);
});

test('a policy that code makes passes the same checks', () => {
  const upstreams = { spark: { kind: 'vllm', url: 'http://127.0.0.1:8000', slots: 4, models: { 'qwen:7b': {} } } };
  const value = {
    version: 1,
    house: 'home',
    upstreams,
    routes: { first: { target: 'spark' } },
    profiles: { all: { wait: '60s' } },
  } as const;
  const { text, loaded } = policyFromValue(value, { file: 'found', contextMayBeUnknown: true });
  assert.ok(loaded.ok);
  assert.equal(loaded.policy.upstreams[0]?.models[0]?.context, null);
  assert.equal(loaded.policy.profiles[0]?.waitMs, 60_000);
  assert.equal(loadPolicy(text, { ...options, contextMayBeUnknown: true }).ok, true);
  const strict = policyFromValue(value, { file: 'found' }).loaded;
  assert.match(strict.ok ? '' : formatProblem(strict.problems[0] ?? assert.fail()), /"context" is missing/);
});

test('a later check can point into the file', () => {
  const { source } = load(`${head}${spark}${route}guarantees:\n  - { name: stays, never: cloud }\n`);
  const problem = problemAt(source, ['guarantees', 0, 'never'], 'does not hold');
  assert.equal(formatProblem(problem), 'gatehouse.yaml:8:27 guarantees[0].never: does not hold');
});

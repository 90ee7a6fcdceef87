import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ROOT } from '#scripts/tree.ts';
import { policyFromValue } from '#config/from-value.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { askPlaces } from './ask-places.ts';
import type { Found } from './ask-places.ts';
import { discoveredPolicy } from './discovered-policy.ts';
import { places, placesNotAsked } from './ports.ts';
import type { AskName } from './ports.ts';

const budgetMs = 2_000;

/** A server that answers some paths with JSON and all others with 404; returns its port and what it was asked. */
async function serve(
  t: TestContext,
  bodies: Readonly<Record<string, unknown>>,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly status?: number } = {},
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const body = bodies[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : (more.status ?? 200), { 'content-type': 'application/json', ...more.headers });
    response.end(JSON.stringify(body ?? { error: 'no such path' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, asked };
}

const askOne = (port: number, asks: readonly AskName[]): Promise<Found> => askPlaces([{ port, usually: 'a test', asks }], { budgetMs });
const list = (...ids: string[]) => ({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) });
const owned = (owner: string, more: object = {}) => ({ data: [{ id: 'm', object: 'model', owned_by: owner, ...more }] });

function tablesFound(found: Found): PolicyTables | null {
  const value = discoveredPolicy(found.servers, { listen: ['127.0.0.1:0'] });
  if (value === null) return null;
  const { loaded } = policyFromValue(value, { file: 'found', contextMayBeUnknown: true });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return tablesOf(loaded.policy, loaded.hash);
}

test('an Ollama: its models under their own names, those that run in a cloud left out', async (t) => {
  const { port, asked } = await serve(t, {
    '/api/tags': {
      models: [
        { name: 'llama3:latest', capabilities: ['completion', 'tools'] },
        { name: 'seer:7b', capabilities: ['completion', 'vision'] },
        { name: 'nomic-embed-text:latest', capabilities: ['embedding'] },
        { name: 'old:1b' },
        { name: 'big:480b-cloud' },
        { name: 'gpt:cloud' },
        { name: 'sly', remote_host: 'https://ollama.com' },
        { name: 'sly2', remote_model: 'x' },
      ],
    },
  });
  const found = await askOne(port, ['ollama']);
  assert.deepEqual(asked, ['GET /api/tags']);
  const [server] = found.servers;
  assert.deepEqual([server?.title, server?.kind, server?.url], ['Ollama', 'openai', `http://127.0.0.1:${port}`]);
  assert.deepEqual(server?.remote, ['big:480b-cloud', 'gpt:cloud', 'sly', 'sly2']);
  const tables = tablesFound(found);
  assert.deepEqual([...(tables?.targets.keys() ?? [])], ['ollama/llama3', 'ollama/seer:7b', 'ollama/nomic-embed-text', 'ollama/old:1b']);
  const abilities = [...(tables?.targets.values() ?? [])].map(({ serves, input, tools, context }) => ({
    serves,
    input: input.join(),
    tools,
    context,
  }));
  assert.deepEqual(abilities, [
    { serves: 'chat', input: '', tools: true, context: null },
    { serves: 'chat', input: 'image', tools: false, context: null },
    { serves: 'embeddings', input: '', tools: false, context: null },
    { serves: 'chat', input: 'image,audio,video', tools: true, context: null },
  ]);
});

test('what is found is house home: auto is the first chat model, a busy one is waited for', async (t) => {
  const first = await serve(t, { '/api/tags': { models: [{ name: 'embed-first' }, { name: 'one' }] } });
  const second = await serve(t, { '/v1/models': list('two') });
  const asked = [
    { port: first.port, usually: 'a test', asks: ['ollama'] as const },
    { port: second.port, usually: 'a test', asks: ['openai'] as const },
  ];
  const policy = tablesFound(await askPlaces(asked, { budgetMs }))?.policy;
  assert.equal(policy?.house, 'home');
  assert.deepEqual(
    policy?.routes.map(({ name, target }) => [name, ...target]),
    [
      ['first', 'ollama/one'],
      ['embed', 'ollama/embed-first'],
    ],
  );
  assert.deepEqual(
    policy?.profiles.map(({ name, tier, waitMs, routes }) => ({ name, tier, waitMs, routes })),
    [{ name: 'sovereign', tier: 'sovereign', waitMs: 60_000, routes: null }],
  );
  assert.deepEqual(
    policy?.upstreams.map(({ slots, location }) => [slots, location]),
    [
      [4, 'house'],
      [4, 'house'],
    ],
  );
});

test('servers are known by what they say of themselves', async (t) => {
  const kindOf = async (body: unknown, headers: Record<string, string> = {}): Promise<string | undefined> => {
    const { port } = await serve(t, { '/v1/models': body }, { headers });
    return (await askOne(port, ['openai'])).servers[0]?.kind;
  };
  assert.equal(await kindOf(owned('vllm')), 'vllm');
  assert.equal(await kindOf(owned('llamacpp')), 'llamacpp');
  assert.equal(await kindOf(list('m'), { server: 'BaseHTTP/0.6 Python/3.12.3' }), 'mlx');
  assert.equal(await kindOf(list('m')), 'openai');
  const studio = await serve(t, {
    '/api/v0/models': { data: [{ id: 'm', type: 'vlm', max_context_length: 4096 }] },
    '/v1/models': list('m'),
  });
  const found = await askOne(studio.port, ['lmstudio', 'openai']);
  assert.deepEqual([found.servers[0]?.kind, found.servers[0]?.models[0]?.context, studio.asked.length], ['lmstudio', 4096, 1]);
  const older = await serve(t, { '/v1/models': list('m') });
  assert.equal((await askOne(older.port, ['lmstudio', 'openai'])).servers[0]?.kind, 'openai');
});

test('two servers of one kind get names of their own', async (t) => {
  const [a, b] = [await serve(t, { '/v1/models': owned('vllm') }), await serve(t, { '/v1/models': owned('vllm') })];
  const found = await askPlaces(
    [a, b].map(({ port }) => ({ port, usually: 'a test', asks: ['openai'] as const })),
    { budgetMs },
  );
  assert.deepEqual(
    found.servers.map((server) => server.name),
    ['vllm', `vllm-${b.port}`],
  );
  assert.deepEqual(tablesFound(found)?.modelNames.get('m'), ['vllm/m', `vllm-${b.port}/m`]);
});

test('what may forward to a cloud, or wants a key, is left out and said', async (t) => {
  const declined = async (body: unknown, more: Parameters<typeof serve>[2] = {}): Promise<string | undefined> => {
    const { port } = await serve(t, { '/v1/models': body }, more);
    const found = await askOne(port, ['openai']);
    assert.deepEqual(found.servers, []);
    return found.declined[0]?.why;
  };
  assert.match((await declined(owned('openai'))) ?? '', /proxy that may forward to a cloud/);
  assert.match((await declined(list('m'), { headers: { 'x-litellm-version': '1.80.0' } })) ?? '', /proxy/);
  assert.match((await declined({ error: 'key' }, { status: 401 })) ?? '', /wants a key/);
});

test('nobody there, strangers, and the silent are nobody, within the time there is', async (t) => {
  const stranger = await serve(t, { '/v1/models': { hello: 'world' } });
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const gone = await serve(t, {});
  const ports = [stranger.port, (silent.address() as AddressInfo).port, gone.port];
  const found = await askPlaces(
    ports.map((port) => ({ port, usually: 'a test', asks: ['openai'] as const })),
    { budgetMs: 200 },
  );
  assert.deepEqual(found, { servers: [], declined: [] });
  assert.equal(tablesFound(found), null);
});

test('models whose names cannot stand in a policy, and second tags of one model, are left out', async (t) => {
  const { port } = await serve(t, { '/v1/models': list('a', 'a:latest', 'line\nbreak', ' space', 'b/c') });
  assert.deepEqual([...(tablesFound(await askOne(port, ['openai']))?.targets.keys() ?? [])], ['server/a', 'server/b/c']);
});

test('the documented ports are the ports that are asked', () => {
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([\d, ]+) \| (\D+?) \|$/gm)].filter((match) => Number(match[1]?.split(',')[0]) > 1_000);
  const ports = rows.flatMap((match) => (match[1] ?? '').split(',').map(Number));
  assert.deepEqual(
    ports,
    places.map((place) => place.port),
  );
  for (const { port } of placesNotAsked) assert.ok(page.includes(`Port ${port} is not asked`));
});

/** The houses of examples/, started as they are written, with scripted servers of the right kinds in the places of their machines. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { startHouse } from '#compose/start-house.ts';
import { loadPolicyFile } from '#config/load.ts';
import type { PolicyFile } from '#config/schema.ts';
import { askOperator } from '#egress/operator-socket.ts';
import { modelListScript } from '#upstreams/scripted/catalogue-script.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import type { ScriptedServer } from '#upstreams/scripted/engine.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import { isJsonArray, isJsonObject } from '#upstreams/scripted/script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { ROOT } from '#scripts/tree.ts';
import { pageScript, plain } from '#test/contract/fixture.ts';
import type { KindFixture } from '#test/contract/fixture.ts';
import { fixtures } from '#test/contract/fixtures.ts';

/** The keys that the examples refer to. */
export const exampleKeys = { ANTHROPIC_API_KEY: 'k-1', RESEARCH_CLOUD_KEY: 'k-2', FIRST_CLOUD_KEY: 'k-3', FAST_CLOUD_KEY: 'k-4' } as const;

export type Example = 'thor' | 'four-machines' | 'mac-and-linux' | 'one-gpu' | 'spark-lab';

/** Where an example's policy is. */
export const policyPathOf = (example: Example): string => join(ROOT, 'examples', example, 'gatehouse.yaml');

export const readExample = (example: Example): PolicyFile => parse(readFileSync(policyPathOf(example), 'utf8')) as PolicyFile;

/** How one machine behaves for a whole test. */
export interface Behaviour {
  /** Default: every model of the policy. What it does not list it does not have. */
  readonly serves?: readonly string[];
  /** up (default); busy: it says so; down: nobody listens; empty: an answer with nothing in it. */
  readonly state?: 'up' | 'busy' | 'down' | 'empty';
}

export interface Ask {
  readonly profile: string;
  /** Default: auto. */
  readonly model?: string;
  readonly text?: string;
  readonly image?: boolean;
  readonly tools?: boolean;
  readonly stream?: boolean;
}

export interface ExampleHouse {
  /** Who answered, as `upstream/model`; `synthetic: <message>` if nobody did; `<status> <code>` of a refusal. */
  readonly ask: (ask: Ask) => Promise<string>;
  /** The same, for an embedding. */
  readonly embed: (ask: Pick<Ask, 'profile' | 'model'>) => Promise<string>;
  /** How many requests, besides free probes, came to a machine. */
  readonly asked: (upstream: string) => number;
  /** The bodies of those requests. */
  readonly heard: (upstream: string) => readonly RequestLog[];
  /** Mends or breaks a machine that listens. */
  readonly set: (upstream: string, state: 'up' | 'busy' | 'empty') => void;
}

const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }];

/** Starts an example; its machines are scripted, all else is as it is written. */
export async function startExample(
  t: TestContext,
  example: Example,
  behaviours: Readonly<Record<string, Behaviour>> = {},
): Promise<ExampleHouse> {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-example-'));
  const faults: unknown[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const close of closing.toReversed()) await close();
    rmSync(root, { recursive: true, force: true });
    if (faults.length > 0) throw new AggregateError(faults, 'the house had faults of its own');
  });
  const policy = readExample(example);
  const servers = new Map<string, Machine>();
  for (const [name, upstream] of Object.entries(policy.upstreams)) {
    const machine = await startMachine(name, upstream, behaviours[name] ?? {});
    closing.push(() => machine.server.close());
    servers.set(name, machine);
    upstream.url = machine.server.url;
    // The house's own commands are for the house's own machines.
    delete upstream.recover;
    if (behaviours[name]?.state === 'down') await machine.server.close();
  }
  const policyPath = join(root, 'gatehouse.yaml');
  writeFileSync(policyPath, stringify(policy));
  const house = await startHouse({
    version: '0.0.0-test',
    readPolicy: () => loadPolicyFile(policyPath, { file: 'gatehouse.yaml', env: exampleKeys }),
    policyPath,
    dataFolder: join(root, 'data'),
    listen: ['127.0.0.1:0'],
    demo: null,
    onTold: () => undefined,
    onFault: (_, error) => void faults.push(error),
  });
  if ('refused' in house) throw new Error(JSON.stringify(house.refused.problems, null, 1));
  if ('problem' in house) throw new Error(`${house.problem}: ${house.remedy}`);
  closing.push(() => house.close(0));

  const keys = new Map<string, string>();
  const keyOf = async (profile: string): Promise<string> => {
    const known = keys.get(profile);
    if (known !== undefined) return known;
    const reply = await askOperator(house.operatorSocket, { method: 'POST', path: '/admin/keys', body: { profile, name: profile } });
    const { key } = JSON.parse(await reply.text()) as { readonly key: string };
    keys.set(profile, key);
    return key;
  };
  const post = async (path: string, profile: string, body: unknown): Promise<string> => {
    const response = await fetch(`http://${house.addresses[0]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await keyOf(profile)}` },
      body: JSON.stringify(body),
    });
    return outcomeOf(response, await response.text());
  };
  const machineOf = (name: string): Machine => {
    const machine = servers.get(name);
    if (!machine) throw new Error(`${example} has no ${name}`);
    return machine;
  };
  const heard = (name: string): readonly RequestLog[] => machineOf(name).server.requests.filter(({ method }) => method === 'POST');
  return {
    ask: (ask) =>
      post('/v1/chat/completions', ask.profile, {
        model: ask.model ?? 'auto',
        ...(ask.stream === true ? { stream: true } : {}),
        ...(ask.tools === true ? { tools } : {}),
        messages: [
          { role: 'user', content: ask.image === true ? [{ type: 'text', text: ask.text ?? 'hello' }, image] : (ask.text ?? 'hello') },
        ],
      }),
    embed: (ask) => post('/v1/embeddings', ask.profile, { model: ask.model ?? 'auto', input: 'a line' }),
    asked: (name) => heard(name).length,
    heard,
    set: (name, state) => machineOf(name).set(state),
  };
}

function outcomeOf(response: Response, text: string): string {
  if (response.status !== 200) {
    const { error } = JSON.parse(text) as { readonly error: { readonly code: string } };
    return `${response.status} ${error.code}`;
  }
  const upstream = response.headers.get('x-gatehouse-upstream');
  if (upstream !== null) return `${upstream}/${response.headers.get('x-gatehouse-model')}`;
  const { choices } = JSON.parse(text) as { readonly choices: readonly { readonly message: { readonly content: string } }[] };
  return `synthetic: ${choices[0]?.message.content}`;
}

interface Machine {
  readonly server: ScriptedServer;
  readonly set: (state: 'up' | 'busy' | 'empty') => void;
}

async function startMachine(
  name: string,
  { kind, models }: PolicyFile['upstreams'][string],
  { serves, state = 'up' }: Behaviour,
): Promise<Machine> {
  const speaks = fixtures[kind];
  if (!speaks) throw new Error(`no fixture speaks ${kind}`);
  const listed = serves ?? Object.keys(models);
  let now = state;
  const server = await startScriptedServer((request) => {
    if (request.method === 'GET') return pageOf(request.path, speaks, listed);
    if (now === 'busy') return speaks.refusals.busy;
    if (/embed/.test(request.path)) return vectors(request);
    const { model, stream } = speaks.received(request);
    const text = now === 'empty' ? [] : [`from ${name}`];
    return speaks.answer({ model: plain(model), text, usage: { input: 9, output: 3 } }, stream);
  });
  return { server, set: (next) => void (now = next) };
}

/** The free pages of a server of the kind, with its own list of models. */
function pageOf(path: string, { pages }: KindFixture, listed: readonly string[]): Script {
  if (path === '/v1/models' && pages[path] !== undefined) return modelListScript(listed.map((model) => ({ name: model })));
  if (path === '/api/tags' && pages[path] !== undefined)
    return pageScript({ models: listed.map((model) => ({ name: model, model, size: 7, digest: 'd', details: {} })) });
  if (path === '/api/ps' && pages[path] !== undefined) return pageScript({ models: [] });
  // What else it tells is of the fixture's own model.
  return pageScript(path === '/health' || path === '/api/version' ? pages[path] : undefined);
}

function vectors(request: RequestLog): Script {
  const body = isJsonObject(request.json) ? request.json : {};
  const inputs = isJsonArray(body['input']) ? body['input'] : [body['input']];
  const vector = [0.5, -0.25];
  if (request.path.startsWith('/api/'))
    return [{ do: 'json', value: { model: body['model'] ?? null, embeddings: inputs.map(() => vector), prompt_eval_count: 3 } }];
  const data = inputs.map((_, index) => ({ object: 'embedding', index, embedding: vector }));
  return [{ do: 'json', value: { object: 'list', data, model: body['model'] ?? null, usage: { prompt_tokens: 3, total_tokens: 3 } } }];
}

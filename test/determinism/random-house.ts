import type { GeneratorValue } from 'fast-check';
import type { PolicyFile } from '#config/schema.ts';
import { pick, several, sometimes, upTo } from './dice.ts';

/** Random policies that load, and random requests to them. Everything comes from `g`, so that a seed says it all. */

export interface RandomRequest {
  readonly profile: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A list for the policy, where an empty one is not written. */
const listed = (
  g: GeneratorValue,
  key: 'spill' | 'failover',
  { from, max }: { readonly from: readonly string[]; readonly max: number },
): Partial<Record<'spill' | 'failover', string[]>> => {
  const list = several(g, from, max);
  return list.length === 0 ? {} : { [key]: [...list] };
};
/** Models of one name are alike wherever they are served, so that any two make a group. */
const models: Readonly<Record<string, PolicyFile['upstreams'][string]['models'][string]>> = {
  small: { context: '4k' },
  wide: { context: '64k', tools: true },
  seeing: { context: '16k', input: ['text', 'image'] },
  'able:latest': { context: '32Ki', input: ['text', 'image'], tools: true, reasoning: true },
};
const modelNames = Object.keys(models);

const words = ['code', 'refactor', 'what is', 'plan', 'c++', 'résumé', '代码', 'json', 'tool use', 'straße'];

/** A policy as written. Its order has a meaning wherever names stand before a colon, except inside an upstream, a model, a route, a bucket or a profile. */
export function randomPolicy(g: GeneratorValue): PolicyFile {
  const upstreams: Record<string, PolicyFile['upstreams'][string]> = {};
  const targets: string[] = [];
  const count = 2 + upTo(g, 3);
  for (let at = 0; at < count; at++) {
    const location = at > 0 && sometimes(g, 35) ? ('cloud' as const) : ('house' as const);
    const served = [pick(g, modelNames), ...several(g, modelNames, 2)];
    upstreams[`box-${at}`] = {
      kind: 'openai',
      location,
      url: `http://127.0.0.1:${8000 + at}`,
      slots: 1 + upTo(g, 3),
      models: Object.fromEntries(served.map((name) => [name, models[name] ?? {}])),
    };
    targets.push(...new Set(served.map((name) => `box-${at}/${name}`)));
  }
  const routes = randomRoutes(g, targets);
  return {
    version: 1,
    house: 'home',
    upstreams,
    routes: { ...routes, 'second-name': 'route-0' },
    ...randomClassify(g, Object.keys(routes)),
    profiles: randomProfiles(g, Object.keys(routes)),
  };
}

function randomRoutes(g: GeneratorValue, targets: readonly string[]): NonNullable<PolicyFile['routes']> {
  const routes: NonNullable<PolicyFile['routes']> = {};
  const count = 1 + upTo(g, 3);
  for (let at = 0; at < count; at++) {
    const target = pick(g, targets);
    const alike = targets.filter((other) => other.slice(other.indexOf('/')) === target.slice(target.indexOf('/')));
    const entries = [...targets, ...Array.from({ length: at }, (_, before) => `route-${before}`)];
    routes[`route-${at}`] = {
      target: sometimes(g, 40) ? [...alike] : target,
      ...listed(g, 'spill', { from: entries, max: 3 }),
      ...listed(g, 'failover', { from: entries, max: 4 }),
    };
  }
  return routes;
}

function randomClassify(g: GeneratorValue, routes: readonly string[]): Pick<PolicyFile, 'classify'> {
  if (sometimes(g, 20)) return {};
  const classify: NonNullable<PolicyFile['classify']> = {};
  const count = 1 + upTo(g, 3);
  for (let at = 0; at < count; at++) {
    const said = several(g, words, 4);
    classify[`bucket-${at}`] = {
      route: pick(g, routes),
      words: said.length > 0 ? [...said] : ['hello'],
      ...(sometimes(g, 30) ? { image: true } : {}),
      ...(sometimes(g, 40) ? { above: { '1k': pick(g, routes), '8k': pick(g, routes) } } : {}),
    };
  }
  return { classify: { ...classify, rest: { route: pick(g, routes) } } };
}

function randomProfiles(g: GeneratorValue, routes: readonly string[]): NonNullable<PolicyFile['profiles']> {
  const profiles: NonNullable<PolicyFile['profiles']> = {};
  for (const tier of ['sovereign', 'local-first', 'cloud-explicit'] as const) {
    // Somebody may use every route, or the policy would not load.
    const bound = tier !== 'cloud-explicit' && sometimes(g, 30);
    profiles[tier] = {
      tier,
      ...(bound ? { routes: [pick(g, routes), ...several(g, routes, 2)] } : {}),
      ...(sometimes(g, 50) ? { wait: '20ms' } : {}),
      ...(sometimes(g, 20) ? { fallback: 'never' as const } : {}),
      ...(sometimes(g, 30) ? { exhausted: sometimes(g, 50) ? { queue: '1m' } : { reply: { sorry: true } } } : {}),
    };
  }
  return profiles;
}

/** A request: mostly for `auto`, else for a name of the house or beside it. */
export function randomRequest(g: GeneratorValue, policy: PolicyFile): RandomRequest {
  const profile = pick(g, Object.keys(policy.profiles ?? {}));
  const routes = [...Object.keys(policy.routes ?? {}), 'auto', 'nowhere'];
  const pins = Object.entries(policy.upstreams).flatMap(([name, upstream]) =>
    Object.keys(upstream.models).flatMap((model) => [`${name}/${model}`, model]),
  );
  const headers: Record<string, string> = {};
  if (sometimes(g, 8)) headers['x-gatehouse-route'] = pick(g, routes);
  if (sometimes(g, 15)) headers['x-gatehouse-tier'] = 'sovereign';
  if (sometimes(g, 50)) headers['x-gatehouse-session'] = `session ${upTo(g, 9)}`;
  const body = {
    model: sometimes(g, 50) ? 'home/auto' : pick(g, [...routes, ...routes.map((name) => `home/${name}`), ...pins, 'gpt-4o']),
    messages: Array.from({ length: 1 + upTo(g, 3) }, () => randomMessage(g)),
    stream: sometimes(g, 50),
    ...(sometimes(g, 10) ? { tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }] } : {}),
    ...(sometimes(g, 30) ? { max_tokens: 1 + upTo(g, 90) * 100 } : {}),
    ...(sometimes(g, 20) ? { metadata: { route: pick(g, routes), job: 'night' } } : {}),
    ...(sometimes(g, 30) ? { temperature: 0.5, seed: 7, user: 'somebody' } : {}),
  };
  return { profile, headers, body };
}

function randomMessage(g: GeneratorValue): Readonly<Record<string, unknown>> {
  const said = [
    ...several(g, [...words, 'ok', 'go on', 'STRASSE', 'İstanbul'], 5),
    ...(sometimes(g, 20) ? ['<system-reminder>code</system-reminder>'] : []),
  ];
  // Long enough, now and then, to be promoted or too long.
  const text = said.join(sometimes(g, 50) ? ' ' : '\n').padEnd(sometimes(g, 8) ? pick(g, [5_000, 40_000, 90_000, 300_000]) : 0, '. ');
  if (!sometimes(g, 8)) return { role: pick(g, ['user', 'user', 'assistant', 'system']), content: text };
  return {
    role: 'user',
    content: [
      { type: 'text', text },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    ],
  };
}

/** The same value with the keys of its objects in another order, except where `keeps` says that their order has a meaning. */
export function shuffled(
  value: unknown,
  next: () => number,
  keeps: (path: readonly string[]) => boolean,
  path: readonly string[] = [],
): unknown {
  if (Array.isArray(value)) return value.map((element) => shuffled(element, next, keeps, path));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => ({
    key,
    member: shuffled(member, next, keeps, [...path, key]),
    rank: next(),
  }));
  const ordered = keeps(path) ? entries : entries.toSorted((a, b) => a.rank - b.rank);
  return Object.fromEntries(ordered.map(({ key, member }) => [key, member]));
}

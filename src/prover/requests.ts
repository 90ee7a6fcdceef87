import type { Bucket, Modality, Profile, Service, TargetId, Tier } from '#core/policy/policy.ts';
import type { Facts } from '#core/request/facts.ts';
import type { Asked, RawPolicy } from './raw-policy.ts';

/** One class of requests: every request whose facts differ from these in nothing that a decision looks at is like it. */
export interface RequestClass {
  readonly facts: Facts;
  readonly asked: Asked;
  /** The bucket whose word the text holds; null where none is. */
  readonly bucket: string | null;
  /** How far it is from the plainest request; of two counterexamples the plainer is told. */
  readonly weight: number;
}

/** What a request asks of a machine. */
interface Shape {
  readonly input: readonly Modality[];
  readonly tools: boolean;
  readonly promptTokens: number;
  readonly outputTokens: number | null;
}

const plain: Shape = { input: [], tools: false, promptTokens: 1, outputTokens: 1 };
const rare: readonly (readonly Modality[])[] = [['audio'], ['video'], ['image', 'audio', 'video']];

/**
 * Every class of requests: profile (and each narrower tier) × `auto` through each bucket, each route by model, header and hint, each
 * target, each bare model name × image, audio, video, tools × the sizes on both sides of every window and every `above` that counts.
 */
export function* requestClasses(raw: RawPolicy): Generator<RequestClass> {
  for (const profile of raw.policy.profiles) {
    for (const [narrowed, tier] of tiersOf(profile.tier).entries()) {
      for (const asking of askings(raw, profile)) {
        for (const shape of shapesOf(asking)) {
          yield {
            asked: asking.asked,
            bucket: asking.bucket?.name ?? null,
            weight: narrowed + asking.weight + weightOf(shape),
            facts: factsOf({ profile, tier, asking, shape, house: raw.policy.house }),
          };
        }
      }
    }
  }
}

/** The profile's tier and those a caller may narrow it to. */
function tiersOf(tier: Tier): readonly Tier[] {
  if (tier === 'cloud-explicit') return [tier, 'local-first', 'sovereign'];
  return tier === 'local-first' ? [tier, 'sovereign'] : [tier];
}

interface Asking {
  readonly asked: Asked;
  readonly service: Service;
  readonly model: string;
  readonly routeHeader: string | null;
  readonly routeHint: string | null;
  readonly bucket: Bucket | null;
  /** Windows of everybody who might be asked, and prompt sizes at which the route changes. */
  readonly windows: readonly number[];
  readonly above: readonly number[];
  /** Only the plainest shape: another way to say what is asked in full elsewhere. */
  readonly plainOnly: boolean;
  readonly weight: number;
}

function* askings(raw: RawPolicy, profile: Profile): Generator<Asking> {
  const { house, routes, buckets } = raw.policy;
  const services = new Set([...raw.targets.values()].map((target) => target.serves));
  const base = { routeHeader: null, routeHint: null, bucket: null, above: [], plainOnly: false, weight: 0 };
  for (const route of routes) {
    const windows = windowsOf(raw, [...route.target, ...route.spill, ...route.failover]);
    const asked: Asked = { type: 'route', route: route.name };
    const service = raw.targets.get(route.target[0] ?? '')?.serves ?? 'chat';
    const model = `${house}/${route.name}`;
    yield { ...base, asked, service, model, windows };
    yield { ...base, asked, service, model: `${house}/auto`, routeHeader: route.name, windows, plainOnly: true, weight: 1 };
    // A hint that the profile may not use is ignored: what is asked is then `auto`.
    const usable = profile.routes === null || profile.routes.includes(route.name);
    const hinted: Asked = usable ? asked : { type: 'auto' };
    yield { ...base, asked: hinted, service, model: `${house}/auto`, routeHint: route.name, windows, plainOnly: true, weight: 1 };
    for (const other of services)
      if (other !== service) yield { ...base, asked, service: other, model, windows, plainOnly: true, weight: 2 };
  }
  for (const service of services) {
    const all = windowsOf(raw, [...raw.targets.keys()]);
    const auto = { ...base, asked: { type: 'auto' } as const, service, model: `${house}/auto`, windows: all };
    yield { ...auto, plainOnly: service === 'chat' && buckets !== null };
    if (service === 'chat') {
      for (const bucket of buckets ?? []) {
        const windows = windowsOf(raw, reachedBy(raw, bucket, profile));
        yield { ...auto, bucket, windows, above: bucket.above.map((step) => step.tokens) };
      }
    }
  }
  for (const target of raw.targets.values()) {
    const pinned = { ...base, service: target.serves, windows: windowsOf(raw, [target.id]) };
    yield { ...pinned, asked: { type: 'target', target: target.id }, model: target.id };
  }
  for (const model of new Set([...raw.targets.values()].map((target) => target.model))) yield* bareName(raw, model, base);
}

/** A bare model name, unless it is a name of the house itself, which comes first. */
function* bareName(
  raw: RawPolicy,
  model: string,
  base: Pick<Asking, 'routeHeader' | 'routeHint' | 'bucket' | 'above' | 'plainOnly'>,
): Generator<Asking> {
  const { house, secondNames } = raw.policy;
  const taken = [...raw.routes.keys(), ...secondNames.map(({ name }) => name), 'auto'];
  if (taken.some((name) => name === model || `${house}/${name}` === model) || raw.targets.has(model)) return;
  const members = [...raw.targets.values()].filter((target) => target.model === model);
  const service = members[0]?.serves ?? 'chat';
  const windows = windowsOf(
    raw,
    members.map((target) => target.id),
  );
  yield { ...base, asked: { type: 'model', model }, service, model, windows, weight: 1 };
}

/** Everybody behind a bucket's route, the routes that a size promotes to, and the profile's first route, which may stand in for it. */
function reachedBy(raw: RawPolicy, bucket: Bucket, profile: Profile): readonly TargetId[] {
  const first = profile.routes?.[0] ?? raw.policy.routes[0]?.name ?? bucket.route;
  const routes = [bucket.route, first, ...bucket.above.map((step) => step.route)].map((name) => raw.routes.get(name));
  return routes.flatMap((route) => (route ? [...route.target, ...route.spill, ...route.failover] : []));
}

function windowsOf(raw: RawPolicy, ids: readonly TargetId[]): readonly number[] {
  const windows = ids.map((id) => raw.targets.get(id)?.context ?? null).filter((window) => window !== null);
  return [...new Set(windows)].toSorted((a, b) => a - b);
}

function* shapesOf(asking: Asking): Generator<Shape> {
  yield plain;
  if (asking.plainOnly) return;
  const sizes = asking.service === 'chat' ? sizesOf(asking) : promptSizes(asking.windows);
  const inputs: readonly (readonly Modality[])[] = asking.service === 'chat' ? [[], ['image']] : [[]];
  for (const input of inputs) {
    for (const tools of asking.service === 'chat' ? [false, true] : [false]) {
      for (const size of sizes) {
        const isPlain =
          input.length === 0 && !tools && size.promptTokens === plain.promptTokens && size.outputTokens === plain.outputTokens;
        if (!isPlain) yield { input, tools, ...size };
      }
    }
  }
  if (asking.service === 'chat') for (const input of rare) yield { ...plain, input };
}

type Size = Pick<Shape, 'promptTokens' | 'outputTokens'>;

/** Where no output is asked: on both sides of each window. */
function promptSizes(windows: readonly number[]): readonly Size[] {
  return [1, ...windows.flatMap((window) => [window, window + 1])].map((promptTokens) => ({ promptTokens, outputTokens: null }));
}

/**
 * The sizes that differ: a prompt on both sides of each `above`, and for each of those prompt and output together on both sides of
 * each window; for each window also with the output unsaid.
 */
function sizesOf({ windows, above }: Pick<Asking, 'windows' | 'above'>): readonly Size[] {
  const prompts = [1, ...above.flatMap((tokens) => [tokens, tokens + 1])];
  const sizes: Size[] = prompts.map((promptTokens) => ({ promptTokens, outputTokens: 1 }));
  for (const window of windows) {
    for (const promptTokens of prompts) {
      for (const outputTokens of [window - promptTokens, window - promptTokens + 1])
        if (outputTokens > 1) sizes.push({ promptTokens, outputTokens });
    }
    for (const promptTokens of [window - 1_000, window - 999]) if (promptTokens > 0) sizes.push({ promptTokens, outputTokens: null });
    sizes.push({ promptTokens: window + 1, outputTokens: 1 });
  }
  return sizes;
}

function weightOf(shape: Shape): number {
  const sized = shape.promptTokens > 1 || (shape.outputTokens ?? 2) > 1;
  return shape.input.length + (shape.tools ? 1 : 0) + (sized ? 1 : 0);
}

function factsOf(request: {
  readonly profile: Profile;
  readonly tier: Tier;
  readonly asking: Asking;
  readonly shape: Shape;
  readonly house: string;
}): Facts {
  const { profile, tier, asking, shape } = request;
  const { bucket, service } = asking;
  return {
    service,
    model: asking.model,
    routeHeader: asking.routeHeader,
    routeHint: asking.routeHint,
    profile: profile.name,
    tier,
    stream: false,
    input: shape.input,
    tools: shape.tools,
    promptTokens: shape.promptTokens,
    outputTokens: service === 'chat' ? shape.outputTokens : null,
    session: '',
    scores: bucket !== null && bucket.words.length > 0 ? [{ bucket: bucket.name, words: bucket.words.slice(0, 1) }] : [],
  };
}

import { compileWords } from '#core/classify/word-matcher.ts';
import type { WordMatcher } from '#core/classify/word-matcher.ts';
import type { Bucket, Location, Modality, Policy, Profile, Route, Service, TargetId, Tier, Upstream } from './policy.ts';

/** One target with everything a decision asks of it. */
export interface Target {
  readonly id: TargetId;
  readonly upstream: string;
  readonly model: string;
  readonly location: Location;
  readonly serves: Service;
  readonly context: number | null;
  readonly input: readonly Modality[];
  readonly tools: boolean;
  /** It gives one answer to a request, never several. */
  readonly oneChoice?: true;
  /** The pool of slots it draws from: an upstream's name, or its own id if the model has slots of its own. */
  readonly pool: string;
}

/** A pool of slots and its size; null means unlimited. */
export interface SlotPool {
  readonly name: string;
  readonly slots: number | null;
}

/** A policy with the look-ups every decision needs. Built once per load; immutable. */
export interface PolicyTables {
  readonly policy: Policy;
  /** Hex SHA-256 of the policy's canonical JSON; names the policy in every record. */
  readonly hash: string;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly targets: ReadonlyMap<TargetId, Target>;
  /** Bare model name (without `:latest`) → all targets that serve it, in file order. */
  readonly modelNames: ReadonlyMap<string, readonly TargetId[]>;
  /** Route by its own or its second name. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly pools: ReadonlyMap<string, SlotPool>;
  /** Route name → every name it has, its own first. */
  readonly routeNames: ReadonlyMap<string, readonly string[]>;
  /** The bucket that takes what no word or image claims; null without `classify`. */
  readonly restBucket: Bucket | null;
  /** Finds the words of all buckets. */
  readonly words: WordMatcher;
}

/** Drops a trailing `:latest`, which means the same as no tag wherever model names are compared. */
export function withoutLatest(model: string): string {
  return model.endsWith(':latest') ? model.slice(0, -':latest'.length) : model;
}

/** Orders tiers from narrow (0) to wide; a caller may only go down. */
export function tierRank(tier: Tier): number {
  return tier === 'cloud-explicit' ? 2 : tier === 'local-first' ? 1 : 0;
}

/** Builds the look-ups of a compiled policy. `hash` is the caller's SHA-256 of its canonical JSON (the core has no crypto). */
export function tablesOf(policy: Policy, hash: string): PolicyTables {
  const targets = new Map<TargetId, Target>();
  const modelNames = new Map<string, TargetId[]>();
  const pools = new Map<string, SlotPool>();
  for (const upstream of policy.upstreams) {
    if (upstream.slotsOf === upstream.name) pools.set(upstream.name, { name: upstream.name, slots: upstream.slots });
    for (const model of upstream.models) {
      const id = `${upstream.name}/${withoutLatest(model.name)}`;
      const pool = model.slots === null ? upstream.slotsOf : id;
      if (model.slots !== null) pools.set(id, { name: id, slots: model.slots });
      targets.set(id, {
        id,
        upstream: upstream.name,
        model: model.name,
        location: model.location,
        serves: model.serves,
        context: model.context,
        input: model.input,
        tools: model.tools,
        ...(model.oneChoice === true ? { oneChoice: true as const } : {}),
        pool,
      });
      const bare = withoutLatest(model.name);
      const members = modelNames.get(bare);
      if (members) members.push(id);
      else modelNames.set(bare, [id]);
    }
  }
  const routes = new Map(policy.routes.map((route) => [route.name, route]));
  const routeNames = new Map(policy.routes.map((route) => [route.name, [route.name]]));
  for (const second of policy.secondNames) {
    const route = routes.get(second.route);
    if (!route) continue;
    routes.set(second.name, route);
    routeNames.get(route.name)?.push(second.name);
  }
  return {
    policy,
    hash,
    upstreams: new Map(policy.upstreams.map((upstream) => [upstream.name, upstream])),
    targets,
    modelNames,
    routes,
    profiles: new Map(policy.profiles.map((profile) => [profile.name, profile])),
    pools,
    routeNames,
    words: compileWords((policy.buckets ?? []).flatMap((bucket) => bucket.words)),
    restBucket: policy.buckets?.find((bucket) => bucket.words.length === 0 && !bucket.image) ?? null,
  };
}

import type { Guarantee, Modality, Policy, Profile, Route, Service, TargetId, Tier } from '#core/policy/policy.ts';
import type { Facts } from '#core/request/facts.ts';

/**
 * The policy as the prover's judge reads it: by itself, straight from the compiled file. Nothing here is shared with the planner, its
 * tables or its filters; where both are right they agree, and that is the proof.
 */
export interface RawPolicy {
  readonly policy: Policy;
  readonly targets: ReadonlyMap<TargetId, RawTarget>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** One target's own facts. */
export interface RawTarget {
  readonly id: TargetId;
  readonly upstream: string;
  /** The model's name without `:latest`. */
  readonly model: string;
  /** As a person would write it: the upstream alone where it serves one model. */
  readonly shortName: string;
  readonly cloud: boolean;
  readonly serves: Service;
  readonly input: ReadonlySet<Modality>;
  readonly tools: boolean;
  readonly context: number | null;
}

/** What a caller asks for. */
export type Asked =
  | { readonly type: 'auto' }
  | { readonly type: 'route'; readonly route: string }
  | { readonly type: 'target'; readonly target: TargetId }
  | { readonly type: 'model'; readonly model: string };

/** Where an entry of the lists stands, as the file has it. */
export interface RawEntry {
  readonly id: TargetId;
  readonly place: 'target' | 'spill' | 'failover';
}

/** Reads the raw facts of a policy. */
export function rawPolicyOf(policy: Policy): RawPolicy {
  const targets = new Map<TargetId, RawTarget>();
  for (const upstream of policy.upstreams) {
    for (const model of upstream.models) {
      const name = bareName(model.name);
      const id = `${upstream.name}/${name}`;
      targets.set(id, {
        id,
        upstream: upstream.name,
        model: name,
        shortName: upstream.models.length === 1 ? upstream.name : id,
        cloud: upstream.location === 'cloud' || model.location === 'cloud',
        serves: model.serves,
        input: new Set(model.input),
        tools: model.tools,
        context: model.context,
      });
    }
  }
  return {
    policy,
    targets,
    routes: new Map(policy.routes.map((route) => [route.name, route])),
    profiles: new Map(policy.profiles.map((profile) => [profile.name, profile])),
  };
}

function bareName(model: string): string {
  return model.replace(/:latest$/, '');
}

/** Whether a profile may use a route at all. */
export function mayUseRoute(profile: Profile, route: string): boolean {
  return profile.routes === null || profile.routes.some((name) => name === route);
}

/** The entries a request may be answered by, as the file lists them: before tier and fit, after the profile's own bounds. */
export function rawEntries(
  raw: RawPolicy,
  asked: Asked,
  context: { readonly profile: Profile; readonly route: string | null; readonly service: Service },
): readonly RawEntry[] {
  const { profile } = context;
  if (asked.type === 'auto' || asked.type === 'route') {
    const route = raw.routes.get(asked.type === 'route' ? asked.route : (context.route ?? ''));
    if (!route || !mayUseRoute(profile, route.name)) return [];
    const target = route.target.map((id): RawEntry => ({ id, place: 'target' }));
    if (profile.fallback === 'never') return target;
    return [
      ...target,
      ...route.spill.map((id): RawEntry => ({ id, place: 'spill' })),
      ...route.failover.map((id): RawEntry => ({ id, place: 'failover' })),
    ];
  }
  const named = asked.type === 'target' ? [asked.target] : membersOf(raw, asked.model);
  const mine = named.filter((id) => mayPin(raw, profile, id));
  const serving = asked.type === 'model' ? mine.filter((id) => raw.targets.get(id)?.serves === context.service) : mine;
  return (serving.length > 0 ? serving : mine).map((id): RawEntry => ({ id, place: 'target' }));
}

function membersOf(raw: RawPolicy, model: string): readonly TargetId[] {
  return [...raw.targets.values()].filter((target) => target.model === model).map((target) => target.id);
}

/** A profile that is bound to routes may pin the members of their `target`, and nobody else. */
function mayPin(raw: RawPolicy, profile: Profile, id: TargetId): boolean {
  return profile.routes === null || profile.routes.some((name) => raw.routes.get(name)?.target.includes(id));
}

/** Whether data of this tier may go to a target, given everybody else in the lists. */
export function tierAllows(tier: Tier, target: RawTarget, houseInLists: boolean): boolean {
  if (tier === 'cloud-explicit') return true;
  if (tier === 'local-first') return houseInLists;
  return !target.cloud;
}

/** Tokens that a request takes of a window. */
export function rawNeed(facts: Pick<Facts, 'service' | 'promptTokens' | 'outputTokens'>): number {
  const output = facts.service === 'chat' ? (facts.outputTokens ?? 1_000) : 0;
  return facts.promptTokens + output;
}

/** What a target cannot do of what a request asks, apart from its size. */
export function missing(target: RawTarget, facts: Pick<Facts, 'service' | 'input' | 'tools'>): string | null {
  if (target.serves !== facts.service) return `serves ${target.serves}`;
  const blind = facts.input.find((modality) => !target.input.has(modality));
  if (blind !== undefined) return blind === 'audio' ? 'deaf' : `blind to ${blind}s`;
  return facts.tools && !target.tools ? 'without tools' : null;
}

/** Whether a request is longer than a target's window. */
export function overflows(target: RawTarget, facts: Pick<Facts, 'service' | 'promptTokens' | 'outputTokens'>): boolean {
  return target.context !== null && target.context < rawNeed(facts);
}

/** Whether a guarantee speaks of a request. */
export function speaksOf(
  when: Guarantee['when'],
  request: { readonly profile: string; readonly tier: Tier; readonly route: string | null },
): boolean {
  if (when.profile !== null && when.profile !== request.profile) return false;
  if (when.tier !== null && when.tier !== request.tier) return false;
  return when.route === null || when.route === request.route;
}

/** Whether a guarantee lets its requests come to a target. */
export function permits(guarantee: Guarantee, target: RawTarget): boolean {
  const isMeant = (party: string): boolean => party === target.id || party === target.upstream || (party === 'cloud' && target.cloud);
  if (guarantee.never?.some(isMeant)) return false;
  return guarantee.only === null || guarantee.only.some(isMeant);
}

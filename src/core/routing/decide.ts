import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Bucket, Profile, Route, TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { makePlan, tierLeavesCandidate } from './plan.ts';
import type { Lists, Plan } from './plan.ts';
import { resolveModel, resolveRouteName, unknownRoute } from './resolve-name.ts';
import type { Named } from './resolve-name.ts';

/** What settled the route. */
export type Reason = 'header' | 'model' | 'hint' | 'image' | 'words' | 'rest' | 'first_route';

/** What the gatehouse decided before it looked at any machine. Serialisable; a pure function of facts and policy. */
export interface Decision {
  readonly reason: Reason | null;
  readonly bucket: string | null;
  /** The route finally used; null for a pinned target or a bare model name. */
  readonly route: string | null;
  /** The route that the size of the prompt put in place of the bucket's. */
  readonly promotedTo: string | null;
  /** What was sent and ignored, for the record and `explain`. */
  readonly notes: readonly string[];
  readonly plan: Plan | null;
  readonly refusal: GatewayError | null;
}

interface Chosen {
  readonly reason: Reason;
  readonly bucket: string | null;
  readonly promotedTo: string | null;
  readonly lists: Lists;
}

/**
 * Whether the words of a request matter at all: not where a header, a pinned model or a usable hint settles the route, nor on a
 * surface that is not classified. What loses the precedence is not looked at.
 */
export function isClassified(facts: Omit<Facts, 'scores'>, tables: PolicyTables): boolean {
  const profile = tables.profiles.get(facts.profile);
  if (facts.service !== 'chat' || !tables.policy.buckets || !profile) return false;
  if (facts.routeHeader !== null) return resolveRouteName(facts.routeHeader, tables)?.type === 'auto';
  const named = resolveModel(facts.model, tables);
  return !isGatewayError(named) && named.type === 'auto' && hintedRoute(facts, profile, tables) === null;
}

/** The buckets that take part: the profile may use their route, and the tier leaves it a candidate. */
export function bucketsTakingPart(facts: Pick<Facts, 'profile' | 'tier'>, tables: PolicyTables): readonly Bucket[] {
  const profile = tables.profiles.get(facts.profile);
  if (!profile) return [];
  return (tables.policy.buckets ?? []).filter((bucket) => usable(bucket.route, facts, { tables, profile }));
}

/** Decides the route of a request and makes its plan. Precedence: header › pinned model › hint › image › words. */
export function decide(facts: Facts, tables: PolicyTables): Decision {
  const profile = tables.profiles.get(facts.profile);
  if (!profile) return refused(gatewayError('scope_denied', `The key’s profile "${facts.profile}" is not in the policy any more.`));
  const notes: string[] = [];
  const chosen = choose(facts, { tables, profile, notes });
  if (isGatewayError(chosen)) return refused(chosen, notes);
  const plan = makePlan(chosen.lists, facts, { tables, profile });
  const failed = isGatewayError(plan);
  return {
    reason: chosen.reason,
    bucket: chosen.bucket,
    route: chosen.lists.route,
    promotedTo: chosen.promotedTo,
    notes,
    plan: failed ? null : plan,
    refusal: failed ? plan : null,
  };
}

function refused(refusal: GatewayError, notes: readonly string[] = []): Decision {
  return { reason: null, bucket: null, route: null, promotedTo: null, notes, plan: null, refusal };
}

interface Context {
  readonly tables: PolicyTables;
  readonly profile: Profile;
  readonly notes: string[];
}

function choose(facts: Facts, context: Context): Chosen | GatewayError {
  const { tables } = context;
  if (facts.routeHeader !== null) {
    const named = resolveRouteName(facts.routeHeader, tables);
    if (named === null) return unknownRoute(facts.routeHeader, tables);
    return named.type === 'route' ? byRoute(named.route, 'header', context) : automatic(facts, context);
  }
  const named = resolveModel(facts.model, tables);
  if (isGatewayError(named)) return named;
  if (named.type === 'route') return byRoute(named.route, 'model', context);
  if (named.type !== 'auto') return byTarget(named, facts, context);
  const hinted = hintedRoute(facts, context.profile, tables);
  if (hinted) return byRoute(hinted, 'hint', context);
  if (facts.routeHint !== null) context.notes.push('metadata.route names no route this key may use; ignored');
  return automatic(facts, context);
}

/** A pinned route: its own spill and failover, no promotion, and a drain of it does not count. */
function byRoute(route: Route, reason: Reason, { tables, profile }: Context): Chosen | GatewayError {
  if (!mayUse(profile, route))
    return gatewayError('scope_denied', `The profile "${profile.name}" may not use ${tables.policy.house}/${route.name}.`);
  return { reason, bucket: null, promotedTo: null, lists: listsOf(route, tables, true) };
}

/** A pinned target, or the group of all that serve a bare model name, as far as the profile may pin them. */
function byTarget(named: Exclude<Named, { type: 'auto' | 'route' }>, facts: Facts, { tables, profile }: Context): Chosen | GatewayError {
  const asked = named.type === 'target' ? [named.target] : named.members;
  const pinnable = profile.routes === null ? null : new Set(profile.routes.flatMap((name) => tables.routes.get(name)?.target ?? []));
  const allowed = pinnable === null ? asked : asked.filter((id) => pinnable.has(id));
  if (allowed.length === 0)
    return gatewayError('scope_denied', `The profile "${profile.name}" may not use ${asked[0] ?? facts.model} by name.`, {
      param: 'model',
    });
  const serving = named.type === 'model' ? allowed.filter((id) => tables.targets.get(id)?.serves === facts.service) : allowed;
  const lists: Lists = {
    route: null,
    label: named.type === 'target' ? named.target : facts.model,
    target: serving.length > 0 ? serving : allowed,
    spill: [],
    failover: [],
    named: { route: false, upstream: named.type === 'target' ? named.upstream : null },
  };
  return { reason: 'model', bucket: null, promotedTo: null, lists };
}

function automatic(facts: Facts, context: Context): Chosen | GatewayError {
  const { tables } = context;
  const buckets = facts.service === 'chat' ? tables.policy.buckets : null;
  if (!buckets) {
    const route = firstRoute(facts, context);
    if (!route) return gatewayError('model_not_found', 'No route this key may use serves this API.', { param: 'model' });
    return { reason: 'first_route', bucket: null, promotedTo: null, lists: listsOf(route, tables, false) };
  }
  const taking = bucketsTakingPart(facts, tables);
  const { bucket, reason } = pickBucket(facts, taking, context);
  const standIn = usable(bucket.route, facts, context) ? bucket.route : (firstRoute(facts, context)?.name ?? bucket.route);
  const promoted = promote(bucket, facts, context);
  const route = tables.routes.get(promoted ?? standIn);
  if (!route) return gatewayError('model_not_found', `There is no route "${promoted ?? standIn}".`);
  return { reason, bucket: bucket.name, promotedTo: promoted, lists: listsOf(route, tables, false) };
}

/** An image wins, whatever the words say; then the highest score, ties in file order; then the bucket without words. */
function pickBucket(facts: Facts, taking: readonly Bucket[], { tables }: Context): { bucket: Bucket; reason: Reason } {
  const rest = tables.restBucket;
  if (!rest) throw new Error('a policy with classify has exactly one bucket with neither words nor image');
  if (facts.input.includes('image')) {
    const seeing = taking.find((bucket) => bucket.image);
    if (seeing) return { bucket: seeing, reason: 'image' };
  }
  const scores = new Map(facts.scores.map((score) => [score.bucket, score.words.length]));
  let best: Bucket | null = null;
  for (const bucket of taking) if ((scores.get(bucket.name) ?? 0) > (best ? (scores.get(best.name) ?? 0) : 0)) best = bucket;
  return best ? { bucket: best, reason: 'words' } : { bucket: rest, reason: 'rest' };
}

/** The route that the largest size exceeded names, where the caller can use it. */
function promote(bucket: Bucket, facts: Facts, context: Context): string | null {
  const step = bucket.above.findLast((above) => facts.promptTokens > above.tokens);
  if (!step || !usable(step.route, facts, context)) return null;
  return step.route === bucket.route ? null : step.route;
}

function usable(name: string, facts: Pick<Facts, 'tier'>, { tables, profile }: Omit<Context, 'notes'>): boolean {
  const route = tables.routes.get(name);
  return route !== undefined && mayUse(profile, route) && tierLeavesCandidate(route, facts.tier, { tables, profile });
}

/** Without classification: the profile's first route, else the file's; on other surfaces the first whose target serves it. */
function firstRoute(facts: Facts, { tables, profile }: Context): Route | undefined {
  const names = profile.routes ?? tables.policy.routes.map((route) => route.name);
  const routes = names.map((name) => tables.routes.get(name)).filter((route) => route !== undefined);
  return facts.service === 'chat'
    ? routes[0]
    : routes.find((route) => route.target.some((id) => tables.targets.get(id)?.serves === facts.service));
}

/** A hint counts only if it names a route the profile may use. */
function hintedRoute(facts: Pick<Facts, 'routeHint'>, profile: Profile, tables: PolicyTables): Route | null {
  if (facts.routeHint === null) return null;
  const named = resolveRouteName(facts.routeHint, tables);
  return named?.type === 'route' && mayUse(profile, named.route) ? named.route : null;
}

function mayUse(profile: Profile, route: Route): boolean {
  return profile.routes === null || profile.routes.includes(route.name);
}

function listsOf(route: Route, tables: PolicyTables, named: boolean): Lists & { readonly target: readonly TargetId[] } {
  return {
    route: route.name,
    label: `${tables.policy.house}/${route.name}`,
    target: route.target,
    spill: route.spill,
    failover: route.failover,
    named: { route: named, upstream: null },
  };
}

import type { Guarantee, Profile, TargetId, Tier } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Plan } from '#core/routing/plan.ts';

/** Who is asked when a caller of one profile uses one route. */
export interface EffectiveRoute {
  readonly route: string;
  readonly names: readonly string[];
  readonly target: readonly TargetId[];
  /** Asked while the target is busy. */
  readonly spill: readonly TargetId[];
  /** Asked after that, whatever happened; what stands in a cloud last. */
  readonly failover: readonly TargetId[];
  /** In the lists, but not for this profile. */
  readonly removed: readonly { readonly target: TargetId; readonly why: 'tier' | 'fallback_never' }[];
  /** Why it can never be used, where that is so. */
  readonly refusal: string | null;
}

/** A profile and what the lists of the policy come to for it. */
export interface EffectiveProfile {
  readonly profile: string;
  readonly tier: Tier;
  readonly waitMs: number;
  readonly exhausted: Profile['exhausted'];
  readonly routes: readonly EffectiveRoute[];
}

/** For each profile, each route it may use: the plan of a short text request, made by the functions of the request path. */
export function effectiveRoutes(tables: PolicyTables): readonly EffectiveProfile[] {
  return tables.policy.profiles.map((profile) => ({
    profile: profile.name,
    tier: profile.tier,
    waitMs: profile.waitMs,
    exhausted: profile.exhausted,
    routes: tables.policy.routes
      .filter((route) => profile.routes === null || profile.routes.includes(route.name))
      .map((route): EffectiveRoute => {
        const names = tables.routeNames.get(route.name) ?? [route.name];
        const { plan, refusal } = plainDecision(tables, { profile, tier: profile.tier, model: `${tables.policy.house}/${route.name}` });
        if (plan === null)
          return { route: route.name, names, target: [], spill: [], failover: [], removed: [], refusal: refusal?.message ?? null };
        const ids = (list: Plan['target']): readonly TargetId[] => list.map((candidate) => candidate.target);
        return {
          route: route.name,
          names,
          target: ids(plan.target),
          spill: ids(plan.spill),
          failover: [...ids(plan.failover), ...ids(plan.tail)],
          removed: plan.removed.map(({ target, why }) => ({ target, why })),
          refusal: null,
        };
      }),
  }));
}

/** A guarantee, and who would be asked although it says otherwise. */
export interface Violation {
  readonly guarantee: string;
  readonly profile: string;
  readonly tier: Tier;
  /** The route, or the target that a caller names. */
  readonly asked: string;
  readonly target: TargetId;
}

/**
 * What breaks a guarantee. Whoever stands in a plan is reached in some state of the fleet (all before it down), and nobody else ever is,
 * so looking at the plans of every profile, tier, route and pin is a proof. Promotion leads to a route, which is among them.
 */
export function violations(tables: PolicyTables): readonly Violation[] {
  const found: Violation[] = [];
  for (const profile of tables.policy.profiles) {
    for (const tier of tiersWithin(profile.tier)) {
      for (const asked of everythingAsked(tables)) {
        const { plan, route } = plainDecision(tables, { profile, tier, model: asked });
        for (const { target } of plan === null ? [] : candidatesOf(plan)) {
          for (const guarantee of tables.policy.guarantees) {
            if (appliesTo(guarantee.when, { profile: profile.name, tier, route }) && isBroken(guarantee, target, tables))
              found.push({ guarantee: guarantee.name, profile: profile.name, tier, asked, target });
          }
        }
      }
    }
  }
  return found;
}

/** Routes by their full names, so that no route of that name stands for a model, and all targets. */
function everythingAsked(tables: PolicyTables): readonly string[] {
  return [...tables.policy.routes.map((route) => `${tables.policy.house}/${route.name}`), ...tables.targets.keys()];
}

/** The tiers a caller may narrow its own to. */
function tiersWithin(tier: Tier): readonly Tier[] {
  const narrower = (['sovereign', 'local-first', 'cloud-explicit'] as const).filter((one) => tierRank(one) < tierRank(tier));
  return [tier, ...narrower];
}

function appliesTo(
  when: Guarantee['when'],
  request: { readonly profile: string; readonly tier: Tier; readonly route: string | null },
): boolean {
  return (
    (when.profile === null || when.profile === request.profile) &&
    (when.tier === null || when.tier === request.tier) &&
    (when.route === null || when.route === request.route)
  );
}

function isBroken(guarantee: Guarantee, id: TargetId, tables: PolicyTables): boolean {
  const target = tables.targets.get(id);
  const isIn = (parties: readonly string[]): boolean =>
    parties.includes(id) || parties.includes(target?.upstream ?? '') || (target?.location === 'cloud' && parties.includes('cloud'));
  return (guarantee.never !== null && isIn(guarantee.never)) || (guarantee.only !== null && !isIn(guarantee.only));
}

function plainDecision(
  tables: PolicyTables,
  asked: { readonly profile: Profile; readonly tier: Tier; readonly model: string },
): ReturnType<typeof decide> {
  const named = asked.model.startsWith(`${tables.policy.house}/`) ? asked.model.slice(tables.policy.house.length + 1) : null;
  const first = named === null ? asked.model : (tables.routes.get(named)?.target[0] ?? '');
  const facts: Facts = {
    service: tables.targets.get(first)?.serves ?? 'chat',
    model: asked.model,
    routeHeader: null,
    routeHint: null,
    profile: asked.profile.name,
    tier: asked.tier,
    stream: false,
    input: [],
    tools: false,
    promptTokens: 1,
    outputTokens: 1,
    session: '',
    scores: [],
  };
  return decide(facts, tables);
}

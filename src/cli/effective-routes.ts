import type { Profile, TargetId, Tier } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
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

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import type { Decision } from '#core/routing/decide.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { SurfaceRequest } from '#surfaces/kind.ts';
import type { House } from '#gateway/house.ts';

/** Stage 4: the route and its plan. Some bodies are refused whoever would answer: those that reach out, and those that take machines down. */
export function plan(house: House, facts: Facts, context: { readonly tables: PolicyTables; readonly asked: SurfaceRequest }): Decision {
  const decision = decide(facts, context.tables);
  if (decision.plan === null) return decision;
  const refusal = reaching(house, decision.plan, context) ?? poisonous(house, decision.plan, context.asked);
  return refusal === null ? decision : { ...decision, plan: null, refusal };
}

/** A field that makes one of the machines of the plan reach somewhere of the caller's choosing. */
function reaching(
  house: House,
  { target, spill, failover, tail }: Plan,
  { tables, asked }: { readonly tables: PolicyTables; readonly asked: SurfaceRequest },
): GatewayError | null {
  for (const candidate of [...target, ...spill, ...failover, ...tail]) {
    const upstream = tables.upstreams.get(upstreamOf(candidate.target));
    const field = upstream ? house.kindOf(upstream.kind).reachingField(asked.body) : null;
    if (field !== null)
      return gatewayError('invalid_request', `"${field}" would let the request choose what a machine loads or reaches; leave it out.`, {
        param: field,
      });
  }
  return null;
}

/** A body that has taken two machines down is refused for ten minutes. */
function poisonous(house: House, { label }: Plan, asked: SurfaceRequest): GatewayError | null {
  if (!house.fleet.isPoison(() => house.digest(asked.bodyText))) return null;
  return gatewayError(
    'upstream_crashed',
    `${label}: this very request crashed two machines within the last ten minutes, so nobody is asked again.`,
  );
}

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import type { Decision } from '#core/routing/decide.ts';
import type { FleetState } from '../fleet-state.ts';

/** Stage 4: the route and its plan. A body that has taken two machines down is refused for ten minutes. */
export function plan(facts: Facts, tables: PolicyTables, context: { readonly fleet: FleetState; readonly bodyHash: () => string }): Decision {
  const decision = decide(facts, tables);
  if (decision.plan === null || !context.fleet.isPoison(context.bodyHash)) return decision;
  const refusal = gatewayError('upstream_crashed', `${decision.plan.label}: this very request crashed two machines within the last ten minutes, so nobody is asked again.`);
  return { ...decision, plan: null, refusal };
}

import type { TargetId } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { EgressPermit } from '#egress/port.ts';
import type { House } from './house.ts';
import type { GatewayRequest } from './request.ts';

/** A dial needs the permit of the snapshot it was planned on and of the policy in force now; null if either says no. */
export function mintPermit(house: House, request: GatewayRequest, target: TargetId): EgressPermit | null {
  const planned = request.tables.targets.get(target);
  const tables = house.tables();
  const now = tables.targets.get(target);
  const profile = tables.profiles.get(request.profile.name);
  if (!planned || !now || !profile || !house.stillKnown(request.principal)) return null;
  if (tierRank(profile.tier) < tierRank(request.facts.tier)) return null;
  if (planned.location !== now.location) return null;
  if (now.location === 'cloud' && tierRank(request.facts.tier) === 0) return null;
  return { upstream: now.upstream, target, location: now.location, tier: request.facts.tier, policyHash: tables.hash };
}

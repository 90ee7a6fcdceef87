import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Profile, Tier } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Principal } from '#core/record/record.ts';
import type { Received } from './receive.ts';

export interface Identified {
  readonly principal: Principal;
  readonly profile: Profile;
  /** The profile's tier, narrowed if the caller asked. */
  readonly tier: Tier;
}

/** Stage 2: who asks, and how far its data may travel. */
export function identify(principal: Principal, received: Received, tables: PolicyTables): Identified | GatewayError {
  const profile = tables.profiles.get(principal.profile);
  if (!profile)
    return gatewayError(
      'scope_denied',
      `This key’s profile "${principal.profile}" is not in the policy; make a new key with: gatehouse keys new`,
    );
  const tier = narrowTier(profile.tier, received.tier);
  return typeof tier === 'string' ? { principal, profile, tier } : tier;
}

const narrowable: Readonly<Record<string, Tier>> = {
  sovereign: 'sovereign',
  'local-first': 'local-first',
  'cloud-explicit': 'cloud-explicit',
};

/** A caller may narrow its tier, never widen it; `coordination` is not a narrowing of anything. */
function narrowTier(own: Tier, asked: string | null): Tier | GatewayError {
  if (asked === null || asked === own) return own;
  const tier = Object.hasOwn(narrowable, asked) ? narrowable[asked] : undefined;
  if (tier !== undefined && tierRank(tier) <= tierRank(own)) return tier;
  const known = tier !== undefined || asked === 'coordination';
  return gatewayError(
    'scope_denied',
    known
      ? `x-gatehouse-tier may only narrow the profile’s tier (${own}).`
      : 'x-gatehouse-tier names no tier; there are sovereign, local-first and cloud-explicit.',
  );
}

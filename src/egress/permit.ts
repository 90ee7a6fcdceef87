import type { Location } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { DialUpstream } from './origins.ts';
import type { EgressPermit } from './port.ts';

/**
 * The second lock: compares a permit with what the policy in force declares. Null if it opens the upstream, else why not.
 *
 * @param inForce Whether the policy it was planned on, or the one now in force, still allows it.
 */
export function permitRefusal(permit: EgressPermit, upstream: DialUpstream, inForce: (permit: EgressPermit) => boolean): string | null {
  if (permit.upstream !== upstream.name) return `a permit for ${permit.upstream} does not open ${upstream.name}`;
  if (permit.target === null && permit.tier !== 'probe' && upstream.party !== true) return 'only a probe has no target';
  const declared = declaredLocation(permit, upstream);
  if (declared === null) return `${permit.target} is not a target of ${upstream.name}`;
  if (permit.location !== declared) return `planned for ${permit.location}, declared ${declared}`;
  if (declared === 'cloud' && (permit.tier === 'sovereign' || permit.tier === 'coordination'))
    return `a ${permit.tier} request never leaves the house`;
  if (!inForce(permit)) return `the policy it was planned on (${permit.policyHash}) is no longer in force`;
  return null;
}

/** Location belongs to the target: a cloud model on a house machine is cloud. Null if the upstream has no such target. */
function declaredLocation(permit: EgressPermit, upstream: DialUpstream): Location | null {
  if (permit.target === null) return upstream.location;
  const model = upstream.models.find((each) => permit.target === `${upstream.name}/${withoutLatest(each.name)}`);
  if (model === undefined) return null;
  return upstream.location === 'cloud' ? 'cloud' : model.location;
}

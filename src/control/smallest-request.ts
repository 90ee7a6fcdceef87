import type { Profile, Service } from '#core/policy/policy.ts';
import type { Facts } from '#core/request/facts.ts';

/** Facts of the smallest request there is, for asking the decision itself what a name means to a profile. */
export function smallestRequest(model: string, { profile, service }: { readonly profile: Profile; readonly service: Service }): Facts {
  return {
    service,
    model,
    routeHeader: null,
    routeHint: null,
    profile: profile.name,
    tier: profile.tier,
    stream: false,
    input: [],
    tools: false,
    promptTokens: 0,
    outputTokens: 0,
    session: '',
    scores: [],
  };
}

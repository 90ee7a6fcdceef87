import { partyFlow } from '#core/policy/party-flow.ts';
import type { PartyFlow } from '#core/policy/party-flow.ts';
import type { Policy, Tier } from '#core/policy/policy.ts';
import { builtInGuarantees } from './proof.ts';
import type { Violation } from './proof.ts';

/** Every tier that a caller of a profile may have: its own, or any narrower one. */
const tiersOf: Readonly<Record<Tier, readonly Tier[]>> = {
  sovereign: ['sovereign'],
  coordination: ['coordination', 'sovereign'],
  'local-first': ['local-first', 'coordination', 'sovereign'],
  'cloud-explicit': ['cloud-explicit', 'local-first', 'coordination', 'sovereign'],
};

/** Judges what every caller's call would tell to who collects traces, by the tier and the place alone. */
export function proveParties({ traces, profiles }: Policy): readonly Violation[] {
  if (!traces || traces.location !== 'cloud') return [];
  return profiles.flatMap((profile) =>
    tiersOf[profile.tier].flatMap((tier) => {
      const flow = partyFlow(traces, tier);
      return mayTell(tier, flow) ? [] : [violation(profile.name, tier, flow)];
    }),
  );
}

/** What a cloud may hear: of who stays in the house nothing, of who goes out only at need no words. */
function mayTell(tier: Tier, flow: PartyFlow): boolean {
  if (tier === 'sovereign' || tier === 'coordination') return flow === 'nothing';
  return tier === 'cloud-explicit' || flow !== 'text';
}

function violation(profile: string, tier: Tier, flow: PartyFlow): Violation {
  return {
    guarantee: builtInGuarantees.told,
    builtIn: 'told',
    path: ['export', 'traces'],
    sentence: `profile ${profile}, tier ${tier} ⇒ traces (cloud) are told ${flow === 'text' ? 'the words of its calls' : 'of its calls'}`,
    profile,
    target: null,
    cases: 1,
    counterexample: null,
  };
}

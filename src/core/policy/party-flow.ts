import type { Location, Tier } from './policy.ts';
import { tierRank } from './tables.ts';

/** An outbound party of the policy besides the upstreams. */
export interface Party {
  readonly location: Location;
  /** The policy lets text go there, where it may go at all. */
  readonly text: boolean;
}

/** What of one call may be told to a party: everything with its words, what is known of it without them, or that call not at all. */
export type PartyFlow = 'text' | 'facts' | 'nothing';

/**
 * How far a call's account may travel. Of a sovereign call a party in a cloud hears nothing, not even that there was one; the words of a
 * local-first call stay in the house too, since a trace is not needed to answer it.
 */
export function partyFlow(party: Party, tier: Tier): PartyFlow {
  if (party.location === 'cloud' && tierRank(tier) === 0) return 'nothing';
  if (!party.text || (party.location === 'cloud' && tier !== 'cloud-explicit')) return 'facts';
  return 'text';
}

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Exhausted, Profile, TargetId, Tier } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { lacksOf } from './fit.ts';
import type { Lack } from './fit.ts';

/** Where in the policy a candidate stands. */
export type Place = 'target' | 'spill' | 'failover';

/** A target that may answer, and what it lacks for this request (it is passed over if anything). */
export interface Candidate {
  readonly target: TargetId;
  readonly place: Place;
  readonly lacks: readonly Lack[];
  /** Window in tokens; null means no bound is known. */
  readonly context: number | null;
}

/** A target that stands in the lists but not in this caller's walk. */
export interface Removed {
  readonly target: TargetId;
  readonly place: Place;
  readonly why: 'tier' | 'fallback_never';
}

/**
 * The ordered candidates of one request: `target` (one, or the members of a group), `spill`, `failover`, then the `tail`, where a
 * local-first caller's cloud candidates stand. Serialisable; the record keeps it.
 */
export interface Plan {
  /** The route whose lists these are; null for a pinned target or a bare model name. */
  readonly route: string | null;
  /** How messages call it: `homelab/reasoning`. */
  readonly label: string;
  readonly target: readonly Candidate[];
  readonly spill: readonly Candidate[];
  readonly failover: readonly Candidate[];
  readonly tail: readonly Candidate[];
  readonly removed: readonly Removed[];
  /** The tier took the whole target away or moved it: spill is walked as if it had been busy. */
  readonly targetMoved: boolean;
  readonly waitMs: number;
  readonly exhausted: Exhausted;
  /** What the caller named itself, and may therefore reach although it is drained. */
  readonly named: { readonly route: boolean; readonly upstream: string | null };
  /** Picks the member of a group. */
  readonly session: string;
}

/** The entries a plan is made of, before tier, profile and fit. */
export interface Lists {
  readonly route: string | null;
  readonly label: string;
  readonly target: readonly TargetId[];
  readonly spill: readonly TargetId[];
  readonly failover: readonly TargetId[];
  readonly named: Plan['named'];
}

/** Makes the plan, or the refusal where the tier leaves nobody (403) or nobody left could ever answer (400). */
export function makePlan(
  lists: Lists,
  facts: Facts,
  context: { readonly tables: PolicyTables; readonly profile: Profile },
): Plan | GatewayError {
  const { tables, profile } = context;
  const removed: Removed[] = [];
  const tail: Candidate[] = [];
  const houseless = facts.tier === 'local-first' && !hasHouseCandidate(lists, profile, tables);
  const take = (ids: readonly TargetId[], place: Place): readonly Candidate[] => {
    const kept: Candidate[] = [];
    for (const id of ids) {
      const target = tables.targets.get(id);
      if (!target) continue;
      const candidate: Candidate = { target: id, place, lacks: lacksOf(target, facts), context: target.context };
      if (place !== 'target' && profile.fallback === 'never') removed.push({ target: id, place, why: 'fallback_never' });
      else if (target.location === 'house' || facts.tier === 'cloud-explicit') kept.push(candidate);
      else if (facts.tier === 'local-first' && !houseless) tail.push(candidate);
      else removed.push({ target: id, place, why: 'tier' });
    }
    return kept;
  };
  const target = take(lists.target, 'target');
  const spill = take(lists.spill, 'spill');
  const failover = take(lists.failover, 'failover');
  const candidates = candidatesOf({ target, spill, failover, tail });
  if (candidates.length === 0) return egressForbidden(lists.label, facts.tier);
  if (candidates.every((candidate) => candidate.lacks.length > 0)) return nothingFits(lists.label, candidates, facts);
  return {
    route: lists.route,
    label: lists.label,
    target,
    spill,
    failover,
    tail,
    removed,
    targetMoved: target.length === 0,
    waitMs: profile.waitMs,
    exhausted: profile.exhausted,
    named: lists.named,
    session: facts.session,
  };
}

/** Everybody in a caller's walk, in its order. */
export function candidatesOf(plan: Pick<Plan, 'target' | 'spill' | 'failover' | 'tail'>): readonly Candidate[] {
  return [...plan.target, ...plan.spill, ...plan.failover, ...plan.tail];
}

/** Whether the tier leaves a caller anyone in these lists. */
export function tierLeavesCandidate(
  lists: Pick<Lists, 'target' | 'spill' | 'failover'>,
  tier: Tier,
  context: { readonly tables: PolicyTables; readonly profile: Profile },
): boolean {
  return tier === 'cloud-explicit' || hasHouseCandidate(lists, context.profile, context.tables);
}

function hasHouseCandidate(lists: Pick<Lists, 'target' | 'spill' | 'failover'>, profile: Profile, tables: PolicyTables): boolean {
  const ids = profile.fallback === 'never' ? lists.target : [...lists.target, ...lists.spill, ...lists.failover];
  return ids.some((id) => tables.targets.get(id)?.location === 'house');
}

function egressForbidden(label: string, tier: Tier): GatewayError {
  const why = tier === 'local-first' ? 'has no machine in the house to come first' : 'has only machines outside the house';
  return gatewayError('egress_forbidden', `${label} ${why}, and a ${tier} request may not go there.`);
}

const lackWords: Record<Lack, string> = {
  service: 'does not serve this API',
  image: 'cannot see images',
  audio: 'cannot take audio',
  video: 'cannot take video',
  tools: 'cannot use tools',
  choices: 'gives one answer at a time',
  context: 'has too small a window',
};

/** One of a lack's sentences, for messages and explanations. */
export function lackWord(lack: Lack): string {
  return lackWords[lack];
}

/** 400 for a request that nobody left could ever answer: too long if size alone is missing somewhere, else what the first one lacks. */
function nothingFits(label: string, candidates: readonly Candidate[], facts: Facts): GatewayError {
  const short = candidates.filter((candidate) => candidate.lacks.every((lack) => lack === 'context'));
  if (short.length > 0) return tooLong(label, Math.max(...short.map((candidate) => candidate.context ?? 0)), facts);
  const first = candidates[0];
  const lack = first?.lacks[0] ?? 'service';
  return gatewayError('invalid_request', `No machine of ${label} fits: ${first?.target ?? 'none'} ${lackWords[lack]}.`);
}

/** 400 for a prompt that no window of the walk holds. */
export function tooLong(label: string, windowTokens: number, facts: Facts): GatewayError {
  const output = facts.outputTokens === null ? '' : ` and ${facts.outputTokens} tokens of output were asked for`;
  const window = windowTokens > 0 ? `; the largest window of ${label} is ${windowTokens}` : '';
  return gatewayError('context_length_exceeded', `The request is about ${facts.promptTokens} tokens long${output}${window}.`, {
    param: 'messages',
  });
}

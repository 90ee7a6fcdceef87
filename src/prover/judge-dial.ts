import type { Profile } from '#core/policy/policy.ts';
import type { Facts } from '#core/request/facts.ts';
import type { Promised } from './findings.ts';
import { missing, overflows, permits, rawNeed, speaksOf, tierAllows } from './raw-policy.ts';
import type { RawEntry, RawPolicy, RawTarget } from './raw-policy.ts';

/** What the judge knows of a request. */
export interface Judged {
  readonly facts: Facts;
  readonly profile: Profile;
  readonly route: string | null;
  readonly entries: readonly RawEntry[];
  /** Somebody of the entries is in the house. */
  readonly houseInLists: boolean;
}

/** Which promises are broken when a request comes to a target, with what is wrong in a word or two. */
export function judgeDial(
  raw: RawPolicy,
  target: RawTarget,
  judged: Judged,
): readonly { readonly promised: Promised; readonly then: string }[] {
  const { facts, profile, route, entries, houseInLists } = judged;
  const broken: { readonly promised: Promised; readonly then: string }[] = [];
  const say = (name: Extract<Promised, { type: 'built_in' }>['name'], what: string): void =>
    void broken.push({ promised: { type: 'built_in', name }, then: `${target.shortName} (${what})` });
  if (!entries.some(({ id }) => id === target.id)) {
    if (profile.fallback === 'never') say('never', 'not the target');
    else say('lists', 'not in the lists');
  }
  if (!tierAllows(facts.tier, target, houseInLists)) say(facts.tier === 'local-first' ? 'cloudLast' : 'home', 'cloud');
  const lack = missing(target, facts);
  if (lack !== null) say('able', lack);
  if (overflows(target, facts)) say('fits', `window ${target.context ?? 0}, ${rawNeed(facts)} tokens needed`);
  for (const [at, guarantee] of raw.policy.guarantees.entries()) {
    if (speaksOf(guarantee.when, { profile: profile.name, tier: facts.tier, route }) && !permits(guarantee, target))
      broken.push({ promised: { type: 'own', at }, then: target.cloud ? `${target.shortName} (cloud)` : target.shortName });
  }
  return broken;
}

/** Whoever of the entries can answer the request, by the policy alone. */
export function ableOf(raw: RawPolicy, { facts, entries, houseInLists }: Judged): readonly RawTarget[] {
  const targets = entries.map(({ id }) => raw.targets.get(id)).filter((target) => target !== undefined);
  return targets.filter(
    (target) => tierAllows(facts.tier, target, houseInLists) && missing(target, facts) === null && !overflows(target, facts),
  );
}

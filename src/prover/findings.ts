import type { TargetId } from '#core/policy/policy.ts';
import { builtInGuarantees } from './proof.ts';
import type { BuiltIn, Counterexample, Violation } from './proof.ts';
import type { RawPolicy } from './raw-policy.ts';
import type { RequestClass } from './requests.ts';
import { happenedOn, sentenceOf, shortNameOf } from './sentence.ts';
import type { Passage } from './walk-graph.ts';
import { realWalks } from './walk-shape.ts';

/** A promise: one that every policy makes, or one of the policy's own. */
export type Promised = { readonly type: 'built_in'; readonly name: BuiltIn } | { readonly type: 'own'; readonly at: number };

/** One case in which a promise is not kept. */
export interface Found {
  readonly promised: Promised;
  readonly request: RequestClass;
  /** What happens on the way to the dial; null where it is wrong whatever happens. */
  readonly way: readonly Passage[] | null;
  /** The names of the way's candidates in the real plan. */
  readonly realOf: ReadonlyMap<TargetId, TargetId>;
  readonly target: TargetId | null;
  /** Said after the arrow instead of the target's name. */
  readonly then: string;
  /** Said after what happened on the way. */
  readonly also?: string;
  readonly path?: readonly (string | number)[];
}

/** Keeps of all cases that break one promise for one profile and one target the shortest, and of those the plainest. */
export class Findings {
  readonly #raw: RawPolicy;
  readonly #best = new Map<string, { rank: number; cases: number; found: Found }>();

  constructor(raw: RawPolicy) {
    this.#raw = raw;
  }

  add(found: Found): void {
    const { promised, request, target } = found;
    const rank = (found.way?.length ?? 0) * 2 + (found.also === undefined ? 0 : 2) + request.weight * 5;
    const key = `${promised.type === 'own' ? promised.at : promised.name}\n${request.facts.profile}\n${target ?? found.then}`;
    const best = this.#best.get(key);
    if (!best) this.#best.set(key, { rank, cases: 1, found });
    else {
      best.cases++;
      if (rank < best.rank) [best.rank, best.found] = [rank, found];
    }
  }

  /** The violations in the order of the promises, the shortest first. */
  violations(): readonly Violation[] {
    const own = ({ promised }: Found): number => (promised.type === 'own' ? promised.at + 1 : 0);
    return [...this.#best.values()]
      .toSorted((a, b) => own(a.found) - own(b.found) || a.rank - b.rank)
      .map(({ found, cases }) => this.#told(found, cases));
  }

  #told(found: Found, cases: number): Violation {
    const { promised, request, way, realOf, target, then, also, path } = found;
    const nameOf = (id: TargetId): string => shortNameOf(this.#raw, realOf.get(id) ?? id);
    const happened = [...happenedOn(way ?? [], nameOf), ...(also === undefined ? [] : [also])];
    const own = promised.type === 'own' ? this.#raw.policy.guarantees[promised.at]?.name : null;
    return {
      guarantee: own ?? (promised.type === 'built_in' ? builtInGuarantees[promised.name] : ''),
      builtIn: promised.type === 'built_in' ? promised.name : null,
      path: promised.type === 'own' ? ['guarantees', promised.at] : (path ?? null),
      sentence: sentenceOf(this.#raw, request, { happened, then }),
      profile: request.facts.profile,
      target,
      cases,
      counterexample: way && counterexampleOf(request, way, realOf),
    };
  }
}

function counterexampleOf(request: RequestClass, way: readonly Passage[], realOf: Found['realOf']): Counterexample {
  const favourite = way.map((passage) => (passage.type === 'event' ? passage.favourite : null)).find((picked) => picked !== null);
  return {
    facts: request.facts,
    walks: realWalks(way, realOf),
    favourite: favourite === undefined ? null : (realOf.get(favourite) ?? null),
  };
}

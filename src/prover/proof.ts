import type { TargetId } from '#core/policy/policy.ts';
import type { Facts } from '#core/request/facts.ts';
import type { WalkEvent } from '#core/routing/walk.ts';

/** What every policy promises without saying so. */
export const builtInGuarantees = {
  home: 'a sovereign request stays in the house',
  told: 'a cloud that collects traces hears no more than the tier lets it',
  cloudLast: 'a local-first request leaves the house last',
  lists: 'only whom the policy lists is asked',
  never: 'fallback: never does not move',
  able: 'nobody is asked for what they cannot do',
  fits: 'a request fits the window',
  open: 'who cannot or is not now is not dialled',
  spill: 'spill helps a busy target only',
  once: 'nobody is dialled more often than allowed',
  ends: 'every walk ends',
  asked: 'whoever can answer is asked',
  served: 'every route of a profile can answer',
} as const;

export type BuiltIn = keyof typeof builtInGuarantees;

/** A promise that is not kept, with the shortest case that shows it. */
export interface Violation {
  /** Its name: one of the policy's `guarantees`, or a promise that every policy makes. */
  readonly guarantee: string;
  readonly builtIn: BuiltIn | null;
  /** Where in the policy to look: keys and list positions from the root; null where no line is to blame. */
  readonly path: readonly (string | number)[] | null;
  /** `profile private, homelab/chat, win-5090 busy, spark down ⇒ claude (cloud)` */
  readonly sentence: string;
  readonly profile: string;
  /** Who is dialled that should not be; null where it is about nobody in particular. */
  readonly target: TargetId | null;
  /** How many classes of requests break the promise in this way. */
  readonly cases: number;
  /** Null where it is wrong whatever happens, or the way there was not found in a walk that was only sampled. */
  readonly counterexample: Counterexample | null;
}

/** A case that can be walked again: these facts, and what happens on the way to the dial, in the first walk and in each from the queue. */
export interface Counterexample {
  readonly facts: Facts;
  readonly walks: readonly (readonly WalkEvent[])[];
  /** The member of the target's group that the session must favour; null where any session does. */
  readonly favourite: TargetId | null;
}

/** What was proved, or not. */
export interface Proof {
  /** Reachable states that were looked at, and ways between them. */
  readonly states: number;
  readonly passages: number;
  /** Walks that differ; all requests whose walks are alike share one. */
  readonly walks: number;
  /** Classes of requests. */
  readonly requests: number;
  /** Promises: the policy's own and those that every policy makes. */
  readonly guarantees: number;
  /** None: the policy is proved. */
  readonly violations: readonly Violation[];
  /** A route that is open to a profile but can never answer it, where the profile does not name it. */
  readonly warnings: readonly Violation[];
  /** Walks with too many states to look at all of them; null where everything was looked at. */
  readonly sampled: { readonly walks: number; readonly seed: number } | null;
}

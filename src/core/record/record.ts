import type { ErrorCode } from '#core/errors/catalog.ts';
import type { Verdict } from '#core/judge/judge-reply.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { Usage } from '#core/reply/event.ts';
import type { Facts } from '#core/request/facts.ts';
import type { Decision } from '#core/routing/decide.ts';
import type { AttemptResult } from '#core/routing/outcome.ts';
import type { WalkEvent } from '#core/routing/walk.ts';

/** Who asks: a key, or the operator at the machine itself. */
export interface Principal {
  /** The key's id, or `operator`. Never the key. */
  readonly id: string;
  readonly profile: string;
  readonly operator: boolean;
}

/** The first half of a record: what was asked and decided, before anybody was dialled. One serialisable value. */
export interface Intent {
  readonly id: string;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
  readonly surface: string;
  readonly principal: string;
  /** The profile of the caller's key. */
  readonly profile: string;
  readonly task: string | null;
  /** As in the facts; null without them. */
  readonly session: string | null;
  /** Null where the request could not be understood, or its caller left before it was read. */
  readonly facts: Facts | null;
  readonly policyHash: string;
  readonly decision: Decision | null;
}

/** The second half: what was seen, dialled, answered and spent. One per intent, always. */
export interface Terminal {
  readonly id: string;
  readonly at: number;
  readonly durationMs: number;
  /** Everything that moved the walks, in order: with facts, policy and decision it replays every choice. One list per walk. */
  readonly walks: readonly (readonly WalkEvent[])[];
  readonly attempts: readonly AttemptRecord[];
  /** `ok`: the caller had its whole answer; `refused`: an error before anything was released; `failed`: an error after; `cancelled`: the caller left. */
  readonly result: 'ok' | 'refused' | 'failed' | 'cancelled';
  readonly verdict: Verdict | null;
  readonly status: number;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly servedBy: TargetId | null;
  /** From the request's arrival to the first byte of the answer. */
  readonly firstByteMs: number | null;
  readonly usage: Usage | null;
  /** The usage is our estimate: the server did not say. */
  readonly usageEstimated: boolean;
  /** What all attempts cost together, in nano-units of the policy's currency; null if nothing is known of it. */
  readonly costNano: number | null;
  /** The energy of all attempts, in milliwatt-seconds. */
  readonly energyMws: number | null;
  /** What an answer of the house would have cost at the price the policy compares with. */
  readonly compareNano: number | null;
}

/** One try at one target. Times are milliseconds after the attempt began; null where it never came to that. */
export interface AttemptRecord {
  readonly target: TargetId;
  /** Milliseconds after the request arrived. */
  readonly startedMs: number;
  /** `ip:port` that was reached. */
  readonly address: string | null;
  readonly reused: boolean;
  readonly sentMs: number | null;
  readonly headMs: number | null;
  readonly firstTokenMs: number | null;
  readonly endMs: number;
  readonly status: number | null;
  readonly result: AttemptResult;
  readonly verdict: Verdict | null;
  /** The model the server says answered. */
  readonly model: string | null;
  readonly usage: Usage | null;
  /** Its share of the time in which the machine had work, milliseconds; null if nothing was sent. */
  readonly busyMs: number | null;
  readonly costNano: number | null;
  readonly energyMws: number | null;
  readonly bytes: number;
  /** What happened, in the machine's or the socket's own words; never shown to callers. */
  readonly detail: string | null;
  /** What was added, changed or dropped on the way besides `model`. */
  readonly changes: readonly string[];
}

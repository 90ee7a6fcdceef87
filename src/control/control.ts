import type { Drain } from '#core/fleet/health.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { FleetState } from '#gateway/fleet-state.ts';
import type { Clock, Digest } from '#gateway/ports.ts';
import type { KeyRing } from '#identity/key-ring.ts';
import type { Answers, Question } from '#record/asking/question.ts';
import type { EraseAsk, Erased } from '#record/erase.ts';
import type { Surface } from '#surfaces/kind.ts';
import type { RecoveryEvent, StoreOp } from '#store/ports.ts';
import type { Happening } from '#telemetry/ports.ts';

/** What the endpoints need of the house. */
export interface Control {
  readonly version: string;
  /** Every model API; the first one's envelope is used where no other is nearer. */
  readonly surfaces: readonly Surface[];
  /** The policy in force now. */
  tables(): PolicyTables;
  /** The file it came from; null for a house that was found or is a demo. */
  policyPath(): string | null;
  /** Addresses that are listened on. */
  listening(): readonly string[];
  readonly fleet: Pick<FleetState, 'read' | 'snapshot' | 'drains' | 'waiters' | 'slotsInUse'>;
  /** Sets a drain and keeps it over restarts. */
  setDrain(drain: Drain, drained: boolean): Promise<void>;
  readonly keys: Pick<KeyRing, 'list' | 'create' | 'revoke'>;
  /** Reads the policy file again. A file that is wrong changes nothing. */
  reload(): Promise<Reloaded>;
  /** Runs the command of an upstream that has one, or says when it may be run. Resolves once it has ended. */
  recover(upstream: string): Promise<RecoveryAnswer>;
  /** The machines of a demo house; null in every other house. */
  readonly demo: DemoMachines | null;
  readonly clock: Clock;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly digest: Digest;
  recordWritable(): boolean;
  /** In the text format of Prometheus. */
  metricsText(): string;
  /** Counters for people; serialisable. */
  stats(): object;
  /** Hands over what happens from now on, until the returned function is called. */
  subscribe(listener: (happening: Happening) => void): () => void;
  /** Removes the texts of calls from the record. Rejects with `RecordUnavailable` where it cannot be written. */
  erase(ask: EraseAsk): Promise<Erased>;
  /** Asks the record. Rejects with `RecordUnavailable` where it cannot be read. */
  askRecord<Q extends Question>(question: Q): Promise<Answers[Q['ask']]>;
  /** Keeps what somebody thinks of a call. Rejects with `RecordUnavailable`. */
  score(score: CallScore): Promise<void>;
  /** Keeps what the operator did. Awaited before it is done; rejects with `RecordUnavailable`. */
  noteOperator(change: OperatorChange): Promise<void>;
}

/** A score as it is given: a number or a word, the other null. */
export type CallScore = Omit<Extract<StoreOp, { readonly op: 'score' }>, 'op' | 'at'>;

/** One thing the operator did: `drain`, `undrain`, `reload-config`, `keys-new`, `keys-revoke`, `recover`, `records-erase`, `demo-break`, `demo-mend`, and to what. */
export interface OperatorChange {
  readonly action: string;
  readonly subject: string;
}

/** Either the command ran, or it may not run now: its last run is too near, or the house is closing (null). */
export type RecoveryAnswer =
  | { readonly ran: true; readonly event: RecoveryEvent }
  | { readonly ran: false; readonly retryAfterMs: number | null };

/** How a reload ended. Problems and warnings are whole lines: `gatehouse.yaml:14:18 routes.code: …`. */
export type Reloaded =
  | { readonly outcome: 'loaded'; readonly hash: string; readonly warnings: readonly string[] }
  | { readonly outcome: 'refused'; readonly problems: readonly string[] };

export interface DemoMachines {
  names(): readonly string[];
  /** The names of the machines that are broken now. */
  broken(): readonly string[];
  break(name: string): Promise<void>;
  mend(name: string): Promise<void>;
}

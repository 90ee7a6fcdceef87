import type { Intent, Terminal } from '#core/record/record.ts';
import type { TargetId } from '#core/policy/policy.ts';

/** Keeps the record. What it resolves is durable, as far as its store promises durability. */
export interface RecordSink {
  /** Awaited before a cloud dial and before a stream's first byte. Rejects with `RecordUnavailable` if it cannot be written. */
  begin(intent: Intent, said?: Said, options?: CommitOptions): Promise<void>;
  /** Awaited before the event that carries the finish reason, or a whole body's first byte. */
  end(terminal: Terminal, said?: Said): Promise<void>;
  /** Somebody waits for what was begun patiently. Left out where nothing is patient. */
  hurry?(): void;
  /** Whether the record can be written now. */
  writable(): boolean;
}

/** How urgent a commit is. */
export interface CommitOptions {
  /** Nothing waits for it: it may go with whatever is committed next, for some moments. */
  readonly patient: boolean;
}

/** What was said in one direction of a call, for a profile that captures it. */
export interface Said {
  readonly capture: 'full' | 'hash';
  /** The request as it came, or the reply as it went out; read them with `saidBytes`. */
  readonly bytes: Uint8Array;
  /** The bytes are those of a stream in the short form of a `ToldTape`. */
  readonly packed?: true;
  /** The surface, where the bytes are a stream of it: the record keeps the body that the stream amounts to. */
  readonly streamOf?: string;
  /** How many bytes a stream had that was too long to be remembered; `bytes` is empty then. */
  readonly tooLong?: number;
}

/** One step of a transaction. What a request owes the record, the ledger and the queue becomes durable together or not at all. */
export type StoreOp =
  | { readonly op: 'start'; readonly intent: Intent; readonly said?: Said }
  | { readonly op: 'terminal'; readonly terminal: Terminal; readonly said?: Said }
  | { readonly op: 'operator'; readonly at: number; readonly action: string; readonly subject: string }
  /** What somebody thinks of a call: a number or a word. */
  | {
      readonly op: 'score';
      readonly at: number;
      /** The call's. */
      readonly id: string;
      readonly name: string;
      readonly value: number | null;
      readonly label: string | null;
      readonly source: string | null;
      readonly comment: string | null;
    }
  /** A policy came into force; `json` is what its hash is of. */
  | { readonly op: 'policy'; readonly at: number; readonly hash: string; readonly json: string }
  | ({ readonly op: 'recovery'; readonly at: number; readonly command: readonly string[]; readonly output: string } & RecoveryEvent);

/** How one recovery of an upstream ended. */
export interface RecoveryEvent {
  readonly upstream: string;
  readonly by: 'watchdog' | 'operator';
  /** `done` is exit code 0; `not_started`: there is no such program, or it may not be run. */
  readonly outcome: 'done' | 'failed' | 'timed_out' | 'not_started';
  readonly exitCode: number | null;
  readonly durationMs: number;
}

/** Where everything durable goes, in one transaction per call and in the order of the calls. */
export interface Store {
  commit(ops: readonly StoreOp[], options?: CommitOptions): Promise<void>;
  /** Ends the patience of what waits. Left out where nothing is patient. */
  hurry?(): void;
  writable(): boolean;
  close(): Promise<void>;
}

/** Said by a store that cannot write. The request it belongs to is refused. */
export class RecordUnavailable extends Error {
  override readonly name = 'RecordUnavailable';
}

/** What one attempt may use, reserved before it and settled after it. Limits refuse with the time after which to try again. */
export interface Limits {
  reserve(attempt: {
    readonly principal: string;
    readonly target: TargetId;
    readonly promptTokens: number;
    readonly outputTokens: number | null;
  }): Promise<Reservation>;
}

export type Reservation =
  | { readonly granted: true; settle(spent: { readonly inputTokens: number | null; readonly outputTokens: number | null }): Promise<void> }
  | { readonly granted: false; readonly retryAfterMs: number | null };

/** Why the gatehouse cannot start with what lies in its data folder, and what to do about it. */
export interface StartProblem {
  readonly problem: string;
  readonly remedy: string;
}

/** Small files that only their owner may read, each replaced as a whole. Names are plain file names. */
export interface PrivateFiles {
  /** The text of a file, null if there is none; a problem if anybody else could have read or written it. */
  read(name: string): Promise<{ readonly text: string | null } | StartProblem>;
  /** Replaces a file at once and durably: after a crash it holds the old text or the new one. Calls take effect in their order. */
  write(name: string, text: string): Promise<void>;
}

/** Tells a problem from what was asked for. */
export function isStartProblem(value: object): value is StartProblem {
  return 'problem' in value && 'remedy' in value;
}

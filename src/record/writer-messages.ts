import type { Said } from '#store/ports.ts';
import type { Head } from './chain.ts';
import type { ColumnValue } from './projection.ts';
import type { KeepLimits } from './keep-limits.ts';

/**
 * What goes between the house's thread and the one that writes. `text` is an entry as JSON without its `seq`, which the writer puts
 * in front; it is spelt once, on the house's side, and never parsed on the way.
 */
export type NewEntry =
  | { readonly kind: 'start'; readonly text: string; readonly said: Said | null }
  | ({ readonly kind: 'terminal'; readonly said: Said | null } & EndOfCall)
  | ({ readonly kind: 'interrupted' } & EndOfCall)
  | { readonly kind: 'policy'; readonly text: string; readonly hash: string; readonly json: string }
  | { readonly kind: 'score'; readonly text: string; readonly columns: readonly ColumnValue[] }
  | { readonly kind: 'admin'; readonly text: string };

interface EndOfCall {
  readonly text: string;
  /** The row of `records` without `seq` and `start_seq`. */
  readonly columns: readonly ColumnValue[];
  /** The entry that began the call; below zero: the place in this batch, -1 is the first. */
  readonly startSeq: number;
}

/** What the writer is told of the policy's `record`. */
export interface WriterSettings {
  /** The second place of checkpoints; null for none. */
  readonly checkpoints: string | null;
  /** Whether the log is also written as rotated files of lines. */
  readonly files: boolean;
  /** How much is kept. */
  readonly keep: KeepLimits;
}

/** How a writer begins. */
export interface WriterStart {
  readonly folder: string;
  readonly at: number;
  /** False: the log was open before; it waits for `recover` instead of looking for itself. */
  readonly first: boolean;
  readonly settings: WriterSettings;
}

export type ToWriter =
  | { readonly type: 'batch'; readonly at: number; readonly openFrom: number; readonly entries: readonly NewEntry[] }
  | { readonly type: 'checkpoint'; readonly at: number; readonly openFrom: number }
  /** Opens the file again; `unsure` is the batch of which nothing was heard. */
  | {
      readonly type: 'recover';
      /** Comes back with what follows. */
      readonly round: number;
      readonly head: Head;
      readonly logId: string;
      readonly unsure: readonly NewEntry[];
    }
  | { readonly type: 'settings'; readonly settings: WriterSettings }
  | { readonly type: 'ask'; readonly number: number; readonly name: string; readonly what: unknown }
  | { readonly type: 'close'; readonly at: number; readonly openFrom: number };

/** What the writer knows of the log besides its head. */
export interface Standing {
  /** When the last checkpoint was signed, milliseconds since 1970; null if there is none. */
  readonly checkpointAt: number | null;
  /** Entries removed for their age or for room since the file was opened. */
  readonly pruned: number;
}

export type FromWriter =
  | { readonly type: 'ready'; readonly head: Head; readonly logId: string; readonly notes: readonly string[] }
  /** The log cannot be opened. `passes`: it may be soon, without anybody touching the file. */
  | { readonly type: 'problem'; readonly problem: string; readonly remedy: string; readonly passes: boolean }
  /** A batch is durable: its entries begin at `first`. */
  | { readonly type: 'written'; readonly first: number; readonly head: Head }
  /** Something else was appended. */
  | { readonly type: 'moved'; readonly head: Head }
  /** How it stands, said when it has changed. */
  | { readonly type: 'standing'; readonly standing: Standing }
  /** The file was closed. `round` is that of the `recover` which failed, null where something else did. */
  | { readonly type: 'failed'; readonly why: string; readonly round: number | null }
  /** The file is the one that was being written; `first` is where the unsure batch begins, null if it is not there. */
  | { readonly type: 'recovered'; readonly round: number; readonly first: number | null; readonly head: Head }
  /** Something that the operator should hear. */
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'answer'; readonly number: number; readonly what: unknown; readonly error: string | null }
  | { readonly type: 'closed' };

import type { ErrorCode } from '#core/errors/catalog.ts';
import type { Intent, Terminal } from '#core/record/record.ts';
import type { RecoveryEvent } from '#store/ports.ts';

/** Something worth telling whoever watches: the operator's terminal, `/admin/events`, the metrics. */
export type Happening =
  | { readonly type: 'request'; readonly intent: Intent | null; readonly terminal: Terminal }
  /** Refused before it could be recorded: counted only. */
  | { readonly type: 'refused'; readonly code: ErrorCode }
  | { readonly type: 'upstream'; readonly upstream: string; readonly state: string; readonly cause: string | null }
  | { readonly type: 'alarm'; readonly upstream: string; readonly message: string }
  /** Something about the record that the operator should hear. */
  | { readonly type: 'record'; readonly message: string }
  /** Whether whoever collects traces takes them. */
  | { readonly type: 'traces'; readonly message: string }
  | ({ readonly type: 'recovery'; readonly outcome: 'started' | RecoveryEvent['outcome'] } & Pick<
      RecoveryEvent,
      'upstream' | 'by' | 'exitCode'
    >)
  | { readonly type: 'drain'; readonly subject: 'route' | 'upstream'; readonly name: string; readonly drained: boolean }
  | { readonly type: 'policy'; readonly hash: string; readonly outcome: 'loaded' | 'refused' };

/** Where happenings go. Never blocks and never throws. */
export interface Watch {
  tell(happening: Happening): void;
}

/** A happening with its number, counted from 1, and when it was told (milliseconds since 1970). */
export interface Told {
  readonly seq: number;
  readonly at: number;
  readonly happening: Happening;
}

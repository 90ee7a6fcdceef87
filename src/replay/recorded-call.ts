import type { Intent, Terminal } from '#core/record/record.ts';

/** One call as the record has it: the raw material of replay and backtest. */
export interface RecordedCall {
  readonly intent: Intent;
  /** Null where the call was interrupted. */
  readonly terminal: Terminal | null;
  /** The request as it came, where the profile captures it in full and it was not erased. */
  readonly requestText: string | null;
}

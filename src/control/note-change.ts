import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Control, OperatorChange } from './control.ts';

/** Keeps what the operator is about to change. What cannot be recorded is not done; null: go on. */
export async function noteChange(control: Pick<Control, 'noteOperator'>, change: OperatorChange): Promise<GatewayError | null> {
  try {
    await control.noteOperator(change);
    return null;
  } catch (error) {
    if (!(error instanceof RecordUnavailable)) throw error;
    return gatewayError('record_unavailable', 'The record cannot be written now, so nothing was changed.', { retryAfterMs: 5_000 });
  }
}

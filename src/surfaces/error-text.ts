import { errorRow } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';

/** The words of an error as a caller reads them on any surface: what happened, what to do about it, and the id to ask about it with. */
export function errorText(error: GatewayError, requestId: string): string {
  const { remedy } = errorRow(error);
  const message = error.message.includes(remedy) ? error.message : `${error.message} ${remedy}`;
  return `${message} (request ${requestId})`;
}

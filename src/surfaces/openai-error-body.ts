import { errorRow } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';

import { errorText } from './error-text.ts';

/** The error envelope of the OpenAI API. The id is in the words too, because people paste messages, not headers. */
export function openaiErrorBody(error: GatewayError, requestId: string): string {
  const { openaiType } = errorRow(error);
  return JSON.stringify({ error: { message: errorText(error, requestId), type: openaiType, param: error.param, code: error.code } });
}

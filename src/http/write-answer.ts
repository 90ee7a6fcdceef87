import type { PlainResponse } from '#control/endpoint.ts';
import { errorRow } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { ClientWire } from '#gateway/ports.ts';
import type { Surface } from '#surfaces/kind.ts';

/** Sends a whole answer of the gatehouse's own. */
export function writePlain(client: ClientWire, response: PlainResponse, requestId: string): void {
  client.head(response.status, {
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...response.headers,
    ...idHeaders(requestId),
    'content-length': String(Buffer.byteLength(response.body)),
  });
  client.write(response.body);
  client.end();
}

/** Sends an error in the envelope of a surface. `headers`: what this refusal needs besides (`allow`). */
export function writeError(
  client: ClientWire,
  error: GatewayError,
  options: { readonly surface: Surface; readonly requestId: string; readonly headers?: Readonly<Record<string, string>> },
): void {
  const row = errorRow(error);
  const headers = {
    'content-type': options.surface.wholeType,
    ...(error.retryAfterMs === null ? {} : { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) }),
    ...(row.retry ? {} : { 'x-should-retry': 'false' }),
    ...(row.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...options.headers,
  };
  writePlain(client, { status: row.status, headers, body: options.surface.errorBody(error, options.requestId) }, options.requestId);
}

function idHeaders(requestId: string): Readonly<Record<string, string>> {
  return { 'x-gatehouse-request-id': requestId, 'x-request-id': requestId };
}

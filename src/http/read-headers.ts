import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';

/** Lower-case names, no prototype. */
export type Headers = Readonly<Record<string, string | undefined>>;

export const headersMax = 100;

/** Said twice, these would mean one thing to one reader and another to the next. */
const once: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'x-api-key',
  'content-type',
  'content-encoding',
  'content-length',
  'origin',
  'gatehouse-profile',
]);

/** Reads the raw name-value list of a request. Repeated headers are joined by commas, except those that may be said only once. */
export function readHeaders(raw: readonly string[]): { readonly headers: Headers } | GatewayError {
  if (raw.length > headersMax * 2) return gatewayError('headers_too_large', `The request has more than ${headersMax} headers.`);
  // No prototype, so that a header called "__proto__" is only a header.
  const headers: Record<string, string | undefined> = Object.create(null);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (once.has(name) || name.startsWith('x-gatehouse-'))
      return gatewayError('invalid_request', `The header ${name.slice(0, 80)} is sent twice.`);
    else headers[name] = `${before}, ${value}`;
  }
  return { headers };
}

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';

/** A request target, split by hand: no URL is ever built from what a caller says. */
export interface RequestTarget {
  /** Raw, as sent: this and nothing else is matched with the endpoints. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

/**
 * Reads the raw target of a request line. Only the origin form (`/path?query`) is taken; percent-encoding must be valid everywhere,
 * so that no later reader can stumble over it.
 */
export function readTarget(url: string): RequestTarget | GatewayError {
  if (!url.startsWith('/')) return badTarget('it does not begin with "/"');
  if (/[^\x21-\x7e]/.test(url)) return badTarget('it has characters that must be percent-encoded');
  if (url.includes('#')) return badTarget('a fragment is not sent');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (decodePart(path) === null) return badTarget('its percent-encoding is broken');
  const query = mark < 0 ? new Map<string, string>() : readQuery(url.slice(mark + 1));
  return query === null ? badTarget('the percent-encoding of its query is broken') : { path, query };
}

const plain = /^[ !-$&-~]*$/;

/** Decodes percent-encoding once; null if it is broken or hides control characters. */
export function decodePart(text: string): string | null {
  if (plain.test(text)) return text;
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    return null;
  }
  return /\p{Cc}/u.test(decoded) ? null : decoded;
}

/** A name that is given twice keeps its first value. */
function readQuery(text: string): ReadonlyMap<string, string> | null {
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodePart((equals < 0 ? pair : pair.slice(0, equals)).replaceAll('+', ' '));
    const value = decodePart(equals < 0 ? '' : pair.slice(equals + 1).replaceAll('+', ' '));
    if (name === null || value === null) return null;
    if (!query.has(name)) query.set(name, value);
  }
  return query;
}

function badTarget(why: string): GatewayError {
  return gatewayError('invalid_request', `The request target is not usable: ${why}.`);
}

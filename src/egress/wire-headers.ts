/**
 * Names a caller of the dialer cannot set: those of the connection, those the dialer owns, and those that carry somebody's key. What
 * is sent under them is the dialer's own or nothing.
 */
const owned: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'accept-encoding',
  'user-agent',
  'authorization',
  'x-api-key',
  'api-key',
  'cookie',
]);

/** Most header fields of a reply; the size cap alone would let a thousand small ones through. */
const maxReplyFields = 200;

/** Names and values in turn, as they go on the wire. `key` is the upstream's own key headers. */
export function requestHeaders(asked: Readonly<Record<string, string>>, key: Readonly<Record<string, string>>): string[] {
  const keyNames = new Set(Object.keys(key).map((name) => name.toLowerCase()));
  const flat: string[] = [];
  for (const [name, value] of Object.entries(asked)) {
    const lower = name.toLowerCase();
    if (!owned.has(lower) && !keyNames.has(lower)) flat.push(lower, value);
  }
  flat.push('accept-encoding', 'identity', 'user-agent', 'gatehouse');
  for (const [name, value] of Object.entries(key)) flat.push(name.toLowerCase(), value);
  return flat;
}

/** The first value of each name of a reply, names in lower case. `raw` holds names and values in turn. */
export function replyHeaders(raw: readonly (Uint8Array | string)[]): Readonly<Record<string, string>> {
  // Without a prototype, a server may send `__proto__` as it likes.
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = latin1(raw[at]).toLowerCase();
    headers[name] ??= latin1(raw[at + 1]);
  }
  return headers;
}

/**
 * Why a reply cannot be read, or null. We ask for `identity`, so an encoded body is a server's fault (F20), not something to inflate;
 * and of the transfer codings only `chunked` is taken off on the way.
 */
export function replyRefusal(headers: Readonly<Record<string, string>>, fields: number): string | null {
  if (fields > maxReplyFields) return `${fields} header fields`;
  for (const [name, plain] of [
    ['content-encoding', 'identity'],
    ['transfer-encoding', 'chunked'],
  ] as const) {
    const value = headers[name]?.trim().toLowerCase();
    if (value !== undefined && value !== '' && value !== plain) return `${name}: ${value.slice(0, 80)}`;
  }
  return null;
}

function latin1(field: Uint8Array | string | undefined): string {
  if (field === undefined || typeof field === 'string') return field ?? '';
  return Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString('latin1');
}

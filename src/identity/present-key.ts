/** The headers of a request, names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** What a caller shows: nothing, one key, or something that cannot be a key. Nothing of this is ever logged. */
export type Presented =
  | { readonly type: 'none' }
  | { readonly type: 'key'; readonly key: string }
  /** `conflict`: two different credentials; `malformed`: too long, or characters that no key has. */
  | { readonly type: 'unusable'; readonly why: 'conflict' | 'malformed' };

/** Headers that hold a bare key. `authorization` holds one behind its scheme. */
const bareCarriers = ['x-api-key', 'x-goog-api-key'];
const keyCharsMax = 512;
const bearer = /^bearer(?: +|$)/i;
/** Printable ASCII without white space, comma and semicolon, with which repeated headers are joined. */
const keyShape = /^[!-+\--:<-~]+$/;

/**
 * Finds the caller's key. The one place where any credential is read: whatever a carrier holds is treated alike, so that no door is
 * easier than another. Schemes other than Bearer are no credential here; keys in a URL are never looked at.
 */
export function presentedKey(headers: Headers): Presented {
  let key = bearerToken(headers['authorization']);
  for (const name of bareCarriers) {
    const bare = headers[name]?.trim() ?? '';
    if (key !== '' && bare !== '' && bare !== key) return { type: 'unusable', why: 'conflict' };
    if (key === '') key = bare;
  }
  if (key === '') return { type: 'none' };
  return key.length <= keyCharsMax && keyShape.test(key) ? { type: 'key', key } : { type: 'unusable', why: 'malformed' };
}

function bearerToken(authorization: string | undefined): string {
  const value = authorization?.trim() ?? '';
  const scheme = bearer.exec(value);
  return scheme ? value.slice(scheme[0].length).trim() : '';
}

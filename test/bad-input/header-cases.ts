import { canaries } from './guarded-house.ts';

/** A good body under a head that is not; what has to come back. */
export interface HeadCase {
  readonly name: string;
  readonly target?: string;
  /** Lines of the head beside host, length and type; `{key}` stands for the key. */
  readonly head: string;
  readonly status: number;
  /** A code, or words of the plain line where the server itself refused. */
  readonly says: string;
}

const auth = 'authorization: Bearer {key}\r\n';
const secret = canaries.header;
const ours = (line: string, status: number, says: string): HeadCase => ({
  name: `the line ${JSON.stringify(line)}`,
  head: `${auth}${line}\r\n`,
  status,
  says,
});
const key = (line: string, says = 'key_unknown'): HeadCase => ({
  name: `a key as ${JSON.stringify(line.slice(0, 60))}`,
  head: line === '' ? '' : `${line}\r\n`,
  status: 401,
  says,
});
const query = (text: string, head: string, status: number, says: string): HeadCase => ({
  name: `the query ${JSON.stringify(text.slice(0, 60))}`,
  target: `/v1/chat/completions?${text}`,
  head,
  status,
  says,
});

/** Heads that somebody made to steer, to break or to find something out. */
export const headCases: readonly HeadCase[] = [
  {
    name: '10,000 headers',
    head: auth + Array.from({ length: 10_000 }, (_, at) => `x-${at}: ${secret}\r\n`).join(''),
    status: 431,
    says: 'too large',
  },
  { name: '101 headers', head: auth + 'x-a: b\r\n'.repeat(97), status: 431, says: 'headers_too_large' },
  { name: '96 headers more', head: auth + 'x-a: b\r\n'.repeat(96), status: 200, says: '' },
  { name: 'a header of 64 kB', head: `${auth}x-a: ${'a'.repeat(65_536)}\r\n`, status: 431, says: 'too large' },
  { name: 'a name of 64 kB', head: `${auth}${'a'.repeat(65_536)}: b\r\n`, status: 431, says: 'too large' },
  { name: 'a key of 64 kB', head: `authorization: Bearer gh_${'a'.repeat(65_536)}\r\n`, status: 431, says: 'too large' },

  ours('x-gatehouse-route: none', 404, 'model_not_found'),
  ours('x-gatehouse-route: __proto__', 404, 'model_not_found'),
  ours('x-gatehouse-route: constructor', 404, 'model_not_found'),
  ours('x-gatehouse-route: chat%0d%0aset-cookie: a=b', 404, 'model_not_found'),
  ours('x-gatehouse-route: \u00fcber', 404, 'model_not_found'),
  ours('x-gatehouse-route: <script>', 404, 'model_not_found'),
  ours('x-gatehouse-route: http://203.0.113.9/', 404, 'model_not_found'),
  ours('x-gatehouse-tier: __proto__', 403, 'scope_denied'),
  ours('x-gatehouse-tier: SOVEREIGN', 403, 'scope_denied'),
  ours('x-gatehouse-tier: local-first', 403, 'scope_denied'),
  ours('x-gatehouse-tier: cloud-explicit', 403, 'scope_denied'),
  ours(`x-gatehouse-task: ${'a'.repeat(201)}`, 400, 'invalid_request'),
  ours(`x-gatehouse-session: ${'\u00e9'.repeat(201)}`, 400, 'invalid_request'),
  ours('x-gatehouse-task: a\r\nx-gatehouse-task: b', 400, 'sent twice'),
  ours('x-gatehouse-task: a\rx: b', 400, 'bad request'),
  ours('x-gatehouse-task: a\nx: b', 400, 'bad request'),
  ours('x-gatehouse-task: a\u0000b', 400, 'bad request'),
  ours('x-gatehouse-task: a\u007fb', 400, 'bad request'),
  ours('x-gatehouse-task: \u001b[31mred', 400, 'bad request'),
  ours('x-gatehouse-task: constructor', 200, ''),
  ours('x-gatehouse-session: __proto__', 200, ''),
  ours('x-gatehouse-model: reader-8b', 400, 'There is no header'),
  ours('x-gatehouse-upstream: http://203.0.113.9', 400, 'There is no header'),
  ours('x-gatehouse-key: a', 400, 'There is no header'),
  ours('x-gatehouse-policy: a', 400, 'There is no header'),
  ours('x-gatehouse-: a', 400, 'There is no header'),
  ours(`X-GateHouse-Api-Base: ${secret}`, 400, 'There is no header'),
  ours(`x-gatehouse-${'a'.repeat(5_000)}: b`, 400, 'There is no header'),
  ours('gatehouse-profile: other', 200, ''),
  ours('__proto__: x\r\nconstructor: y\r\ntoString: z', 200, ''),
  ours(`x-secret: ${secret}\r\ncookie: ${secret}\r\nproxy-authorization: ${secret}\r\nvia: ${secret}\r\nforwarded: ${secret}`, 200, ''),
  ours(
    'x-forwarded-host: evil.example\r\nx-forwarded-for: 203.0.113.9\r\nx-original-url: /admin/keys\r\nx-rewrite-url: /admin/keys\r\nx-http-method-override: GET',
    200,
    '',
  ),
  ours('origin: http://evil.example', 421, 'unknown_host'),
  ours('origin: null', 421, 'unknown_host'),
  ours('content-encoding: gzip', 415, 'unsupported_media'),
  ours('content-encoding: gzip, identity', 415, 'unsupported_media'),
  ours('content-type: text/plain', 400, 'sent twice'),

  key('', 'key_missing'),
  key('authorization: ', 'key_missing'),
  key('authorization: Bearer', 'key_'),
  key('authorization: Bearer ', 'key_'),
  key('authorization: Basic {key}', 'key_'),
  key('authorization: Bearer {key}x'),
  key('authorization: Bearer {key},{key}'),
  key('authorization: Bearer gh_'),
  key('authorization: Bearer __proto__'),
  key("authorization: Bearer ' OR 1=1 --"),
  key('authorization: Bearer {{7*7}}'),
  key('authorization: Bearer ${UPSTREAM_KEY}'),
  key(`authorization: Bearer gh_${'a'.repeat(10_000)}`),
  key('authorization: Bearer gh_\u00e9\u00e9\u00e9'),
  key(`authorization: Bearer ${canaries.upstreamKey}`),
  key('proxy-authorization: Bearer {key}', 'key_missing'),
  key('cookie: authorization=Bearer {key}', 'key_missing'),
  { name: 'a key twice', head: `${auth}${auth}`, status: 400, says: 'sent twice' },
  { name: 'two different keys', head: `${auth}x-api-key: gh_another\r\n`, status: 401, says: 'key_' },

  query('key={key}', '', 401, 'key_missing'),
  query('api_key={key}', '', 401, 'key_missing'),
  query('authorization=Bearer%20{key}', '', 401, 'key_missing'),
  query('api_base=http://203.0.113.9', auth, 200, ''),
  query('__proto__=1&constructor=2&toString=3&__proto__[a]=4', auth, 200, ''),
  query('a=1&'.repeat(3_000), auth, 200, ''),
  query('%', auth, 400, 'invalid_request'),
  query('a=%0d%0aset-cookie:b', auth, 400, 'invalid_request'),
  query('a=%00', auth, 400, 'invalid_request'),
  query('a=%ed%a0%80', auth, 400, 'invalid_request'),
  query('a=\u00e9', auth, 400, 'bad request'),
];

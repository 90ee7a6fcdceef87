import { canaries, goodBody } from './guarded-house.ts';

/** Bytes on one connection, and what has to come back. */
export interface RawCase {
  readonly name: string;
  readonly bytes: (key: string) => string;
  /** The statuses of all answers on the connection, in order. */
  readonly statuses: readonly number[];
  /** In the last answer: a code in the envelope of the API, or words of the plain line that answers what is no HTTP. */
  readonly says: string;
  /** Calls of the machine that are right. Default: none. */
  readonly dials?: number;
  /** Nothing more will be sent, and the house is told so. */
  readonly halfClosed?: true;
}

const path = '/v1/chat/completions';
const auth = (key: string): string => `host: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n`;
const good = goodBody();
const sized = (text: string): string => `content-length: ${text.length}\r\n\r\n${text}`;
const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const post = (key: string, head: string, body: string): string => `POST ${path} HTTP/1.1\r\n${auth(key)}${head}\r\n${body}`;
const get = (target: string, head = 'host: localhost\r\n'): string => `GET ${target} HTTP/1.1\r\n${head}\r\n`;
/** What somebody hides behind a request, hoping that another reader sees it. */
const hidden = (key: string): string => `POST ${path} HTTP/1.1\r\n${auth(key)}${sized(good)}`;

const te = (value: string): RawCase => ({
  name: `a body framed by "transfer-encoding: ${JSON.stringify(value).slice(1, -1)}"`,
  bytes: (key) => post(key, `transfer-encoding: ${value}\r\n`, chunked(good)),
  statuses: [400],
  says: 'bad request',
});
const target = (text: string, says: string, status = 400): RawCase => ({
  name: `the target ${JSON.stringify(text)}`,
  bytes: () => get(text),
  statuses: [status],
  says,
});
const hosts = (head: string, says = 'invalid_request', status = 400): RawCase => ({
  name: `the host lines ${JSON.stringify(head)}`,
  bytes: () => get('/healthz', head),
  statuses: [status],
  says,
});

/** Ways to write a request that two readers understand differently, or none. */
export const rawCases: readonly RawCase[] = [
  hosts('host: localhost\r\nhost: localhost\r\n'),
  hosts('host: localhost\r\nHost: evil.example\r\n'),
  hosts(''),
  hosts('host: \r\n'),
  hosts('host: evil.example\r\n', 'unknown_host', 421),
  hosts('host: localhost/../admin\r\n'),
  hosts('host: localhost@evil.example\r\n'),
  hosts('host: localhost:99999999\r\n'),
  hosts('host: loc\talhost\r\n'),
  hosts('host: [::1\r\n'),
  hosts('host: l\u00f6calhost\r\n'),
  target('http://localhost/healthz', 'invalid_request'),
  target('http://evil.example/v1/models', 'invalid_request'),
  target('//healthz', 'not_found', 404),
  target('//localhost/healthz', 'not_found', 404),
  target('/./healthz', 'not_found', 404),
  target('/v1/../healthz', 'not_found', 404),
  target('/%2e%2e/healthz', 'not_found', 404),
  target('/v1/%2e%2e/admin/keys', 'not_found', 404),
  target('/healthz/', 'not_found', 404),
  target('/HEALTHZ', 'not_found', 404),
  target('/%68ealthz', 'not_found', 404),
  target('/healthz;a=b', 'not_found', 404),
  target('/healthz%00', 'invalid_request'),
  target('/healthz%0d%0aset-cookie:%20a', 'invalid_request'),
  target('/healthz%zz', 'invalid_request'),
  target('/healthz%c0%ae', 'invalid_request'),
  target('/healthz#frag', 'invalid_request'),
  target('/healthz?a=%ff', 'invalid_request'),
  target('\\healthz', 'bad request'),
  target('/a\\..\\healthz', 'not_found', 404),
  target('*', 'invalid_request'),
  target('healthz', 'bad request'),
  target(`/${'a'.repeat(20_000)}`, 'request header fields too large', 431),
  {
    name: 'CONNECT',
    bytes: () => 'CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n',
    statuses: [],
    says: '',
  },
  {
    name: 'an upgrade to another protocol',
    bytes: () => get('/healthz', 'host: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n'),
    statuses: [200],
    says: 'ok',
  },
  {
    name: 'an upgrade to HTTP/2',
    bytes: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    statuses: [400],
    says: 'bad request',
  },
  { name: 'TLS', bytes: () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', statuses: [400], says: 'bad request' },
  {
    name: 'TRACE, which echoes',
    bytes: () => `TRACE /healthz HTTP/1.1\r\nhost: localhost\r\nx-secret: ${canaries.header}\r\n\r\n`,
    statuses: [405],
    says: 'method_not_allowed',
  },
  {
    name: 'an answer in place of a request',
    bytes: () => 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    statuses: [400],
    says: 'bad request',
  },
  { name: 'no version', bytes: () => 'GET /healthz\r\n\r\n', statuses: [400], says: 'no Host header' },
  { name: 'HTTP/0.9', bytes: () => 'GET /healthz HTTP/0.9\r\n\r\n', statuses: [400], says: 'no Host header' },
  { name: 'HTTP/3.7', bytes: () => 'GET /healthz HTTP/3.7\r\nhost: localhost\r\n\r\n', statuses: [400], says: 'bad request' },
  {
    name: 'HTTP/1.0 with a chunked body',
    bytes: (key) => `POST ${path} HTTP/1.0\r\n${auth(key)}transfer-encoding: chunked\r\n\r\n${chunked(good)}`,
    statuses: [400],
    says: 'invalid_request',
  },
  {
    name: 'a GET with a body',
    bytes: () => `GET /healthz HTTP/1.1\r\nhost: localhost\r\n${sized('{"a":1}')}${get('/readyz')}`,
    statuses: [200, 200],
    says: 'ready',
  },
  {
    name: 'two lengths',
    bytes: (key) => post(key, `content-length: ${good.length}\r\ncontent-length: 4\r\n`, good),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'one length said twice',
    bytes: (key) => post(key, `content-length: ${good.length}\r\ncontent-length: ${good.length}\r\n`, good),
    statuses: [400],
    says: 'bad request',
  },
  ...['+5', '-1', '0x10', '5, 5', '1e3', '٥', '99999999999999999999', ' ', '5 5'].map((length): RawCase => ({
    name: `the length ${JSON.stringify(length)}`,
    bytes: (key) => post(key, `content-length: ${length}\r\n`, good),
    statuses: [400],
    says: 'bad request',
  })),
  {
    name: 'a length and chunks',
    bytes: (key) => post(key, `content-length: 4\r\ntransfer-encoding: chunked\r\n`, chunked(good)),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'chunks and a length',
    bytes: (key) => post(key, `transfer-encoding: chunked\r\ncontent-length: 4\r\n`, chunked(good)),
    statuses: [400],
    says: 'bad request',
  },
  te('identity'),
  te('gzip'),
  te('chunked, chunked'),
  te('chunked, identity'),
  te('gzip, chunked, gzip'),
  te('xchunked'),
  te('chunked;q=1'),
  te('"chunked"'),
  te('chunked\u000b'),
  {
    name: 'transfer-encoding said twice',
    bytes: (key) => post(key, 'transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n', chunked(good)),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a space before the colon of transfer-encoding',
    bytes: (key) => post(key, `transfer-encoding : chunked\r\n`, chunked(good)),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a header that goes on in the next line',
    bytes: (key) => post(key, 'transfer-encoding:\r\n chunked\r\n', chunked(good)),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a header line that begins with a space',
    bytes: () => get('/healthz', ' host: localhost\r\n'),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'lines that end in a bare line feed',
    bytes: () => 'GET /healthz HTTP/1.1\nhost: localhost\n\n',
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'one line that ends in a bare line feed',
    bytes: () => get('/healthz', 'host: localhost\nx-a: b\r\n'),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a bare carriage return in a value',
    bytes: () => get('/healthz', 'host: localhost\r\nx-a: b\rx-c: d\r\n'),
    statuses: [400],
    says: 'bad request',
  },
  { name: 'a NUL in a value', bytes: () => get('/healthz', 'host: localhost\r\nx-a: b\u0000c\r\n'), statuses: [400], says: 'bad request' },
  { name: 'a NUL in a name', bytes: () => get('/healthz', 'host: localhost\r\nx\u0000a: b\r\n'), statuses: [400], says: 'bad request' },
  { name: 'a header without a name', bytes: () => get('/healthz', 'host: localhost\r\n: b\r\n'), statuses: [400], says: 'bad request' },
  {
    name: 'a header without a colon',
    bytes: () => get('/healthz', 'host: localhost\r\nnonsense\r\n'),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a request hidden in the body of another is a body',
    bytes: (key) => `POST ${path} HTTP/1.1\r\n${auth(key)}content-length: ${hidden(key).length}\r\nconnection: close\r\n\r\n${hidden(key)}`,
    statuses: [400],
    says: 'invalid_request',
  },
  {
    name: 'a request hidden behind a refused body that is too large',
    bytes: (key) => `POST ${path} HTTP/1.1\r\n${auth(key)}content-length: 21000000\r\n\r\n${hidden(key)}`,
    statuses: [413],
    says: 'too_large',
  },
  {
    name: 'a chunk that is longer than it says',
    bytes: (key) => post(key, 'transfer-encoding: chunked\r\n', `4\r\n${good}\r\n0\r\n\r\n${hidden(key)}`),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a chunk with a size that wraps around',
    bytes: (key) => post(key, 'transfer-encoding: chunked\r\n', `10000000000000004\r\n${good}\r\n0\r\n\r\n`),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a chunk with a size of nonsense',
    bytes: (key) => post(key, 'transfer-encoding: chunked\r\n', `0x${chunked(good)}`),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a chunk that ends in a bare line feed',
    bytes: (key) => post(key, 'transfer-encoding: chunked\r\n', `${good.length.toString(16)}\n${good}\n0\n\n`),
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a chunk extension of 20 kB',
    bytes: (key) =>
      post(key, 'transfer-encoding: chunked\r\n', `${good.length.toString(16)};${'a'.repeat(20_000)}\r\n${good}\r\n0\r\n\r\n`),
    statuses: [413],
    says: 'content too large',
  },
  {
    name: 'a trailer that would be another key',
    bytes: (key) =>
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${good.length.toString(16)}\r\n${good}\r\n0\r\nauthorization: Bearer ${key}\r\n\r\n`,
    statuses: [401],
    says: 'key_missing',
  },
  {
    name: 'three requests at once, each answered',
    bytes: (key) => `${hidden(key)}${get('/readyz')}${hidden(key)}`,
    statuses: [200, 200, 200],
    says: 'read',
    dials: 2,
  },
  {
    name: 'a hundred requests at once are too many ahead',
    bytes: () => get('/healthz').repeat(100),
    statuses: [],
    says: '',
  },
  {
    name: 'garbage behind a good request',
    bytes: () => `${get('/healthz')}\u0000\u0001garbage`,
    statuses: [400],
    says: 'bad request',
  },
  {
    name: 'a body that is shorter than it says',
    bytes: (key) => post(key, `content-length: ${good.length + 1}\r\n`, good),
    statuses: [400],
    says: 'bad request',
    halfClosed: true,
  },
  {
    name: 'a body that must wait for leave, and is too large',
    bytes: (key) => post(key, 'expect: 100-continue\r\ncontent-length: 21000000\r\n', ''),
    statuses: [413],
    says: 'too_large',
  },
  {
    name: 'an expectation that nobody can meet',
    bytes: (key) => post(key, `expect: the-unexpected\r\ncontent-length: ${good.length}\r\n`, good),
    statuses: [417],
    says: '',
  },
];

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestParser } from './request-parser.ts';
import type { ParserEvent } from './request-parser.ts';

/** Heads and bodies as one readable line each. */
function lines(events: readonly ParserEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'head') return `${event.head.method} ${event.head.path} ${event.head.rawHeaders.length} headers`;
    if (event.type === 'body') return `body ${Buffer.from(event.body).toString()} (${event.bytes})`;
    return `bad ${event.why}`;
  });
}

const STREAM = [
  'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello',
  '\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nwi\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n',
  'GET /next HTTP/1.1\r\n\r\n',
].join('');

const EXPECTED = [
  'POST /v1/chat/completions 2 headers',
  'body hello (5)',
  'GET /health 1 headers',
  'body  (0)',
  'POST /up 2 headers',
  'body wi\r\n0123456789 (45)',
  'GET /next 0 headers',
  'body  (0)',
];

test('pipelined requests come out whole for every split of the bytes', () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    const parser = createRequestParser();
    const seen: string[] = [];
    for (let from = 0; from < STREAM.length; from += size) seen.push(...lines(parser.push(Buffer.from(STREAM.slice(from, from + size)))));
    assert.deepEqual(seen, EXPECTED, `pieces of ${size}`);
  }
});

const BAD: readonly (readonly [name: string, bytes: string])[] = [
  ['length and chunks', 'POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\ncontent-length: 3\r\nContent-Length: 3\r\n\r\n'],
  ['a length that is none', 'POST / HTTP/1.1\r\ncontent-length: -3\r\n\r\n'],
  ['another coding', 'POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n'],
  ['a space before the colon', 'POST / HTTP/1.1\r\nhost : a\r\n\r\n'],
  ['a bare line feed in a header', 'POST / HTTP/1.1\r\nhost: a\nb: c\r\n\r\n'],
  ['a folded header', 'POST / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n'],
  ['another protocol', 'PRI * HTTP/2.0\r\n\r\n'],
  ['a chunk size that is none', 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\n'],
  ['a chunk longer than it says', 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n'],
];

for (const [name, bytes] of BAD) {
  test(`refuses ${name}, and reads nothing after it`, () => {
    const parser = createRequestParser();
    assert.equal(parser.push(Buffer.from(bytes)).at(-1)?.type, 'bad');
    assert.deepEqual(parser.push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), []);
  });
}

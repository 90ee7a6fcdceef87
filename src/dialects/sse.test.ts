import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { ReplyEvent } from '#core/reply/event.ts';

import { dataOf } from './payload.ts';
import type { PayloadReader } from './payload.ts';
import { sseReader } from './sse.ts';

/** Shows what the framing hands on: `name|data` as the text of a content delta. */
const echo: PayloadReader = (data, name) => dataOf([{ type: 'content', choice: 0, text: `${name}|${data}` }]);

function shown(event: ReplyEvent): string {
  const [delta] = event.deltas;
  return delta?.type === 'content' ? delta.text : event.kind;
}

function read(pieces: readonly (string | Uint8Array)[], maxEventBytes = 1000): readonly ReplyEvent[] {
  const reader = sseReader(maxEventBytes, echo);
  return [...pieces.flatMap((piece) => [...reader.push(typeof piece === 'string' ? Buffer.from(piece) : piece)]), ...reader.end()];
}

/** The specification's own words, on text: split into lines, collect fields, dispatch on a blank line. */
function dispatched(text: string): readonly string[] {
  const events: string[] = [];
  let data: string[] = [];
  let name = '';
  for (const line of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .slice(0, -1)) {
    if (line === '') {
      if (data.join('\n') !== '') events.push(`${name}|${data.join('\n')}`);
      data = [];
      name = '';
    } else {
      const field = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field?.[1] === 'data') data.push(field[2] ?? '');
      if (field?.[1] === 'event') name = field[2] ?? '';
    }
  }
  return events;
}

for (const [name, bytes, expected] of [
  ['LF', 'data: a\n\ndata: b\n\n', ['|a', '|b']],
  ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['|a', '|b']],
  ['CR', 'data: a\r\rdata: b\r\r', ['|a', '|b']],
  ['mixed line ends', 'data: a\r\n\ndata: b\r\r\ndata: c\n\r\n', ['|a', '|b', '|c']],
  ['no space after the colon, and two', 'data:a\n\ndata:  b\n\n', ['|a', '| b']],
  ['several data lines', 'data: a\ndata\ndata: b\n\n', ['|a\n\nb']],
  ['an event name, id and retry', 'id: 1\nevent: x\nretry: 2\ndata: a\n\n', ['x|a']],
  ['a colon in the value', 'data: a: b\n\n', ['|a: b']],
  ['a byte order mark', '\ufeffdata: a\n\n', ['|a']],
  ['a byte order mark before an event name', '\ufeffevent: x\r\ndata: a\r\n\r\n', ['x|a']],
  [
    'noise',
    ': c\n\ndata:\n\ndata: : keepalive\n\nevent: ping\ndata: {}\n\nid: 4\n\n\n',
    ['noise', 'noise', 'noise', 'noise', 'noise', 'noise'],
  ],
  ['a comment inside an event', ': c\ndata: a\n: d\n\n', ['|a']],
  ['lines of no known field', '<html>\n\nabcdefgh: 1\n\n', ['malformed', 'malformed']],
  ['unknown fields beside data', 'x: 1\ndata: a\n\n', ['|a']],
  ['data without its blank line', 'data: [DONE]', ['|[DONE]']],
  ['a cut field name', 'data: a\n\nda', ['|a', 'malformed']],
  ['a cut empty value', 'data: ', ['malformed']],
  ['a cut comment', 'data: a\n\n: pi', ['|a', 'noise']],
  ['nothing', '', []],
] as const) {
  test(`reads ${name}`, () => {
    const whole = read([bytes]);
    assert.deepEqual(whole.map(shown), expected);
    assert.deepEqual(read(Array.from(Buffer.from(bytes), (byte) => Buffer.of(byte))).map(shown), expected);
    assert.equal(Buffer.concat(whole.map((event) => event.raw)).toString(), bytes);
  });
}

test('an event in one chunk shares its memory; any Uint8Array will do', () => {
  const bytes = new TextEncoder().encode('xdata: a\n\ndata: b\n\n').subarray(1);
  const events = read([bytes]);
  assert.deepEqual(events.map(shown), ['|a', '|b']);
  for (const event of events) assert.equal(event.raw.buffer, bytes.buffer);
  assert.equal(events[1]?.raw.byteOffset, 10);
});

test('an event over two chunks keeps its bytes when later chunks come', () => {
  const reader = sseReader(1000, echo);
  assert.deepEqual(reader.push(Buffer.from('data: a')), []);
  const [first] = reader.push(Buffer.from('b\n\ndata: c'));
  const [second] = reader.push(Buffer.from('d\n\n'));
  assert.equal(Buffer.from(first?.raw ?? []).toString(), 'data: ab\n\n');
  assert.equal(Buffer.from(second?.raw ?? []).toString(), 'data: cd\n\n');
});

test('a CR at the end of a chunk waits for the byte that says whether it is half of CRLF', () => {
  const reader = sseReader(1000, echo);
  assert.deepEqual(reader.push(Buffer.from('data: a\r\n\r')), []);
  assert.deepEqual(
    reader.push(Buffer.from('\ndata: b\r\r')).map((event) => Buffer.from(event.raw).toString()),
    ['data: a\r\n\r\n'],
  );
  assert.deepEqual(
    reader.push(Buffer.from('data: c')).map((event) => Buffer.from(event.raw).toString()),
    ['data: b\r\r'],
  );
});

test('a character cut over chunks survives; invalid UTF-8 becomes U+FFFD', () => {
  const bytes = Buffer.from('data: 👋\n\n');
  for (let at = 1; at < bytes.length; at += 1) assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]).map(shown), ['|👋']);
  assert.deepEqual(read([Buffer.from('data: a\xff\xc3b\n\n', 'latin1')]).map(shown), ['|a\ufffd\ufffdb']);
});

test('an event longer than allowed is malformed at every split, and nothing is read after it', () => {
  const bytes = Buffer.from('data: ab\n\ndata: abc\n\ndata: a\n\n');
  for (let at = 0; at < bytes.length; at += 1) {
    const events = read([bytes.subarray(0, at), bytes.subarray(at)], 10);
    assert.deepEqual(events.map(shown), ['|ab', 'malformed']);
    assert.equal(Buffer.from(events[1]?.raw ?? []).toString(), 'data: abc\n');
  }
  const reader = sseReader(10, echo);
  assert.equal(reader.push(Buffer.alloc(11, 'a')).length, 1);
  assert.deepEqual([...reader.push(Buffer.from('data: a\n\n')), ...reader.end()], []);
});

test('the limit counts a CRLF the same whether or not it is cut', () => {
  for (const pieces of [['data: ab\n\r\n'], ['data: ab\n\r', '\n']]) assert.deepEqual(read(pieces, 10).map(shown), ['malformed']);
  assert.deepEqual(read(['data: ab\n\r', 'data: c\n\n'], 10).map(shown), ['|ab', '|c']);
});

test('reads what the specification would dispatch, however the bytes are split', () => {
  const piece = fc.constantFrom('\n', '\r', '\r\n', 'data', ':', ' ', 'a', 'é', 'event', 'id', 'data: x', '\ufeff');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat({ max: 100 }), { maxLength: 8 }), (pieces, marks) => {
      // The closing line ends complete every event, so that what the stream's end would cut does not matter here.
      const bytes = Buffer.from(`${pieces.join('')}\n\n`);
      const edges = [0, ...marks.map((mark) => Math.min(mark, bytes.length)).sort((a, b) => a - b), bytes.length];
      const whole = read([bytes]);
      const split = read(edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge)));
      const simple = (events: readonly ReplyEvent[]): readonly string[] =>
        events.map((event) => `${shown(event)} ${Buffer.from(event.raw).toString('hex')}`);
      assert.deepEqual(simple(split), simple(whole));
      assert.ok(Buffer.concat(whole.map((event) => event.raw)).equals(bytes));
      const said = dispatched(bytes.toString()).filter((event) => !/^[^|]*\|(\s*$|:)/.test(event));
      assert.deepEqual(whole.filter((event) => event.kind === 'data').map(shown), said);
    }),
    { seed: 7, numRuns: 3000 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReplyEvent } from '#core/reply/event.ts';

import { ndjsonReader } from './ndjson.ts';
import { dataOf } from './payload.ts';
import type { PayloadReader } from './payload.ts';

const echo: PayloadReader = (data) => dataOf([{ type: 'content', choice: 0, text: data.trim() }]);

function shown(event: ReplyEvent): string {
  const [delta] = event.deltas;
  return delta?.type === 'content' ? delta.text : event.kind;
}

function read(pieces: readonly Uint8Array[], maxEventBytes = 1000): readonly ReplyEvent[] {
  const reader = ndjsonReader(maxEventBytes, echo);
  return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.end()];
}

for (const [name, text, expected] of [
  ['lines', 'a\nb\n', ['a', 'b']],
  ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
  ['a last line without line feed', 'a\nb', ['a', 'b']],
  ['blank lines as noise', '\na\n \r\n', ['noise', 'a', 'noise']],
  ['a byte order mark', '\ufeffa\n', ['a']],
  ['characters of several bytes', 'é👋\n', ['é👋']],
] as const) {
  test(`reads ${name} at every split`, () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1) {
      const events = read([bytes.subarray(0, at), bytes.subarray(at)]);
      assert.deepEqual(events.map(shown), expected);
      assert.ok(Buffer.concat(events.map((event) => event.raw)).equals(bytes));
    }
  });
}

test('a line in one chunk shares its memory', () => {
  const bytes = Buffer.from('a\nb\n');
  for (const event of read([bytes])) assert.equal(event.raw.buffer, bytes.buffer);
});

test('a line longer than allowed is malformed at every split, and nothing is read after it', () => {
  const bytes = Buffer.from('abc\nabcd\na\n');
  for (let at = 0; at < bytes.length; at += 1) {
    const events = read([bytes.subarray(0, at), bytes.subarray(at)], 4);
    assert.deepEqual(events.map(shown), ['abc', 'malformed']);
    assert.equal(Buffer.from(events[1]?.raw ?? []).toString(), 'abcd');
  }
});

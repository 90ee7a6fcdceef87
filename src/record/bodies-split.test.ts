import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { joinRequest, splitRequest } from './bodies-split.ts';

function split(text: string): { readonly frame: string; readonly messages: readonly string[] } | null {
  const found = splitRequest(Buffer.from(text));
  return found && { frame: textOf(found.frame), messages: found.messages.map(textOf) };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

test('a request is its frame and its messages, byte for byte', () => {
  assert.deepEqual(split('{"model":"m", "messages": [{"a":1}, {"b":"],\\""}\n ], "n":1}'), {
    frame: '{"model":"m", "messages": [\n ], "n":1}',
    messages: ['{"a":1}', ' {"b":"],\\""}'],
  });
  assert.deepEqual(split('{"input":[{"a":[1,{}]}]}'), { frame: '{"input":[]}', messages: ['{"a":[1,{}]}'] });
  assert.deepEqual(split('{"messages":[ ]}'), { frame: '{"messages":[ ]}', messages: [] });
});

test('`messages` is the list wherever it stands, and only at the top', () => {
  assert.deepEqual(split('{"input":[{"a":1}],"messages":[{"b":1}]}')?.messages, ['{"b":1}']);
  assert.deepEqual(split('{"x":{"messages":[{"a":1}]},"messages":[{"b":1}]}')?.messages, ['{"b":1}']);
  assert.equal(split('{"x":"messages","y":[{"messages":[{}]}]}'), null);
});

test('what is no list of objects is not taken apart', () => {
  for (const text of ['{"input":"text"}', '{"input":["a","b"]}', '{"messages":[{},1]}', '{"messages":[{},]}', '{"messages":[{}', '', '[]'])
    assert.equal(split(text), null, text);
  assert.equal(split(`{"messages":[${Array.from({ length: 5_000 }, () => '{}').join(',')}]}`), null);
});

test('any bytes come back as they were', () => {
  const json = fc.json({ maxDepth: 4, stringUnit: 'binary' });
  const message = fc.record({ role: fc.string(), content: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()) });
  const request = fc
    .tuple(fc.array(message, { maxLength: 8 }), fc.constantFrom(undefined, 1, '\t'), fc.dictionary(fc.string(), fc.jsonValue()))
    .map(([messages, indent, others]) => JSON.stringify({ ...others, messages }, null, indent));
  const garbage = fc
    .array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '"messages":[', '"input":[', ' ', '{}', 'é'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(request, json, garbage), (text) => {
      const bytes = Buffer.from(text);
      const parts = splitRequest(bytes);
      if (parts === null) return;
      assert.equal(textOf(joinRequest(parts.frame, parts.messages) ?? Buffer.from('lost')), bytes.toString('utf8'));
    }),
    { numRuns: 500 },
  );
});

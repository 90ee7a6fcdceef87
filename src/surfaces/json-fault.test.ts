import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { jsonFaultOffset } from './json-fault.ts';

test('the offset is that of the first character that does not fit', () => {
  const cases: [text: string, offset: number][] = [
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['[1 2]', 3],
    ['[1,]', 3],
    ['{"a": tru}', 6],
    ['{"a": "b\nc"}', 8],
    ['{"a": "\\x"}', 8],
    ['{} {}', 3],
    ['<html>', 0],
    ['{"a": 01}', 7],
    ['{"a": [1, {"b": }]}', 16],
  ];
  for (const [text, offset] of cases) assert.equal(jsonFaultOffset(text), offset, text);
});

test('a text that ends too early is faulty at its end', () => {
  for (const text of ['{', '{"a', '{"a":', '[1', '{"a": "b\\', '']) assert.equal(jsonFaultOffset(text), text.length, text);
});

test('what the engine parses has no fault, and a cut text has its fault at the end', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, at) => {
      assert.equal(jsonFaultOffset(text), text.length);
      const object = `{"x":${text}}`;
      const cut = object.slice(0, at % object.length);
      assert.ok(jsonFaultOffset(cut) <= cut.length);
    }),
  );
});

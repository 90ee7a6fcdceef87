import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { findJsonMembers } from './json-members.ts';

const bounds = { depthMax: 4, keysMax: 6, valuesMax: 12 };

test('each bound is met exactly, and the one that is passed is named', () => {
  const cases: [text: string, exceeded: string | null][] = [
    ['{"a":[[[1]]]}', null],
    ['{"a":[[[[1]]]]}', 'depthMax'],
    ['{"a":1,"b":{"c":1,"d":1,"e":1,"f":1}}', null],
    ['{"a":1,"b":{"c":1,"d":1,"e":1,"f":1,"g":1}}', 'keysMax'],
    [`{"a":[${'1,'.repeat(9)}1]}`, null],
    [`{"a":[${'1,'.repeat(11)}1]}`, 'valuesMax'],
    ['{"a":"[[[[[[[[,,,,,,,,,,,,::::::::"}', null],
    ['{"a":"\\"[[[[[[[[,,,,,,,,,,,,::::::::"}', null],
  ];
  for (const [text, exceeded] of cases) assert.equal(findJsonMembers(text, bounds).exceeded, exceeded, text);
});

test('a text that is no JSON is counted too, and never thrown over', () => {
  assert.equal(findJsonMembers('['.repeat(100_000), bounds).exceeded, 'depthMax');
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'u', '1', ' ') }), (text) => {
      findJsonMembers(text, bounds);
      findJsonMembers(text);
    }),
  );
});

test('long runs between the signs hide no member, wherever the run ends', () => {
  for (const length of [0, 1, 30, 31, 32, 33, 34, 63, 64, 65, 1_000]) {
    const space = ' '.repeat(length);
    const long = `"${'x'.repeat(length)}\\"${'y'.repeat(length)}\\\\"`;
    const text = `{${space}"a"${space}:${space}${long}${space},"b":${'1'.repeat(length + 1)}${space}}`;
    const { spans, repeated, exceeded } = findJsonMembers(text, bounds);
    assert.deepEqual({ keys: [...spans.keys()], repeated, exceeded }, { keys: ['a', 'b'], repeated: null, exceeded: null });
    const [a, b] = [spans.get('a'), spans.get('b')];
    assert.equal(text.slice(a?.valueStart, a?.valueEnd), long);
    assert.equal(text.slice(b?.valueStart, b?.valueEnd), '1'.repeat(length + 1));
  }
});

test('what the engine parses has its members where they stand', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), fc.constantFrom(undefined, 1, 40), (object, indent) => {
      const text = JSON.stringify(object, null, indent);
      const { spans } = findJsonMembers(text);
      const again = Object.fromEntries([...spans].map(([key, span]) => [key, JSON.parse(text.slice(span.valueStart, span.valueEnd))]));
      assert.deepEqual(again, JSON.parse(text));
    }),
  );
});

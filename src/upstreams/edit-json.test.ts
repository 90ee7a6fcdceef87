import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { findJsonMembers } from '#core/request/json-members.ts';

import { editJsonObject, filterJsonArray } from './edit-json.ts';

function edit(text: string, set: Record<string, string>, drop: string[] = []): string {
  return editJsonObject(text, findJsonMembers(text).spans, { set: new Map(Object.entries(set)), drop: new Set(drop) });
}

test('a value is replaced in place', () => {
  assert.equal(edit('\n{ "a" : 1 ,\t"model":"model" }\n', { model: '"x"' }), '\n{ "a" : 1 ,\t"model":"x" }\n');
  assert.equal(
    edit('{"x":{"model":"a"},"mod\\u0065l":"b","y":"\\"model\\":"}', { model: '"c"' }),
    '{"x":{"model":"a"},"mod\\u0065l":"c","y":"\\"model\\":"}',
  );
  assert.equal(edit('\uFEFF{"model":1}', { model: '2' }), '\uFEFF{"model":2}');
});

test('members go with the comma before them, wherever they stand', () => {
  const text = '{ "a":1, "b":2 , "c":3 }';
  assert.equal(edit(text, {}, ['a']), '{ "b":2 , "c":3 }');
  assert.equal(edit(text, {}, ['b']), '{ "a":1 , "c":3 }');
  assert.equal(edit(text, {}, ['c']), '{ "a":1, "b":2 }');
  assert.equal(edit(text, {}, ['a', 'b']), '{ "c":3 }');
  assert.equal(edit(text, {}, ['b', 'c']), '{ "a":1 }');
  assert.equal(edit(text, {}, ['a', 'c']), '{ "b":2 }');
  assert.equal(edit(text, {}, ['a', 'b', 'c']), '{  }');
});

test('new members come last', () => {
  assert.equal(edit('{"a":1 }', { b: 'true' }), '{"a":1,"b":true }');
  assert.equal(edit('{"a":1}', { b: '2' }, ['a']), '{"b":2}');
  assert.equal(edit('{ }', { b: '2' }), '{"b":2 }');
});

test('an array keeps the elements that are wanted, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.json(), fc.boolean(), fc.constantFrom('', ' ', '\n\t'))), (elements) => {
      const text = `[${elements.map(([json, , space]) => space + json + space).join(',')}]`;
      const wanted = elements.filter(([, keep]) => keep).map(([json]) => json.trim());
      assert.equal(
        filterJsonArray(text, (index) => elements[index]?.[1] ?? false),
        `[${wanted.join(',')}]`,
      );
    }),
  );
});

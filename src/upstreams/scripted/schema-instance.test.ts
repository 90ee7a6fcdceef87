import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaInstance } from './schema-instance.ts';
import type { Json } from './script.ts';

const CASES: readonly (readonly [name: string, schema: Json, expected: Json])[] = [
  [
    'required members only',
    { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'] },
    { a: 'text' },
  ],
  ['const before anything', { const: 7, type: 'string' }, 7],
  ['the first of an enum', { enum: ['no', 'yes'] }, 'no'],
  ['numbers within their bounds', { type: 'integer', minimum: 2.5 }, 3],
  ['numbers above an open bound', { type: 'number', exclusiveMinimum: 4 }, 5],
  ['numbers below a low bound', { type: 'integer', maximum: -3 }, -3],
  ['strings cut to length', { type: 'string', maxLength: 2 }, 'te'],
  ['strings filled to length', { type: 'string', minLength: 6 }, 'textxx'],
  ['known formats', { type: 'string', format: 'date' }, '2026-01-01'],
  ['as many items as needed', { type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
  ['the first of several types', { type: ['null', 'string'] }, null],
  ['references', { $defs: { 'a/b': { type: 'null' } }, $ref: '#/$defs/a~1b' }, null],
  ['a type that is not said', { properties: { a: {} }, required: ['a'] }, { a: 'text' }],
  ['the first of several ways', { anyOf: [{ type: 'boolean' }, { type: 'null' }] }, true],
];

for (const [name, schema, expected] of CASES) {
  test(`gives ${name}`, () => assert.deepEqual(schemaInstance(schema, 'text'), expected));
}

test('a recursive schema ends', () => {
  const node = { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] };
  assert.match(JSON.stringify(schemaInstance(node, 'text')), /^(\{"next":){5,40}null\}+$/);
});

test('a schema that multiplies ends', () => {
  const wide = { type: 'array', minItems: 1_000, items: { $ref: '#' } };
  assert.ok(JSON.stringify(schemaInstance(wide, 'text')).length < 10_000_000);
});

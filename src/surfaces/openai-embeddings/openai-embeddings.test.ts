import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { SurfaceRequest } from '#surfaces/kind.ts';

import { openaiEmbeddingsSurface as surface } from './openai-embeddings.ts';

function read(body: object): SurfaceRequest {
  const asked = surface.read(JSON.stringify(body));
  assert.ok(!isGatewayError(asked), JSON.stringify(asked));
  return asked;
}

function refused(body: object | string): { readonly param: string | null; readonly message: string } {
  const asked = surface.read(typeof body === 'string' ? body : JSON.stringify(body));
  assert.ok(isGatewayError(asked), 'it is refused');
  assert.equal(asked.code, 'invalid_request');
  return asked;
}

test('a text, texts, tokens and lists of tokens: so many answers are a whole reply', () => {
  assert.equal(read({ model: 'auto', input: 'one' }).answers, 1);
  assert.equal(read({ model: 'auto', input: ['one', 'two', 'one'] }).answers, 3);
  assert.equal(read({ model: 'auto', input: [1, 2, 3] }).answers, 1);
  assert.equal(read({ model: 'auto', input: [[1, 2], [3]] }).answers, 2);
  assert.equal(read({ model: 'auto', input: ['one', [2]] }).answers, 2);
  assert.equal(read({ model: 'auto', input: Array.from({ length: 2048 }, () => 'x') }).answers, 2048);
});

test('the longest input must fit the window, not their sum', () => {
  const one = read({ model: 'm', input: 'word '.repeat(1000) }).promptTokens;
  assert.equal(read({ model: 'm', input: Array.from({ length: 50 }, () => 'word '.repeat(1000)) }).promptTokens, one);
  assert.ok(read({ model: 'm', input: Array.from({ length: 3000 }, (_, index) => index) }).promptTokens >= 3000);
});

test('what is no input is refused with its place', () => {
  for (const input of [undefined, null, '', [], 7, { text: 'x' }, true]) assert.equal(refused({ model: 'm', input }).param, 'input');
  assert.equal(refused({ model: 'm', input: ['a', ''] }).param, 'input[1]');
  assert.equal(refused({ model: 'm', input: ['a', []] }).param, 'input[1]');
  assert.equal(refused({ model: 'm', input: [1, 2.5] }).param, 'input[0]');
  assert.equal(refused({ model: 'm', input: [[1, -1]] }).param, 'input[0]');
  // A server that embeds pictures would fetch it.
  const media = { content: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }] };
  assert.equal(refused({ model: 'm', input: [media] }).param, 'input[0]');
  assert.match(refused({ model: 'm', input: Array.from({ length: 2049 }, () => 'x') }).message, /at most 2048/);
});

test('settings are checked, and what reaches out is refused', () => {
  assert.equal(refused({ model: 'm', input: 'x', encoding_format: 'int8' }).param, 'encoding_format');
  for (const dimensions of [0, -1, 1.5, '256']) assert.equal(refused({ model: 'm', input: 'x', dimensions }).param, 'dimensions');
  assert.equal(refused({ input: 'x' }).param, 'model');
  assert.equal(refused({ model: '', input: 'x' }).param, 'model');
  assert.equal(refused({ model: 'm', input: 'x', api_base: 'http://evil.example' }).param, 'api_base');
  refused('{"model":"m","input":"x","input":"y"}');
  assert.equal(read({ model: 'm', input: 'x', encoding_format: null, dimensions: 256, user: 'u' }).body['user'], 'u');
  assert.equal(read({ model: 'm', input: 'x', metadata: { route: 'embed' } }).routeHint, 'embed');
});

const bytesOf = (vector: readonly number[]): string => Buffer.from(new Float32Array(vector).buffer).toString('base64');
const replyOf = (...vectors: readonly unknown[]): string =>
  JSON.stringify({ object: 'list', data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })), model: 'm' });
const asked = (body: string, format: string | null): string =>
  Buffer.from(surface.asAsked?.(Buffer.from(body), read({ model: 'm', input: 'x', encoding_format: format })) ?? '').toString();

test('a reply is told in the format asked for, and not touched where it is that already', () => {
  const lists = ` ${replyOf([0.5, -2], [1e-3, 0])} `;
  const packed = ` ${replyOf(bytesOf([0.5, -2]), bytesOf([1e-3, 0]))} `;
  assert.equal(asked(lists, 'float'), lists);
  assert.equal(asked(lists, null), lists);
  assert.equal(asked(packed, 'base64'), packed);
  assert.equal(asked(lists, 'base64'), packed.trim());
  assert.deepEqual(JSON.parse(asked(packed, 'float')), JSON.parse(replyOf([0.5, -2], [Math.fround(1e-3), 0])));
  assert.deepEqual(JSON.parse(asked(packed, null)), JSON.parse(asked(packed, 'float')));
});

test('what stands beside the vectors stays', () => {
  const body = JSON.stringify({ data: [{ index: 0, embedding: [1], more: 'x' }], usage: { prompt_tokens: 3 }, extra: { a: [1] } });
  assert.deepEqual(JSON.parse(asked(body, 'base64')), { ...JSON.parse(body), data: [{ index: 0, more: 'x', embedding: bytesOf([1]) }] });
  for (const odd of ['', '[]', '{}', '{"data":7}', '{"data":[1,null]}']) assert.equal(asked(odd, 'base64'), odd);
});

test('a reply has as many vectors as a request may have inputs, all of one length', () => {
  const { dialect } = surface;
  const kindOf = (body: string): string => dialect.readWhole(Buffer.from(body)).kind;
  assert.equal(kindOf(replyOf(...Array.from({ length: 2048 }, () => [1]))), 'data');
  assert.equal(kindOf(replyOf(...Array.from({ length: 2049 }, () => [1]))), 'malformed');
  for (const vector of [[], [null], ['1'], {}, '', 'AAA', '*', null, 'AAAAAAA='])
    assert.equal(kindOf(replyOf(vector)), 'malformed', JSON.stringify(vector));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { estimateTokens } from './estimate-tokens.ts';

const data = `data:image/png;base64,${'A'.repeat(40_000)}`;
const user = (content: unknown): Record<string, unknown> => ({ messages: [{ role: 'user', content }] });
// "messages" + "role" + "user" + "content" in quarters, and four tokens for the message.
const frame = (8 + 4 + 4 + 7) / 4 + 4;

test('each class of characters has its price and the sum is rounded up once', () => {
  assert.equal(estimateTokens(user('')), Math.ceil(frame));
  assert.equal(estimateTokens(user('abcd')), Math.ceil(frame + 1));
  assert.equal(estimateTokens(user('ääää')), Math.ceil(frame + 2));
  assert.equal(estimateTokens(user('漢字')), Math.ceil(frame + 2));
  assert.equal(estimateTokens(user('😀')), Math.ceil(frame + 2));
});

test('media count flat, whatever their base64 weighs', () => {
  const part = (key: string, type: string, value: unknown): unknown => [{ type, [key]: value }];
  const keys = (key: string, type: string): number => (4 + type.length + key.length) / 4;
  assert.equal(
    estimateTokens(user(part('image_url', 'image_url', { url: data }))),
    Math.ceil(frame + keys('image_url', 'image_url') + 1000),
  );
  assert.equal(
    estimateTokens(user(part('input_audio', 'input_audio', { data, format: 'wav' }))),
    Math.ceil(frame + keys('input_audio', 'input_audio') + 1000),
  );
  assert.equal(
    estimateTokens(user(part('video_url', 'video_url', { url: data }))),
    Math.ceil(frame + keys('video_url', 'video_url') + 4000),
  );
  assert.equal(estimateTokens(user(part('file', 'file', { file_data: data }))), Math.ceil(frame + keys('file', 'file') + 1000));
});

test('a tool whose parameter is called image_url is text', () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { properties: { image_url: { type: 'string' } } } } }];
  assert.ok(estimateTokens({ ...user('x'), tools }) < 60);
});

test('settings are not counted, the rest of the request is', () => {
  const bare = estimateTokens(user('x'));
  const settings = {
    model: 'm'.repeat(99),
    temperature: 0.5,
    stream: true,
    seed: 7,
    user: 'u'.repeat(99),
    stream_options: { include_usage: true },
    metadata: { route: 'code' },
  };
  assert.equal(estimateTokens({ ...user('x'), ...settings }), bare);
  assert.ok(
    estimateTokens({ ...user('x'), response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { enum: [1, 2, true] } } } }) >
      bare + 10,
  );
  assert.ok(estimateTokens({ ...user('x'), documents: ['d'.repeat(400)] }) >= bare + 100);
  assert.equal(estimateTokens({ input: 'abcd' }), 3);
});

test('the order of keys does not matter', () => {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    return typeof value === 'object' && value !== null ? turnedObject(value) : value;
  };
  const turnedObject = (value: object): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([key, member]) => [key, turned(member)]),
    );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
      assert.equal(estimateTokens(turnedObject(body)), estimateTokens(body));
    }),
  );
});

test('a request of 64 levels is counted, deeper ones do not overflow', () => {
  let value: unknown = 'x';
  for (let level = 0; level < 50_000; level++) value = [value];
  assert.ok(estimateTokens({ tools: value }) > 0);
});

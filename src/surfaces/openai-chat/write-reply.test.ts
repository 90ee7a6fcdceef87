import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCatalog } from '#core/errors/catalog.ts';
import { gatewayError } from '#core/errors/gateway-error.ts';
import { openaiErrorBody } from '#surfaces/openai-error-body.ts';

import { chatErrorEvent, syntheticChatReply } from './write-reply.ts';

test('an error says what happened, what to do and which request it was', () => {
  const body = openaiErrorBody(gatewayError('invalid_request', '"model" must be text.', { param: 'model' }), 'r-1');
  assert.deepEqual(JSON.parse(body), {
    error: {
      message: '"model" must be text. Correct the named place in the request. (request r-1)',
      type: 'invalid_request_error',
      param: 'model',
      code: 'invalid_request',
    },
  });
});

test('a remedy that is said already is not said twice', () => {
  const { remedy } = errorCatalog.key_missing;
  const body: { error: { message: string } } = JSON.parse(openaiErrorBody(gatewayError('key_missing', `No key. ${remedy}`), 'r-2'));
  const { message } = body.error;
  assert.equal(message, `No key. ${remedy} (request r-2)`);
});

test('an error in a stream is one event', () => {
  const event = chatErrorEvent(gatewayError('upstream_stalled', 'spark fell\n\nsilent.'), 'r-3');
  assert.match(event, /^data: \{"error":\{[^\n]*\}\}\n\n$/);
  assert.equal(event.includes('[DONE]'), false);
});

const reply = { text: '{"verdict":"escalate"}', model: 'homelab/camera', id: 'r-4', createdAt: 1_700_000_000_900 };

test('a synthetic answer as a body', () => {
  const body: {
    object: string;
    created: number;
    choices: { message: { content: string }; finish_reason: string }[];
  } = JSON.parse(syntheticChatReply({ ...reply, stream: false }));
  assert.equal(body.object, 'chat.completion');
  assert.equal(body.created, 1_700_000_000);
  assert.equal(body.choices[0]?.message.content, reply.text);
  assert.equal(body.choices[0]?.finish_reason, 'stop');
});

test('a synthetic answer as a stream ends like a finished one', () => {
  const text = syntheticChatReply({ ...reply, stream: true });
  const events = text.split('\n\n').slice(0, -1);
  assert.equal(events.at(-1), 'data: [DONE]');
  const chunks: { id: string; choices: { delta: { content?: string }; finish_reason: string | null }[] }[] = events
    .slice(0, -1)
    .map((event) => JSON.parse(event.slice(6)));
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), reply.text);
  assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'stop');
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
});

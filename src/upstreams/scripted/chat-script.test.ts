import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatChunks, chatStream, chatWholeBody } from './chat-script.ts';
import type { ChatAnswer } from './chat-script.ts';
import { isJsonArray, isJsonObject } from './script.ts';
import type { Json } from './script.ts';

const TOOLS: ChatAnswer = {
  model: 'm',
  toolCalls: [
    { name: 'a', arguments: ['{"x"', ':1}'] },
    { name: 'b', arguments: '{}', id: 'own' },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 4 },
};

function at(value: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let found = value;
  for (const key of path) {
    if (typeof key === 'number') found = isJsonArray(found) ? found[key] : undefined;
    else found = isJsonObject(found) ? found[key] : undefined;
  }
  return found;
}

const delta = (chunk: Json): Json | undefined => at(chunk, 'choices', 0, 'delta');

test('a stream says the role first, reasoning before text, the finish reason alone, usage last, one id throughout', () => {
  const chunks = chatChunks(
    { model: 'm', id: 'x', reasoning: 'hm', text: ['a', 'b'], usage: { prompt_tokens: 1, completion_tokens: 2 } },
    { includeUsage: true },
  );
  assert.deepEqual(chunks.map(delta), [
    { role: 'assistant', content: '' },
    { reasoning_content: 'hm' },
    { content: 'a' },
    { content: 'b' },
    {},
    undefined,
  ]);
  assert.deepEqual(
    chunks.map((chunk) => at(chunk, 'choices', 0, 'finish_reason')),
    [null, null, null, null, 'stop', undefined],
  );
  assert.deepEqual(new Set(chunks.map((chunk) => at(chunk, 'id'))), new Set(['x']));
  assert.equal(at(chunks[0], 'usage'), null);
  assert.deepEqual(at(chunks.at(-1), 'usage'), { total_tokens: 3, prompt_tokens: 1, completion_tokens: 2 });
});

test('parallel tool calls carry their index; fragments in turn if asked', () => {
  const calls = (interleaveTools: boolean): (Json | undefined)[] =>
    chatChunks(TOOLS, { interleaveTools })
      .map((chunk) => at(delta(chunk), 'tool_calls', 0))
      .filter((call) => call !== undefined);
  const orders = [false, true].map((interleave) => calls(interleave).map((call) => at(call, 'index')));
  assert.deepEqual(orders, [
    [0, 0, 0, 1, 1],
    [0, 1, 0, 1, 0],
  ]);
  assert.deepEqual(calls(false)[0], { index: 0, id: 'call_0', type: 'function', function: { name: 'a', arguments: '' } });
  assert.deepEqual(calls(false)[2], { index: 0, function: { arguments: ':1}' } });
});

test('the whole answer says the same as the stream', () => {
  const message = at(chatWholeBody(TOOLS), 'choices', 0, 'message');
  assert.equal(at(message, 'content'), null);
  assert.equal(at(message, 'tool_calls', 0, 'function', 'arguments'), '{"x":1}');
  assert.equal(at(message, 'tool_calls', 1, 'id'), 'own');
  assert.equal(at(chatWholeBody(TOOLS), 'choices', 0, 'finish_reason'), 'tool_calls');
});

test('no finish reason and no terminator if so asked', () => {
  const script = chatStream({ model: 'm', text: 'a', finish: null }, { done: false });
  const events = script.at(-1);
  assert.ok(events?.do === 'sse');
  assert.deepEqual(events.events.map(delta), [{ role: 'assistant', content: '' }, { content: 'a' }]);
});

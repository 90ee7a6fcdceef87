/** Tool calls of replies in every dialect that has tools: whoever repeats one is seen, however its API spells it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialectNamed } from '#dialects/registry.ts';
import { toolCallsOf } from '#record/asking/tool-calls.ts';

const given = { n: 1, path: 'x' };
const text = '{"path":"x","n":1}';
const replies = {
  'openai-chat': {
    choices: [
      {
        index: 0,
        message: { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'read', arguments: text } }] },
      },
    ],
  },
  'anthropic-messages': {
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', id: 'toolu_1', name: 'read', input: given },
    ],
    stop_reason: 'tool_use',
    usage: { input_tokens: 1, output_tokens: 1 },
  },
  'openai-responses': {
    object: 'response',
    status: 'completed',
    model: 'm',
    output: [{ type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'read', arguments: text, status: 'completed' }],
  },
  'ollama-chat': {
    model: 'm',
    message: { role: 'assistant', content: '', tool_calls: [{ function: { name: 'read', arguments: given } }] },
    done: true,
    done_reason: 'stop',
  },
};

for (const [name, reply] of Object.entries(replies))
  test(`a tool call is seen in ${name}, its arguments in one order`, () => {
    const dialect = dialectNamed(name);
    assert.ok(dialect);
    assert.deepEqual(toolCallsOf(Buffer.from(JSON.stringify(reply)), dialect), ['read({"n":1,"path":"x"})']);
  });

test('a reply that was kept as the stream it was is read too, and one that is neither has no calls', () => {
  const dialect = dialectNamed('openai-chat');
  assert.ok(dialect);
  const piece = (call: object): string =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] } }] })}\n\n`;
  const stream = `${piece({ id: 'a', function: { name: 'read', arguments: '{"path":' } })}${piece({ function: { arguments: '"x"}' } })}data: [DONE]\n\n`;
  assert.deepEqual(toolCallsOf(Buffer.from(stream), dialect), ['read({"path":"x"})']);
  assert.deepEqual(toolCallsOf(Buffer.from('{"choices":'), dialect), []);
});

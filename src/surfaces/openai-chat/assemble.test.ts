import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { openaiChat } from '#dialects/openai-chat.ts';

import { assembleChatReply } from './assemble.ts';
import { disassembleChatReply } from './disassemble.ts';

interface Body {
  readonly choices: readonly {
    readonly index: number;
    readonly message: { readonly tool_calls: readonly { readonly id: string; readonly function: { readonly arguments: string } }[] };
    readonly logprobs: unknown;
    readonly finish_reason: string;
  }[];
}

function assemble(...chunks: (object | string)[]): Body {
  const text = chunks.map((chunk) => (typeof chunk === 'string' ? chunk : `data: ${JSON.stringify(chunk)}\n\n`)).join('');
  const reader = openaiChat.readStream(1_000_000);
  const events = [...reader.push(Buffer.from(text)), ...reader.end()];
  const body: Body = JSON.parse(Buffer.from(assembleChatReply(events)).toString('utf8'));
  return body;
}

const chunk = (choices: object[], more: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 5,
  model: 'm',
  choices,
  ...more,
});
const delta = (value: object, finish: string | null = null, index = 0): object => ({ index, delta: value, finish_reason: finish });

test('texts are joined, usage and finish reason kept, noise left out', () => {
  const body = assemble(
    ': ping\n\n',
    chunk([delta({ role: 'assistant', content: '' })]),
    chunk([delta({ reasoning_content: 'think' })]),
    chunk([delta({ reasoning_content: 'ing' })]),
    chunk([delta({ content: 'Grüß ' })]),
    'data: \n\n',
    chunk([delta({ content: 'Gott 😀' })]),
    chunk([{ ...delta({}, 'stop'), stop_reason: 7 }]),
    chunk([], { usage: { prompt_tokens: 1, completion_tokens: 2 }, timings: { cache_n: 3 } }),
    'data: [DONE]\n\n',
  );
  assert.deepEqual(body, {
    id: 'c1',
    object: 'chat.completion',
    created: 5,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Grüß Gott 😀', reasoning_content: 'thinking' },
        logprobs: null,
        finish_reason: 'stop',
        stop_reason: 7,
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
    timings: { cache_n: 3 },
  });
});

test('parallel tool calls in fragments keep their order, ids and arguments', () => {
  const call = (index: number, value: object): object => delta({ tool_calls: [{ index, ...value }] });
  const body = assemble(
    chunk([delta({ role: 'assistant', content: null })]),
    chunk([call(1, { id: 'b', type: 'function', function: { name: 'second', arguments: '' } })]),
    chunk([call(0, { id: 'a', type: 'function', function: { name: 'first', arguments: '{"x"' } })]),
    chunk([call(1, { id: 'b', function: { name: 'second', arguments: '{}' } })]),
    chunk([call(0, { id: '', function: { arguments: ':"[DONE]"}' } })]),
    chunk([delta({}, 'tool_calls')]),
    'data: [DONE]\n\n',
  );
  assert.deepEqual(body.choices[0]?.message, {
    role: 'assistant',
    content: null,
    tool_calls: [
      { type: 'function', id: 'a', function: { name: 'first', arguments: '{"x":"[DONE]"}' } },
      { type: 'function', id: 'b', function: { name: 'second', arguments: '{}' } },
    ],
  });
  assert.equal(body.choices[0]?.finish_reason, 'tool_calls');
});

test('tool calls without an index are told apart by id', () => {
  const call = (value: object): object => delta({ tool_calls: [value] });
  const body = assemble(
    chunk([call({ id: 'a', function: { name: 'f', arguments: '{' } })]),
    chunk([call({ function: { arguments: '}' } })]),
    chunk([call({ id: 'b', function: { name: 'g', arguments: '{}' } })]),
    chunk([delta({}, 'tool_calls')]),
  );
  assert.deepEqual(
    body.choices[0]?.message.tool_calls.map((made) => [made.id, made.function.arguments]),
    [
      ['a', '{}'],
      ['b', '{}'],
    ],
  );
});

test('several choices, log probabilities and unknown fields', () => {
  const body = assemble(
    chunk([{ ...delta({ content: 'b' }, null, 1), logprobs: { content: [{ token: 'b' }] } }]),
    chunk([delta({ content: 'a', annotations: [1], audio: { id: 'x', data: 'AA' } })]),
    chunk([{ ...delta({ content: 'c' }, 'length', 1), logprobs: { content: [{ token: 'c' }] } }]),
    chunk([delta({ annotations: [2], audio: { id: 'x', data: 'BB' } }, 'stop')]),
  );
  assert.deepEqual(
    body.choices.map((choice) => [choice.index, choice.finish_reason]),
    [
      [0, 'stop'],
      [1, 'length'],
    ],
  );
  assert.deepEqual(body.choices[0]?.message, { role: 'assistant', content: 'a', annotations: [1, 2], audio: { id: 'x', data: 'AABB' } });
  assert.deepEqual(body.choices[1]?.logprobs, { content: [{ token: 'b' }, { token: 'c' }] });
});

test('a body sent whole in spite of the stream is passed on', () => {
  const body = { id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] };
  const event = openaiChat.readWhole(Buffer.from(JSON.stringify(body)));
  assert.deepEqual(JSON.parse(Buffer.from(assembleChatReply([event])).toString('utf8')), body);
});

test('hostile chunks neither overflow nor pollute', () => {
  const deep = `data: {"choices":[{"index":0,"delta":{"content":"x","d":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}\n\n`;
  const proto =
    'data: {"choices":[{"index":0,"delta":{"__proto__":{"polluted":1},"tool_calls":[{"index":1e9,"__proto__":{"polluted":1}}]}}],"__proto__":{"polluted":1}}\n\n';
  const body = assemble(deep, proto, chunk([delta({}, 'stop')]));
  assert.equal(body.choices.length, 1);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('a whole reply as a stream reads the same, and assembled again is the same reply', () => {
  const calls = [
    { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
    { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
  ];
  const body = {
    id: 'x',
    object: 'chat.completion',
    created: 5,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'hi', reasoning_content: 'hm' },
        logprobs: { content: [1] },
        finish_reason: 'stop',
      },
      { index: 1, message: { role: 'assistant', content: null, tool_calls: calls }, logprobs: null, finish_reason: 'tool_calls' },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
    timings: { cache_n: 3 },
  };
  const whole = openaiChat.readWhole(Buffer.from(JSON.stringify(body)));
  const stream = disassembleChatReply(whole);
  assert.deepEqual(assemble(Buffer.from(stream).toString('utf8')), body);
  const reader = openaiChat.readStream(1_000_000);
  const events = [...reader.push(stream), ...reader.end()];
  assert.ok(events.every((event) => event.kind === 'data'));
  assert.deepEqual(events.at(-1)?.deltas, [{ type: 'end' }]);
  assert.deepEqual(
    events.flatMap((event) => event.deltas.filter((part) => part.type === 'finish')),
    whole.deltas.filter((part) => part.type === 'finish'),
  );
});

test('what is no completion becomes no stream', () => {
  for (const text of ['', '[]', '{}', '{"choices":7}'])
    assert.equal(disassembleChatReply(openaiChat.readWhole(Buffer.from(text))).length, 0);
});

test('chunks that resemble the one before are put together like any others', () => {
  // A chunk without choices adds nothing, and between two others neither resembles the one before.
  const nothing = 'data: {"choices":[]}\n\n';
  const text = fc.oneof(fc.constantFrom('', 'a', 'b', '"', '\n', 'stop'), fc.string({ maxLength: 3 }));
  const shape = fc.constantFrom<(said: string) => object>(
    (said) => chunk([delta({ content: said })]),
    (said) => chunk([delta({ content: said, role: 'assistant' })], { created: 6 }),
    (said) => chunk([delta({ content: said, refusal: null }, null, 1)]),
    (said) => chunk([delta({ content: said, reasoning_content: 'a' })]),
    (said) => chunk([delta({ content: said, name: said })]),
    (said) => chunk([{ ...delta({ content: said }), logprobs: { content: [{ token: 'a' }] } }]),
    (said) => chunk([{ ...delta({ content: said }), stop_reason: 'a', token_ids: [1] }]),
    (said) => chunk([delta({ content: said }), delta({ content: 'a' }, null, 1)]),
    (said) => chunk([delta({ reasoning_content: said })]),
    (said) => chunk([delta({ content: 'a' }, said)], { id: said }),
    (said) => chunk([delta({ content: [{ type: 'text', text: said }] })]),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(shape, fc.array(text, { minLength: 1, maxLength: 5 })), { maxLength: 6 }), (runs) => {
      const chunks = runs.flatMap(([spell, texts]) => texts.map((said) => spell(said)));
      assert.deepEqual(assemble(...chunks), assemble(...chunks.flatMap((each) => [nothing, each])));
    }),
    { numRuns: 1_000 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Dialect, ReplyEvent } from '#core/reply/event.ts';

import { dialectNamed, dialects } from './registry.ts';

const kinds = new Set(['data', 'noise', 'malformed']);
const finishes = new Set(['stop', 'length', 'tool_calls', 'content_filter', 'other']);
const seed = 11;

function assertSound(event: ReplyEvent): void {
  assert.ok(kinds.has(event.kind));
  assert.ok(event.kind === 'data' || event.deltas.length === 0);
  for (const delta of event.deltas) {
    if ('choice' in delta) assert.ok(Number.isInteger(delta.choice) && delta.choice >= 0 && delta.choice < 1024);
    if ('text' in delta) assert.ok(typeof delta.text === 'string' && delta.text !== '');
    if (delta.type === 'tool') {
      assert.ok(Number.isInteger(delta.index) && delta.index >= 0 && delta.index < 1024);
      assert.equal(typeof delta.arguments, 'string');
      assert.ok([delta.id, delta.name].every((text) => text === null || typeof text === 'string'));
    }
    if (delta.type === 'finish') assert.ok(finishes.has(delta.reason));
    if (delta.type === 'error') assert.ok(delta.message !== '' && (delta.status === null || delta.status >= 400));
    if (delta.type === 'usage') {
      for (const count of [delta.input, delta.output, delta.cachedInput, delta.reasoning]) assert.ok(count === null || count >= 0);
    }
  }
}

function readAll(dialect: Dialect, pieces: readonly Uint8Array[]): void {
  const reader = dialect.readStream(10_000);
  for (const piece of pieces) reader.push(piece).forEach(assertSound);
  reader.end().forEach(assertSound);
  pieces.forEach((piece) => assertSound(dialect.readWhole(piece)));
}

/** Words the four dialects look for, so that generated payloads reach the code behind them. */
const words = (
  'choices delta message content reasoning reasoning_content refusal tool_calls function_call function name arguments index id finish_reason ' +
  'usage prompt_tokens completion_tokens error code status model type text thinking response output item output_index done done_reason ' +
  'content_block partial_json stop_reason __proto__ constructor toString'
).split(' ');
const types = (
  'text tool_use function_call text_delta input_json_delta message message_start content_block_start content_block_delta content_block_stop ' +
  'message_delta message_stop error response.created response.output_item.added response.output_item.done response.output_text.delta ' +
  'response.function_call_arguments.delta response.function_call_arguments.done response.completed response.failed __proto__'
).split(' ');
const { payload } = fc.letrec<{ payload: unknown; value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, true, false, '', 'a', -1, 0, 1, 1e15, 2.5, '7', 5000),
    fc.constantFrom(...types),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('payload'),
  ),
  payload: fc
    .tuple(fc.constantFrom(...types), fc.array(fc.tuple(fc.constantFrom(...words), tie('value')), { maxLength: 6 }))
    .map(([type, fields]) => Object.fromEntries([['type', type], ...fields])),
}));

test('names find their dialect', () => {
  for (const dialect of dialects) assert.equal(dialectNamed(dialect.name), dialect);
  assert.equal(new Set(dialects.map((dialect) => dialect.name)).size, dialects.length);
  assert.equal(dialectNamed('toString'), undefined);
});

for (const dialect of dialects) {
  test(`${dialect.name}: arbitrary bytes never throw`, () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('data: ', '\n\n', '\r', '{"', '[DONE]', ':').map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => readAll(dialect, pieces)),
      { seed, numRuns: 2000 },
    );
  });

  test(`${dialect.name}: no field of the wrong type throws or leaks through`, () => {
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 5 }), (payloads) => {
        const reader = dialect.readStream(100_000);
        for (const one of payloads) {
          const text = JSON.stringify(one);
          assertSound(dialect.readWhole(Buffer.from(text)));
          reader.push(Buffer.from(dialect.streamType === 'text/event-stream' ? `data: ${text}\n\n` : `${text}\n`)).forEach(assertSound);
        }
        reader.end().forEach(assertSound);
      }),
      { seed, numRuns: 3000 },
    );
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'error'), undefined);
  });

  test(`${dialect.name}: deep nesting and an empty body are no crash`, () => {
    const nested = '['.repeat(200_000) + ']'.repeat(200_000);
    const deep = `{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":${nested}}}]}}]}`;
    assertSound(dialect.readWhole(Buffer.from(deep)));
    assert.equal(dialect.readWhole(Buffer.alloc(0)).kind, 'malformed');
    assert.equal(dialect.readWhole(Buffer.from('<html>502</html>')).kind, 'malformed');
  });
}

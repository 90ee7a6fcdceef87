import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { openaiChat } from './openai-chat.ts';
import { TextFrame } from './text-frame.ts';

/** Streams whose events resemble each other nearly: by texts that need escapes or are in other places too, doubled keys, another model for a moment. */
const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'qwen', 'stop', 'content', '"', '\\', '\n', '\u2028', '"content":"a"', 'é', '[DONE]', 'a","x":"a'),
  fc.string({ maxLength: 4, unit: 'binary' }),
);
const shape = fc.constantFrom<(said: string) => string>(
  (said) => `{"model":"qwen","choices":[{"index":0,"delta":{"content":${said}},"finish_reason":null}]}`,
  (said) => `{"model":"qwen","choices":[{"index":0,"delta":{"content":${said},"role":"a"}}],"id":"a"}`,
  (said) => `{"model":${said},"choices":[{"index":0,"delta":{"content":${said}}}]}`,
  (said) => `{"model":"other","choices":[{"index":1,"delta":{"reasoning":${said},"reasoning_content":null}}]}`,
  (said) => `{"choices":[{"delta":{"reasoning":${said},"reasoning_content":${said}}}]}`,
  (said) => `{"choices":[{"delta":{"content":"a","content":${said}}}]}`,
  (said) => `{"choices":[{"delta":{"content":${said},"content":"a"}}]}`,
  (said) => `{"choices":[{"delta":{"content":[{"type":"text","text":${said}}]}}]}`,
  (said) => `{"choices":[{"delta":{"content":"a"},"finish_reason":${said}}]}`,
  (said) => `{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":${said}}}]}}]}`,
  (said) => `{"choices":[{"delta":{${said}:"a"}}]}`,
  (said) => `{"choices":[{"delta":{"content":"\\${said.slice(1)}}}]}`,
  (said) => `{"choices":[{"delta":{"content":${said.slice(1, -1)}}}]}`,
  (said) => `{"error":${said}}`,
);

const runs = fc.array(fc.tuple(shape, fc.array(text, { minLength: 1, maxLength: 5 }), fc.boolean()), { maxLength: 8 });

test('what is recognized says what parsing it says', () => {
  let recognized = 0;
  fc.assert(
    fc.property(runs, (stream) => {
      const quick = openaiChat.readStream(1_000_000);
      const full = openaiChat.readStream(1_000_000);
      for (const [spell, texts, named] of stream) {
        for (const said of texts) {
          const data = spell(JSON.stringify(said));
          const event = `${named ? 'event: message\n' : ''}data: ${data}\n\n`;
          // An event with a name is always parsed.
          const parsed = full.push(Buffer.from(`event: message\ndata: ${data}\n\n`));
          const meant = quick.push(Buffer.from(event));
          assert.deepEqual(
            meant.map(({ kind, deltas }) => ({ kind, deltas })),
            parsed.map(({ kind, deltas }) => ({ kind, deltas })),
          );
        }
      }
    }),
    { numRuns: 2_000 },
  );
  const frame = new TextFrame();
  const textOf = (data: string): string => (JSON.parse(data) as { a: string }).a;
  for (const said of ['one', 'two']) frame.learn(`{"a":"${said}"}`, said, textOf);
  for (const said of ['three', 'four']) if (frame.textIn(`{"a":"${said}"}`) === said) recognized++;
  assert.equal(recognized, 2);
  for (const data of ['{"a":""}', '{"a":"\\n"}', '{"a":"b","b":"c"}', '{"b":"c"}', '{"a":"', '{"a":"}'])
    assert.equal(frame.textIn(data), null);
});

test('a place that only looks like the text is none', () => {
  const frame = new TextFrame();
  const textOf = (data: string): string => (JSON.parse(data) as { a: string }).a;
  for (let times = 0; times < 3; times++) frame.learn('{"a":"x","b":"x"}', 'x', textOf);
  assert.equal(frame.textIn('{"a":"x","b":"y"}'), null);
});

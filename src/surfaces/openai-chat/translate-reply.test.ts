import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { judgeEvent, noJudgement } from '#core/judge/judge-reply.ts';
import type { Delta, FinishReason, ReplyEvent } from '#core/reply/event.ts';
import { openaiChat } from '#dialects/openai-chat.ts';
import { dialects } from '#dialects/registry.ts';

import { assembleChatReply } from './assemble.ts';
import { chatTranslator } from './translate-reply.ts';

const identity = { model: 'asked', id: 'req_AbCdEfGhIjKlMnOp', createdAt: 1_700_000_000_500 };
const folder = join(import.meta.dirname, '../../../test/golden/streams');

/** One foreign event of these meanings; its bytes must not matter. */
const foreign = (...deltas: Delta[]): ReplyEvent => ({ raw: new Uint8Array([255]), kind: 'data', deltas });
const content = (text: string): Delta => ({ type: 'content', choice: 0, text });
const finish = (reason: FinishReason): Delta => ({ type: 'finish', choice: 0, reason });
const call = (index: number, more: Partial<Extract<Delta, { type: 'tool' }>> = {}): Delta => {
  return { type: 'tool', choice: 0, index, id: null, name: null, arguments: '', ...more };
};
const usage = (input: number | null, output: number | null): Delta => ({
  type: 'usage',
  input,
  output,
  cachedInput: null,
  reasoning: null,
});
const end: Delta = { type: 'end' };

function translate(events: readonly ReplyEvent[]): readonly ReplyEvent[] {
  const translator = chatTranslator(identity);
  return events.flatMap((event) => translator.event(event));
}

const textOf = (events: readonly ReplyEvent[]): string => Buffer.concat(events.map(({ raw }) => raw)).toString('utf8');

/** What a reader of the chat dialect makes of the bytes. */
function reread(events: readonly ReplyEvent[]): readonly ReplyEvent[] {
  return openaiChat.readStream(1_000_000).push(Buffer.from(textOf(events)));
}

/** The text of each sort, the calls, the finish: what must survive. */
function meaning(events: readonly ReplyEvent[]): object {
  const texts = { content: '', reasoning: '', refusal: '' };
  const calls = new Map<string, { id: string; name: string; arguments: string }>();
  const finishes: string[] = [];
  let ended = 0;
  for (const delta of events.flatMap((event) => event.deltas)) {
    if (delta.type === 'content' || delta.type === 'reasoning' || delta.type === 'refusal') texts[delta.type] += delta.text;
    if (delta.type === 'finish') finishes.push(delta.reason);
    if (delta.type === 'end') ended += 1;
    if (delta.type !== 'tool') continue;
    const key = `${delta.choice}.${delta.index}`;
    const before = calls.get(key) ?? { id: '', name: '', arguments: '' };
    calls.set(key, {
      id: before.id || (delta.id ?? ''),
      name: before.name || (delta.name ?? ''),
      arguments: before.arguments + delta.arguments,
    });
  }
  return { texts, calls: [...calls], finishes, ended };
}

test('role first, one finish, usage last, then the terminator', () => {
  const events = translate([foreign({ type: 'model', name: 'real' }), foreign(content('a'), finish('stop'), usage(3, 4), end)]);
  const chunks = textOf(events).trim().split('\n\n');
  const head = '{"id":"chatcmpl-req_AbCdEfGhIjKlMnOp","object":"chat.completion.chunk","created":1700000000,"model":"real",';
  assert.deepEqual(chunks, [
    `data: ${head}"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
    `data: ${head}"choices":[{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}]}`,
    `data: ${head}"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}`,
    `data: ${head}"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`,
    'data: [DONE]',
  ]);
});

test('usage is told once, whenever it came', () => {
  for (const events of [
    [foreign(usage(3, 1), content('a')), foreign(finish('stop'), usage(3, 4)), foreign(end)],
    [foreign(content('a'), finish('stop')), foreign(usage(3, 4)), foreign(end)],
    [foreign(content('a'), usage(3, 4)), foreign(end)],
  ]) {
    const told = translate(events).flatMap((event) => event.deltas.filter((delta) => delta.type === 'usage'));
    assert.deepEqual(told, [usage(3, 4)]);
  }
});

test('calls: id and name once, ids of ours where there are none, arguments that parse, the finish of calls', () => {
  const events = translate([
    foreign(call(0, { id: 'x', name: 'f', arguments: '{"a"' }), call(0, { arguments: ':1}' })),
    foreign(call(1, { name: 'g' })),
    foreign(finish('stop'), end),
  ]);
  const { choices } = JSON.parse(Buffer.from(assembleChatReply(events)).toString('utf8')) as { choices: readonly unknown[] };
  assert.deepEqual(choices, [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          { type: 'function', id: 'x', function: { name: 'f', arguments: '{"a":1}' } },
          { type: 'function', id: 'call_reqAbCdEfGhIjKlMnOp_1', function: { name: 'g', arguments: '{}' } },
        ],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ]);
});

test('an answer that was cut for length stays so, calls or not', () => {
  assert.match(textOf(translate([foreign(call(0, { name: 'f' })), foreign(finish('length'))])), /"finish_reason":"length"/);
});

test('noise, errors and what does not parse are nobody’s words', () => {
  assert.deepEqual(
    translate([
      { raw: new Uint8Array(), kind: 'noise', deltas: [] },
      { raw: new Uint8Array(), kind: 'malformed', deltas: [] },
    ]),
    [],
  );
  assert.deepEqual(translate([foreign({ type: 'error', message: 'secret words', status: 500 })]), []);
});

// Vectors are no words: nobody is answered a chat with them.
const spoken = dialects.filter(({ name }) => !name.includes('embed'));

for (const dialect of spoken) {
  for (const file of readdirSync(join(folder, dialect.name)).filter((name) => !name.endsWith('.expect.json'))) {
    const bytes = readFileSync(join(folder, dialect.name, file));
    test(`${dialect.name}/${file} says the same in chat`, () => {
      const reader = dialect.readStream(1_000_000);
      const events = file.endsWith('.json') ? [dialect.readWhole(bytes)] : [...reader.push(bytes), ...reader.end()];
      // A translator never sees what follows an end or an error: the attempt is over.
      const last = events.findIndex(
        ({ kind, deltas }) => kind === 'malformed' || deltas.some(({ type }) => type === 'end' || type === 'error'),
      );
      const seen = last < 0 ? events : events.slice(0, last + 1);
      const told = translate(seen);
      assert.deepEqual(meaning(reread(told)), meaning(told), 'bytes and deltas agree');
      const before = seen.reduce(judgeEvent, noJudgement);
      const after = told.reduce(judgeEvent, noJudgement);
      assert.deepEqual(
        after.choices.map(({ answered, reasoned }) => [answered, reasoned]),
        before.choices.map(({ answered, reasoned }) => [answered, reasoned]),
      );
      assert.equal(after.ended, before.ended);
    });
  }
}

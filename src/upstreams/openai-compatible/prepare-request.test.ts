import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { findJsonMembers } from '#core/request/json-members.ts';
import type { PreparedRequest, UpstreamCall } from '#upstreams/kind.ts';
import { reachingFields } from '#upstreams/reaching-field.ts';

import { prepareRequest } from './prepare-request.ts';

const plain = { reachingField: reachingFields(['draft_model']), outputTokensDefault: null };

function callOf(bodyText: string, more: Partial<UpstreamCall> = {}): UpstreamCall {
  const body: Record<string, unknown> = JSON.parse(bodyText);
  const { spans } = findJsonMembers(bodyText);
  return {
    service: 'chat',
    model: 'qwen',
    modelPolicy: { context: 32_000, reasoning: false, pinned: false },
    chat: null,
    bodyText,
    body,
    spans,
    stream: false,
    houseOnly: false,
    outputTokensMax: null,
    why: 'model',
    ...more,
  };
}

function prepare(
  body: string | object,
  more: Partial<UpstreamCall> = {},
  needs: Parameters<typeof prepareRequest>[1] = plain,
): PreparedRequest & { text: string } {
  const prepared = prepareRequest(callOf(typeof body === 'string' ? body : JSON.stringify(body), more), needs);
  assert.equal(typeof prepared.request.body, 'string');
  return { ...prepared, text: String(prepared.request.body) };
}

test('only the value of model changes', () => {
  const text =
    '{ "messages" : [ {"role":"user","content":"model \\u0041 \\"model\\":\\"auto\\""} ],\n "model":"homelab/auto" , "x":1.0, "y":1e2 }';
  const { text: sent, changes, request } = prepare(text);
  assert.equal(sent, text.replace('"homelab/auto"', '"qwen"'));
  assert.deepEqual(changes, []);
  assert.equal(request.path, '/v1/chat/completions');
  assert.equal(request.method, 'POST');
  assert.deepEqual(request.headers, { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' });
});

test('a model name is written as JSON', () => {
  assert.equal(prepare('{"model":"a"}', { model: 'a"\\b' }).text, '{"model":"a\\"\\\\b"}');
});

test('usage is asked for on streams, in place where options stand', () => {
  const stream = { stream: true };
  assert.equal(
    prepare('{"model":"a","stream":true}', stream).text,
    '{"model":"qwen","stream":true,"stream_options":{"include_usage":true}}',
  );
  assert.equal(
    prepare('{"stream_options":{ "x":1 },"model":"a","stream":true}', stream).text,
    '{"stream_options":{ "x":1,"include_usage":true },"model":"qwen","stream":true}',
  );
  assert.equal(
    prepare('{"stream_options":{"include_usage": false, "x":1},"model":"a","stream":true}', stream).text,
    '{"stream_options":{"include_usage": true, "x":1},"model":"qwen","stream":true}',
  );
  assert.equal(
    prepare('{"stream_options":null,"model":"a","stream":true}', stream).text,
    '{"stream_options":{"include_usage":true},"model":"qwen","stream":true}',
  );
  assert.deepEqual(
    prepare('{"stream_options":{"include_usage":true,"include_usage":false},"model":"a","stream":true}', stream).text,
    '{"stream_options":{"include_usage":true},"model":"qwen","stream":true}',
  );
  const asked = '{"model":"qwen","stream":true,"stream_options":{"include_usage" :true}}';
  assert.equal(prepare(asked, stream).text, asked);
  assert.deepEqual(prepare(asked, stream).changes, []);
  assert.equal(prepare(asked, stream).request.headers['accept'], 'text/event-stream');
});

test('an assembled answer is streamed from the server', () => {
  const { text, changes } = prepare('{"model":"a","stream":false}', { stream: true });
  assert.equal(text, '{"model":"qwen","stream":true,"stream_options":{"include_usage":true}}');
  assert.deepEqual(changes, ['stream set: true', 'stream_options.include_usage set: true']);
});

test('an empty list of tools goes, with what makes no sense without', () => {
  const { text, changes } = prepare('{"tools":[ ],"tool_choice":"auto","model":"a","functions":[],"parallel_tool_calls":true}');
  assert.equal(text, '{"model":"qwen"}');
  assert.equal(changes.length, 4);
});

const hosted =
  '{"model":"a","tools":[ {"type":"web_search_preview"}, {"type":"function", "function":{"name":"f"}} ,{"type":"code_interpreter"},{"type":"custom"}],"web_search_options":{}}';

test('hosted tools stay at home for a caller whose data does', () => {
  const { text, changes } = prepare(hosted, { houseOnly: true });
  assert.equal(text, '{"model":"qwen","tools":[{"type":"function", "function":{"name":"f"}},{"type":"custom"}]}');
  assert.match(changes.join('; '), /web_search_options dropped.*hosted tools dropped \(web_search_preview, code_interpreter\)/);
  assert.equal(prepare(hosted).text, hosted.replace('"a"', '"qwen"'));
});

test('where only hosted tools were sent, no tools are left', () => {
  const { text } = prepare('{"tools":[{"type":"web_search"}],"tool_choice":"required","model":"a"}', { houseOnly: true });
  assert.equal(text, '{"model":"qwen"}');
});

test('fields that reach out are not sent, nor is a wish to keep the conversation', () => {
  const { text, changes } = prepare(
    '{"chat_template":"{{ x }}","model":"a","draft_model":"evil/repo","chat_template_kwargs":{"chat_template":"x"},"store":true}',
  );
  assert.equal(text, '{"model":"qwen"}');
  assert.equal(changes.length, 4);
  const harmless =
    '{"model":"qwen","chat_template_kwargs":{"enable_thinking":false},"store":false,"messages":[{"role":"user","content":"x","chat_template":"y"}]}';
  assert.equal(prepare(harmless).text, harmless);
});

test('a bound of the output is added where the server needs one', () => {
  const needs = { reachingField: reachingFields([]), outputTokensDefault: 4096 };
  assert.equal(prepare('{"model":"a"}', {}, needs).text, '{"model":"qwen","max_tokens":4096}');
  assert.deepEqual(prepare('{"model":"a"}', {}, needs).changes, ['max_tokens added: 4096']);
  assert.equal(prepare('{"model":"a"}', { outputTokensMax: 900 }, needs).text, '{"model":"qwen","max_tokens":900}');
  assert.equal(prepare('{"model":"a","max_tokens":null}', {}, needs).text, '{"model":"qwen","max_tokens":4096}');
  assert.equal(prepare('{"model":"a","max_completion_tokens":5}', {}, needs).text, '{"model":"qwen","max_completion_tokens":5}');
  assert.equal(prepare('{"model":"a","max_tokens":5}', {}, needs).text, '{"model":"qwen","max_tokens":5}');
});

/** Writes JSON with white space and escapes as the picks say, so that no two spellings are alike. */
function spell(value: unknown, picks: readonly number[]): string {
  let at = 0;
  const pick = (): number => picks[at++ % picks.length] ?? 0;
  const space = (): string => ['', ' ', '\n', '\t ', '\r\n'][pick() % 5] ?? '';
  const text = (plainText: string): string => {
    const json = JSON.stringify(plainText);
    const code = plainText.charCodeAt(0);
    return pick() % 3 === 0 && /^[a-z]/i.test(plainText) ? `"\\u${code.toString(16).padStart(4, '0')}${json.slice(2)}` : json;
  };
  const write = (inner: unknown): string => {
    if (Array.isArray(inner)) return `[${space()}${inner.map((element) => write(element) + space()).join(`,${space()}`)}]`;
    if (typeof inner === 'string') return text(inner);
    if (typeof inner !== 'object' || inner === null) return JSON.stringify(inner);
    const members = Object.entries(inner).map(([key, member]) => `${text(key)}${space()}:${space()}${write(member)}${space()}`);
    return `{${space()}${members.join(`,${space()}`)}}`;
  };
  return space() + write(value) + space();
}

const anyBody = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.record(
      {
        model: fc.string(),
        stream: fc.boolean(),
        stream_options: fc.oneof(fc.constant(null), fc.dictionary(fc.string(), fc.jsonValue()), fc.record({ include_usage: fc.boolean() })),
        tools: fc.array(
          fc.oneof(fc.record({ type: fc.constantFrom('function', 'custom', 'web_search', 'mcp'), model: fc.jsonValue() }), fc.jsonValue()),
        ),
        tool_choice: fc.constantFrom('auto', 'none'),
        max_tokens: fc.constantFrom(null, 7),
        store: fc.boolean(),
        web_search_options: fc.jsonValue(),
        chat_template: fc.constantFrom(null, 'x'),
        messages: fc.array(fc.jsonValue()),
      },
      { requiredKeys: ['model'] },
    ),
    fc.array(fc.nat(), { minLength: 1 }),
    fc.nat(),
  )
  .map(([wild, known, picks, turn]) => {
    const members = Object.entries({ ...wild, ...known }).filter(([key]) => key !== '__proto__');
    const turned = [...members.slice(turn % members.length), ...members.slice(0, turn % members.length)];
    return spell(Object.fromEntries(turned), picks);
  });

const touched = [
  'model',
  'stream',
  'stream_options',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'max_tokens',
  'store',
  'web_search_options',
  'chat_template',
  'chat_template_kwargs',
  'draft_model',
];

test('whatever is sent, what is not named as changed stays byte for byte and in its place', () => {
  fc.assert(
    fc.property(anyBody, fc.boolean(), fc.boolean(), fc.boolean(), (text, stream, houseOnly, bounded) => {
      const { text: sent, changes } = prepare(text, { stream, houseOnly }, { ...plain, outputTokensDefault: bounded ? 4096 : null });
      const before = findJsonMembers(text).spans;
      const after = findJsonMembers(sent).spans;
      const parsed: Record<string, unknown> = JSON.parse(sent);
      const original: Record<string, unknown> = JSON.parse(text);
      assert.equal(parsed['model'], 'qwen');
      assert.equal(parsed['stream'] ?? false, stream);
      const untouched = [...before.keys()].filter((key) => !touched.includes(key));
      assert.deepEqual(
        [...after.keys()].filter((key) => !touched.includes(key)),
        untouched,
      );
      for (const key of before.keys()) {
        const [from, to] = [before.get(key), after.get(key)];
        const isNamed = key === 'model' || (touched.includes(key) && changes.some((change) => change.includes(key)));
        if (isNamed || (key === 'tools' && changes.some((change) => change.includes('tools')))) continue;
        assert.equal(sent.slice(to?.keyStart, to?.valueEnd), text.slice(from?.keyStart, from?.valueEnd), key);
        assert.deepEqual(parsed[key], original[key]);
      }
      const first = [...before.values()].toSorted((a, b) => a.keyStart - b.keyStart)[0];
      assert.ok(sent.startsWith(text.slice(0, first?.keyStart)));
    }),
    { numRuns: 500 },
  );
});

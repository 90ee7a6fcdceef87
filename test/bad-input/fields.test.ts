/** Values of every wrong kind in every documented field: refused with the field's name, or left to the machine; nothing in between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { canaries, startGuardedHouse } from './guarded-house.ts';
import type { GuardedHouse } from './guarded-house.ts';
import { checkRefusal } from './refusal-checks.ts';

/** The values, as they stand in the body. */
const values = {
  null: 'null',
  true: 'true',
  minus: '-1',
  infinite: '1e400',
  empty: '""',
  list: '[]',
  object: '{}',
  long: `"${canaries.body}${'x'.repeat(1_000_000)}"`,
  nested: `{"a":{"b":[{"c":"${canaries.body}"}]}}`,
} as const;

type Value = keyof typeof values;

/** Which values a kind of field takes; `any`: a field that is the machine's business alone. */
const takes: Readonly<Record<string, readonly Value[]>> = {
  nothing: [],
  flag: ['null', 'true'],
  number: ['null', 'minus'],
  count: ['null'],
  bound: ['null', 'minus'],
  object: ['null', 'object', 'nested'],
  element: ['object', 'nested'],
  list: ['null', 'list'],
  texts: ['null', 'empty', 'list', 'long'],
  choice: ['null', 'empty', 'object', 'nested', 'long'],
  content: ['null', 'empty', 'list', 'long'],
  word: ['long'],
  text: ['empty', 'long'],
  any: Object.keys(values) as Value[],
};

const ask = '"role":"user","content":"x"';
const chat = (field: string, kind: string, body?: (value: string) => string): readonly [string, string, (value: string) => string] => [
  field,
  kind,
  body ?? ((value) => `{"model":"keep/chat","messages":[{${ask}}],${JSON.stringify(field)}:${value}}`),
];
const message = (field: string, kind: string): ReturnType<typeof chat> =>
  chat(
    `messages[0].${field}`,
    kind,
    (value) => `{"model":"keep/chat","messages":[{${field === 'content' ? '"role":"user"' : ask},"${field}":${value}}]}`,
  );
const embed = (field: string, kind: string): ReturnType<typeof chat> =>
  chat(field, kind, (value) => `{"model":"embedder","input":"x",${JSON.stringify(field)}:${value}}`);

/** Every field that the reference of chat completions documents, and what is asked of it here. */
const chatFields = [
  chat('model', 'nothing', (value) => `{"model":${value},"messages":[{${ask}}]}`),
  chat('messages', 'nothing', (value) => `{"model":"keep/chat","messages":${value}}`),
  chat('messages[0]', 'nothing', (value) => `{"model":"keep/chat","messages":[${value}]}`),
  chat('messages[0].role', 'word', (value) => `{"model":"keep/chat","messages":[{"role":${value},"content":"x"}]}`),
  message('content', 'content'),
  chat('messages[0].content[0]', 'parts', (value) => `{"model":"keep/chat","messages":[{"role":"user","content":[${value}]}]}`),
  chat(
    'messages[0].content[0].text',
    'text',
    (value) => `{"model":"keep/chat","messages":[{"role":"user","content":[{"type":"text","text":${value}}]}]}`,
  ),
  ...['name', 'tool_calls', 'tool_call_id', 'refusal', 'audio', 'function_call'].map((field) => message(field, 'any')),
  chat('stream', 'flag'),
  chat('stream_options', 'object'),
  chat(
    'stream_options.include_usage',
    'flag',
    (value) => `{"model":"keep/chat","messages":[{${ask}}],"stream_options":{"include_usage":${value}}}`,
  ),
  chat('metadata', 'object'),
  chat('tools', 'list'),
  chat('tools[0]', 'element', (value) => `{"model":"keep/chat","messages":[{${ask}}],"tools":[${value}]}`),
  chat('functions', 'list'),
  chat('functions[0]', 'element', (value) => `{"model":"keep/chat","messages":[{${ask}}],"functions":[${value}]}`),
  chat('tool_choice', 'choice'),
  chat('parallel_tool_calls', 'flag'),
  chat('response_format', 'object'),
  chat('max_tokens', 'bound'),
  chat('max_completion_tokens', 'bound'),
  chat('n', 'count'),
  chat('temperature', 'number'),
  chat('top_p', 'number'),
  chat('presence_penalty', 'number'),
  chat('frequency_penalty', 'number'),
  chat('stop', 'texts'),
  ...[
    'audio',
    'function_call',
    'logit_bias',
    'logprobs',
    'modalities',
    'prediction',
    'prompt_cache_key',
    'reasoning_effort',
    'safety_identifier',
    'seed',
    'service_tier',
    'store',
    'top_logprobs',
    'user',
    'verbosity',
    'web_search_options',
    '__proto__',
    'constructor',
  ].map((field) => chat(field, 'any')),
];

/** The same of embeddings. */
const embeddingFields = [
  chat('model', 'nothing', (value) => `{"model":${value},"input":"x"}`),
  chat('input', 'long', (value) => `{"model":"embedder","input":${value}}`),
  chat('input[0]', 'long', (value) => `{"model":"embedder","input":[${value}]}`),
  embed('encoding_format', 'count'),
  embed('dimensions', 'count'),
  embed('metadata', 'object'),
  embed('user', 'any'),
];

let house: GuardedHouse;
before(async () => {
  house = await startGuardedHouse();
});
after(() => house.close());

for (const [path, fields] of [
  ['/v1/chat/completions', chatFields],
  ['/v1/embeddings', embeddingFields],
] as const) {
  for (const [field, kind, bodyOf] of fields) {
    test(`${path}: ${field}`, async () => {
      let dials = 0;
      for (const [name, value] of Object.entries(values) as [Value, string][]) {
        const fits =
          kind === 'parts'
            ? ['empty', 'object', 'nested', 'long'].includes(name)
            : kind === 'long'
              ? name === 'long'
              : takes[kind]?.includes(name);
        const body = bodyOf(value);
        const { answers, text } = await house.talk(
          `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${house.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
        const [answer] = answers;
        assert.ok(answer, text);
        if (answer.status === 200) {
          assert.ok(fits, `${field}: ${name} passes: ${text}`);
          dials++;
          continue;
        }
        const error = checkRefusal(answer.status, answer.body, house.key);
        // What is read by a model counts as prompt; and a machine takes one answer at a time, or tools, or does not.
        if (fits === true) assert.equal(error.code, 'context_length_exceeded', `${field}: ${name}: ${text}`);
        else assert.ok(error.code === 'invalid_request' && error.param?.startsWith(field) === true, `${field}: ${name}: ${text}`);
      }
      await house.checkInnocence(dials);
      await house.answersWell();
    });
  }
}

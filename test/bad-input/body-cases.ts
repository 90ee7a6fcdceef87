import { canaries } from './guarded-house.ts';

/** A request body, and the refusal that has to come; null where it is fit to be sent on. */
export interface BodyCase {
  readonly name: string;
  readonly path?: '/v1/embeddings';
  readonly body: () => string | Uint8Array;
  /** Sent in chunks, without a length. */
  readonly chunked?: true;
  readonly refused: { readonly status: number; readonly code: string; readonly says: string; readonly param?: string } | null;
}

const secret = canaries.body;
const bytesMax = 20_000_000;

/** A chat request with these members behind the ones it needs. */
const chat = (more: string): string =>
  `{"model":"keep/chat","messages":[{"role":"user","content":"${secret}"}]${more === '' ? '' : `,${more}`}}`;
const said = (content: string): string => `{"model":"keep/chat","messages":[{"role":"user","content":${content}}]}`;
const invalid = (says: string, param?: string): NonNullable<BodyCase['refused']> => ({
  status: 400,
  code: 'invalid_request',
  says,
  ...(param === undefined ? {} : { param }),
});
const bytes = (before: string, middle: readonly number[], after: string): Uint8Array =>
  Buffer.concat([Buffer.from(before), Uint8Array.from(middle), Buffer.from(after)]);

/** A body of exactly so many bytes. */
const ofBytes = (length: number): string => {
  const empty = said('""');
  return said(JSON.stringify('a'.repeat(length - empty.length)));
};

const large: readonly BodyCase[] = [
  { name: 'a body of 21 MB', body: () => ofBytes(21_000_000), refused: { status: 413, code: 'too_large', says: 'larger than 20 MB' } },
  {
    name: 'a body of 21 MB in chunks',
    body: () => ofBytes(21_000_000),
    chunked: true,
    refused: { status: 413, code: 'too_large', says: 'larger than 20 MB' },
  },
  { name: 'one byte too much', body: () => ofBytes(bytesMax + 1), refused: { status: 413, code: 'too_large', says: 'larger than 20 MB' } },
  {
    name: 'as much as may be, more than any model reads',
    body: () => ofBytes(bytesMax),
    refused: { status: 400, code: 'context_length_exceeded', says: 'tokens' },
  },
  {
    name: 'as much as may be, in chunks',
    body: () => ofBytes(bytesMax),
    chunked: true,
    refused: { status: 400, code: 'context_length_exceeded', says: 'tokens' },
  },
  {
    name: 'as much as may be, to be routed by its words',
    body: () => ofBytes(bytesMax).replace('keep/chat', 'auto').replaceAll('aaaaaaaaa', 'a review '),
    refused: { status: 400, code: 'context_length_exceeded', says: 'tokens' },
  },
  {
    name: 'an image of 19 MB',
    body: () => said(`[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBOR${'A'.repeat(19_000_000)}"}}]`),
    refused: null,
  },
  { name: 'twenty million spaces', body: () => `${' '.repeat(bytesMax - 1)}x`, refused: invalid('not JSON') },
  { name: 'twenty million line ends', body: () => `{${'\n'.repeat(bytesMax - 2)}x`, refused: invalid('not JSON') },
  { name: 'twenty million digits', body: () => chat(`"a":${'1'.repeat(19_000_000)}`), refused: null },
  {
    name: 'six million escaped quotes',
    body: () => said(`"${'\\"'.repeat(6_000_000)}"`),
    refused: { status: 400, code: 'context_length_exceeded', says: 'tokens' },
  },
  {
    name: 'three million escaped letters',
    body: () => said(`"${'\\u00e4'.repeat(3_200_000)}"`),
    refused: { status: 400, code: 'context_length_exceeded', says: 'tokens' },
  },
  { name: 'a text of 20 MB that never ends', body: () => `{"a":"${'a\\n'.repeat(6_600_000)}`, refused: invalid('not JSON') },
];

const bombs: readonly BodyCase[] = [
  {
    name: '100,000 nested arrays',
    body: () => chat(`"a":${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    refused: invalid('deeper than 64'),
  },
  {
    name: '9,000,000 nested arrays',
    body: () => chat(`"a":${'['.repeat(9_000_000)}${']'.repeat(9_000_000)}`),
    refused: invalid('deeper than 64'),
  },
  { name: '19,000,000 arrays that nobody closes', body: () => '['.repeat(19_000_000), refused: invalid('deeper than 64') },
  {
    name: '100,000 nested objects',
    body: () => chat(`"a":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    refused: invalid('deeper than 64'),
  },
  {
    name: '100,000 nested arrays of parts',
    body: () => said(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    refused: invalid('deeper than 64'),
  },
  { name: 'as deep as may be', body: () => chat(`"a":${'['.repeat(63)}${']'.repeat(63)}`), refused: null },
  { name: 'one level too deep', body: () => chat(`"a":${'['.repeat(64)}${']'.repeat(64)}`), refused: invalid('deeper than 64') },
  {
    name: 'a million keys in one object',
    body: () => chat(`"a":{${Array.from({ length: 1_000_000 }, (_, at) => `"k${at}":1`).join(',')}}`),
    refused: invalid('more than 10000 keys'),
  },
  {
    name: 'a million keys on top',
    body: () => chat(Array.from({ length: 1_000_000 }, (_, at) => `"k${at}":1`).join(',')),
    refused: invalid('more than 10000 keys'),
  },
  {
    name: 'a million keys that are all the same',
    body: () => chat(`"a":{${'"k":1,'.repeat(1_000_000)}"k":1}`),
    refused: invalid('more than 10000 keys'),
  },
  {
    name: 'a million parts',
    body: () => said(`[${'{"type":"text","text":"a"},'.repeat(700_000)}{"type":"text","text":"a"}]`),
    refused: invalid('more than 10000 keys'),
  },
  {
    name: 'a million bare texts for parts',
    body: () => said(`[${'"a",'.repeat(1_000_000)}"a"]`),
    refused: invalid('more than 500000 values'),
  },
  {
    name: 'a million messages',
    body: () => `{"model":"keep/chat","messages":[${'{"role":"user"},'.repeat(1_000_000)}{"role":"user"}]}`,
    refused: invalid('more than 10000 keys'),
  },
  { name: 'ten million numbers', body: () => chat(`"a":[${'1,'.repeat(9_900_000)}1]`), refused: invalid('more than 500000 values') },
  { name: 'six million empty objects', body: () => chat(`"a":[${'{},'.repeat(6_500_000)}1]`), refused: invalid('more than 500000 values') },
  {
    name: 'ten million tokens to embed',
    path: '/v1/embeddings',
    body: () => `{"model":"embedder","input":[${'1,'.repeat(9_900_000)}1]}`,
    refused: invalid('more than 500000 values'),
  },
  {
    name: '3,000 texts to embed',
    path: '/v1/embeddings',
    body: () => `{"model":"embedder","input":[${'"a",'.repeat(2_999)}"a"]}`,
    refused: invalid('at most 2048', 'input'),
  },
];

const texts: readonly BodyCase[] = [
  { name: 'no body', body: () => '', refused: invalid('it is empty') },
  { name: 'white space', body: () => ' \r\n\t ', refused: invalid('it is empty') },
  {
    name: 'an overlong form of "/"',
    body: () => bytes('{"model":"keep/chat","messages":"', [0xc0, 0xaf], '"}'),
    refused: invalid('not valid UTF-8'),
  },
  { name: 'half a character at the end', body: () => bytes('{"model":"a"}', [0xe2, 0x82], ''), refused: invalid('not valid UTF-8') },
  { name: 'a surrogate in bytes', body: () => bytes('{"model":"', [0xed, 0xa0, 0x80], '"}'), refused: invalid('not valid UTF-8') },
  { name: 'Latin-1', body: () => Buffer.from('{"model":"bär"}', 'latin1'), refused: invalid('not valid UTF-8') },
  { name: 'UTF-16 with its mark', body: () => Buffer.from(`\ufeff${chat('')}`, 'utf16le'), refused: invalid('not valid UTF-8') },
  { name: 'UTF-16 without a mark', body: () => Buffer.from(chat(''), 'utf16le'), refused: invalid('not JSON') },
  { name: 'compressed bytes', body: () => Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), refused: invalid('not valid UTF-8') },
  { name: 'a byte order mark', body: () => `\ufeff${chat('')}`, refused: null },
  { name: 'two byte order marks', body: () => `\ufeff\ufeff${chat('')}`, refused: invalid('line 1, column 1') },
  { name: 'a NUL between values', body: () => chat('"a":\u00001'), refused: invalid('not JSON') },
  { name: 'a NUL in a text', body: () => said('"a\u0000b"'), refused: invalid('not JSON') },
  { name: 'an escaped NUL in a text', body: () => said('"a\\u0000b"'), refused: null },
  { name: 'a lone high surrogate, escaped', body: () => said('"\\ud83d"'), refused: null },
  { name: 'a lone low surrogate, escaped', body: () => said('"\\ude00 x"'), refused: null },
  {
    name: 'a lone surrogate for a model',
    body: () => '{"model":"\\ud83d","messages":[{"role":"user","content":"x"}]}',
    refused: { status: 404, code: 'model_not_found', says: '' },
  },
  { name: 'a line end in a text', body: () => said('"a\nb"'), refused: invalid('see line 1') },
  { name: 'single quotes', body: () => `{'model':'auto'}`, refused: invalid('line 1, column 2') },
  { name: 'a comma too many', body: () => chat('').replace('}]}', '}],}'), refused: invalid('see line 1') },
  { name: 'a remark', body: () => `// hello\n${chat('')}`, refused: invalid('line 1, column 1') },
  { name: 'NaN', body: () => chat('"temperature":NaN'), refused: invalid('see line 1') },
  { name: 'Infinity', body: () => chat('"temperature":-Infinity'), refused: invalid('see line 1') },
  { name: 'a number in hexadecimal', body: () => chat('"seed":0x10'), refused: invalid('see line 1') },
  { name: 'a number too large for any machine', body: () => chat('"seed":1e400'), refused: null },
  { name: 'two documents', body: () => chat('') + chat(''), refused: invalid('see line 1') },
  { name: 'lines of JSON', body: () => `${chat('')}\n${chat('')}`, refused: invalid('line 2, column 1') },
  { name: 'an array', body: () => `[${chat('')}]`, refused: invalid('must be a JSON object') },
  { name: 'a text', body: () => `"${secret}"`, refused: invalid('must be a JSON object') },
  { name: 'null', body: () => 'null', refused: invalid('must be a JSON object') },
  { name: 'a form', body: () => `model=auto&prompt=${secret}`, refused: invalid('line 1, column 1') },
  { name: 'XML', body: () => `<a>${secret}</a>`, refused: invalid('line 1, column 1') },
  { name: 'half an object', body: () => chat('').slice(0, 40), refused: invalid('ends too early') },
];

const keys: readonly BodyCase[] = [
  {
    name: 'a field twice',
    body: () => chat('"stream":false,"stream":true'),
    refused: invalid('"stream" stands in the body twice', 'stream'),
  },
  { name: 'the model twice', body: () => chat('"model":"auto"'), refused: invalid('"model" stands in the body twice', 'model') },
  { name: 'the model twice, once in escapes', body: () => chat('"mo\\u0064el":"auto"'), refused: invalid('twice', 'model') },
  {
    name: 'a routing field in escapes',
    body: () => chat('"api\\u005fbase":"http://203.0.113.9"'),
    refused: invalid('api_base', 'api_base'),
  },
  { name: '__proto__ twice', body: () => chat('"__proto__":1,"__proto__":2'), refused: invalid('twice', '__proto__') },
  { name: '__proto__ on top', body: () => chat('"__proto__":{"polluted":true,"stream":true}'), refused: null },
  { name: 'constructor on top', body: () => chat('"constructor":{"prototype":{"polluted":true}}'), refused: null },
  { name: 'toString on top', body: () => chat('"toString":1,"valueOf":null,"hasOwnProperty":false'), refused: null },
  {
    name: 'prototype names in a message',
    body: () =>
      '{"model":"keep/chat","messages":[{"role":"user","content":"x","__proto__":{"role":"system"},"constructor":1,"toString":null}]}',
    refused: null,
  },
  {
    name: 'prototype names in a part',
    body: () => said('[{"type":"text","text":"x","__proto__":{"image_url":"http://203.0.113.9/"},"constructor":{}}]'),
    refused: null,
  },
  {
    name: 'prototype names in metadata',
    body: () => chat('"metadata":{"__proto__":{"route":"none"},"constructor":"x","toString":"y"}'),
    refused: null,
  },
  {
    name: 'prototype names for tools',
    body: () =>
      chat(
        '"tools":[{"type":"function","function":{"name":"__proto__","parameters":{"__proto__":{"type":"object"}}}},{"type":"function","function":{"name":"constructor"}}]',
      ),
    refused: null,
  },
  {
    name: 'prototype names in stream options',
    body: () => chat('"stream_options":{"__proto__":{"include_usage":true},"constructor":1}'),
    refused: null,
  },
  {
    name: 'prototype names in a format',
    body: () => chat('"response_format":{"type":"json_schema","json_schema":{"name":"__proto__","schema":{"__proto__":{}}}}'),
    refused: null,
  },
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'keep/__proto__', '__proto__/constructor', 'reader/__proto__'].map(
    (model): BodyCase => ({
      name: `the model ${model}`,
      body: () => `{"model":${JSON.stringify(model)},"messages":[{"role":"user","content":"x"}]}`,
      refused: { status: 404, code: 'model_not_found', says: '' },
    }),
  ),
  {
    name: '__proto__ as a route hint',
    body: () => `{"model":"auto","messages":[{"role":"user","content":"x"}],"metadata":{"route":"__proto__"}}`,
    refused: null,
  },
];

const routingFields = ['api_base', 'base_url', 'api_key', 'fallbacks', 'user_config', 'extra_headers', 'organization'];
const values = [`"${secret}"`, 'null', '[]', '{"a":"http://203.0.113.9"}', '0', 'false'];

const routing: readonly BodyCase[] = [
  ...routingFields.flatMap((field) =>
    values.map((value): BodyCase => ({
      name: `the routing field ${field} as ${value.slice(0, 12)}`,
      body: () => chat(`"${field}":${value}`),
      refused: invalid(`"${field}"`, field),
    })),
  ),
  ...routingFields.map((field): BodyCase => ({
    name: `the routing field ${field} for vectors`,
    path: '/v1/embeddings',
    body: () => `{"model":"embedder","input":"x","${field}":"${secret}"}`,
    refused: invalid(`"${field}"`, field),
  })),
  {
    name: 'routing words in what is said and called',
    body: () => {
      const words = Object.fromEntries(routingFields.map((field) => [field, 'http://203.0.113.9']));
      const call = { id: 'c', type: 'function', function: { name: 'api_base', arguments: JSON.stringify(words) } };
      return JSON.stringify({
        model: 'keep/chat',
        messages: [
          { role: 'user', content: routingFields.join(' ') },
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c', content: JSON.stringify(words) },
        ],
        metadata: words,
        tools: [{ type: 'function', function: { name: 'api_base', parameters: { type: 'object', properties: words } } }],
      });
    },
    refused: null,
  },
];

const foreign = [
  'http://203.0.113.9/a.png',
  'https://203.0.113.9/a.png',
  'HTTP://203.0.113.9/a.png',
  ' http://203.0.113.9/a.png',
  'file:///etc/passwd',
  'ftp://203.0.113.9/a',
  '//203.0.113.9/a.png',
  '\\\\203.0.113.9\\a.png',
  'javascript:alert(1)',
  'gopher://203.0.113.9/',
  'blob:http://203.0.113.9/1',
  '/etc/passwd',
  'a.png',
  '',
  ' data:image/png;base64,AAAA',
  'xdata:image/png;base64,AAAA',
];

const images: readonly BodyCase[] = [
  ...foreign.map((url): BodyCase => ({
    name: `an image at ${JSON.stringify(url)}`,
    body: () => said(JSON.stringify([{ type: 'image_url', image_url: { url } }])),
    refused: invalid('"data:" URL', 'messages[0].content[0].image_url.url'),
  })),
  {
    name: 'an image at an address without its object',
    body: () => said('[{"type":"image_url","image_url":"http://203.0.113.9/"}]'),
    refused: invalid('"data:" URL', 'messages[0].content[0].image_url'),
  },
  ...['5', 'true', '[]', '{"url":5}', '{"url":null}', '{"url":["data:"]}'].map((value): BodyCase => ({
    name: `an image that is ${value}`,
    body: () => said(`[{"type":"image_url","image_url":${value}}]`),
    refused: invalid('messages[0].content[0].image_url'),
  })),
  {
    name: 'a film at an address',
    body: () => said('[{"type":"video_url","video_url":{"url":"http://203.0.113.9/"}}]'),
    refused: invalid('"data:" URL', 'messages[0].content[0].video_url.url'),
  },
  {
    name: 'a sound at an address',
    body: () => said('[{"type":"input_audio","input_audio":{"data":"http://203.0.113.9/"}}]'),
    refused: invalid('"data:" URL', 'messages[0].content[0].input_audio.data'),
  },
  {
    name: 'a file at an address',
    body: () => said('[{"type":"file","file":{"file_data":"http://203.0.113.9/"}}]'),
    refused: invalid('"data:" URL', 'messages[0].content[0].file.file_data'),
  },
];

/** Bodies that somebody made to break a reader, or that say what nobody may say. */
export const bodyCases: readonly BodyCase[] = [...texts, ...keys, ...routing, ...images, ...bombs, ...large];

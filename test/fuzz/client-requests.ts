import { canaries } from '#test/bad-input/guarded-house.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A request as a real client sends it. */
export interface ClientRequest {
  readonly path: '/v1/chat/completions' | '/v1/embeddings';
  readonly body: { [key: string]: Json };
}

const chat = (body: { [key: string]: Json }): ClientRequest => ({ path: '/v1/chat/completions', body });
const embed = (body: { [key: string]: Json }): ClientRequest => ({ path: '/v1/embeddings', body });
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const search = {
  type: 'function',
  function: {
    name: 'search',
    description: 'Looks something up',
    parameters: { type: 'object', properties: { query: { type: 'string' }, limit: { type: 'integer', minimum: 1 } }, required: ['query'] },
    strict: true,
  },
};

/** What chat windows, agents, editors and libraries send, each in its own spelling. */
export const clientRequests: readonly ClientRequest[] = [
  chat({ model: 'keep/chat', messages: [{ role: 'user', content: `hello ${canaries.body}` }] }),
  chat({
    model: 'auto',
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.7,
    top_p: 0.9,
    max_tokens: -1,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: 'please review this <system-reminder>now</system-reminder>' },
      { role: 'assistant', content: 'yes', reasoning_content: 'hm' },
      { role: 'user', content: `and ${canaries.body}` },
    ],
    metadata: { route: 'chat', conversation: '5d1' },
    session_id: 'a',
    chat_template_kwargs: { enable_thinking: false },
  }),
  chat({
    model: 'reader/reader-8b',
    n: 1,
    messages: [
      { role: 'developer', content: [{ type: 'text', text: 'short' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is this?' },
          { type: 'image_url', image_url: { url: pixel, detail: 'low' } },
        ],
      },
    ],
    max_completion_tokens: 200,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'thing', strict: true, schema: { type: 'object', properties: { a: { type: 'string' } } } },
    },
    user: 'somebody',
    logit_bias: { '50256': -100 },
    stop: ['\n\n', 'END'],
    seed: 7,
  }),
  chat({
    model: 'reader-8b',
    tools: [search],
    tool_choice: 'auto',
    parallel_tool_calls: false,
    messages: [
      { role: 'user', content: 'find it' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'search', arguments: '{"query":"it","api_base":"x"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: canaries.body },
    ],
  }),
  chat({
    model: 'keep/chat',
    prompt: '',
    functions: [{ name: 'old', parameters: {} }],
    function_call: { name: 'old' },
    messages: [{ role: 'user', content: null, name: 'n' }],
  }),
  embed({ model: 'embedder', input: 'one text', encoding_format: 'base64' }),
  embed({ model: 'keep/vectors', input: ['one', 'two', canaries.body], encoding_format: 'float', dimensions: 2 }),
  embed({
    model: 'auto',
    input: [
      [1, 2, 3],
      [4, 5],
    ],
    user: 'somebody',
  }),
  embed({ model: 'embedder', input: [15, 16, 17], metadata: { a: 'b' } }),
];

import { refusalScript } from '#upstreams/scripted/refusal-script.ts';
import { isJsonArray, isJsonObject } from '#upstreams/scripted/script.ts';
import type { Json, JsonObject, Step } from '#upstreams/scripted/script.ts';
import { plain } from './fixture.ts';
import type { KindFixture, Received, Said } from './fixture.ts';

const createdAt = '2026-01-01T00:00:00Z';
const line = (value: JsonObject): string => `${JSON.stringify({ model: 'm', created_at: createdAt, ...value })}\n`;
const piece = (message: JsonObject): string => line({ message: { role: 'assistant', content: '', ...message }, done: false });
const head: readonly Step[] = [{ do: 'header', name: 'content-type', value: 'application/x-ndjson' }, { do: 'flush' }];

/** Ollama by its own API: NDJSON, calls whole and as objects, counts in the last line. */
export const ollamaFixture: KindFixture = {
  policy: {},
  answer: (said, stream) => {
    if (!stream) return [{ do: 'json', value: { model: said.model, created_at: createdAt, message: wholeMessage(said), ...lastOf(said) } }];
    const pieces = [
      ...(said.reasoning ?? []).map((thinking): JsonObject => ({ thinking })),
      ...(said.text ?? []).map((content): JsonObject => ({ content })),
      ...callsOf(said).map((call): JsonObject => ({ tool_calls: [call] })),
    ];
    const lines = pieces.map((message) =>
      line({ model: said.model, message: { role: 'assistant', content: '', ...message }, done: false }),
    );
    const last = line({ model: said.model, message: { role: 'assistant', content: '' }, ...lastOf(said) });
    return [...head, ...[...lines, last].map((bytes): Step => ({ do: 'body', bytes }))];
  },
  begin: (said) => [...head, ...(said.text ?? []).map((content): Step => ({ do: 'body', bytes: piece({ content }) }))],
  wordEvent: (content) => piece({ content }),
  errorEvent: '{"error":"an error was encountered while running the model"}\n',
  errorBody: { error: 'an error was encountered while running the model' },
  refusals: {
    // A cold model is loaded while the caller waits: nothing is said.
    loading: null,
    busy: refusalScript(503, { error: 'server busy, please try again.  maximum pending requests exceeded' }),
    tooLong: refusalScript(400, { error: 'the input length exceeds the context length' }),
    absent: refusalScript(404, { error: "model 'm' not found" }),
    unauthorised: refusalScript(401, { error: 'unauthorized' }),
    crashed: refusalScript(500, { error: 'model runner has unexpectedly stopped, this may be due to resource limitations' }),
  },
  received: ({ json }) => receivedOf(json),
  embeds: {
    path: '/api/embed',
    answer: (embeddings, { model, tokens }) => [
      { do: 'json', value: { model, embeddings, total_duration: 9, load_duration: 7, prompt_eval_count: tokens } },
    ],
  },
  pages: {
    '/api/version': { version: '0.20.0' },
    '/api/tags': {
      models: [{ name: 'm:latest', model: 'm:latest', size: 7, digest: 'd', details: {}, capabilities: ['completion', 'tools'] }],
    },
    '/api/ps': { models: [{ name: 'm:latest', model: 'm:latest', size: 7, size_vram: 7, context_length: 4096, expires_at: createdAt }] },
  },
  listed: { name: 'm:latest', context: null, input: [], tools: true, service: 'chat', remote: false, slots: null, loaded: true },
  load: null,
};

function callsOf({ calls }: Said): readonly JsonObject[] {
  return (calls ?? []).map((call, index) => {
    const given: Json = JSON.parse(call.arguments.join(''));
    return { function: { index, name: call.name, arguments: given } };
  });
}

function wholeMessage(said: Said): JsonObject {
  const calls = callsOf(said);
  return {
    role: 'assistant',
    content: (said.text ?? []).join(''),
    ...(said.reasoning === undefined ? {} : { thinking: said.reasoning.join('') }),
    ...(calls.length === 0 ? {} : { tool_calls: [...calls] }),
  };
}

function lastOf({ usage }: Said): JsonObject {
  return {
    done: true,
    done_reason: 'stop',
    total_duration: 9,
    ...(usage === undefined ? {} : { prompt_eval_count: usage.input, eval_count: usage.output }),
  };
}

function receivedOf(json: Json | undefined): Received {
  const body = isJsonObject(json) ? json : {};
  const tools = isJsonArray(body['tools']) ? body['tools'].filter(isJsonObject) : [];
  const messages = isJsonArray(body['messages']) ? body['messages'].filter(isJsonObject) : [];
  return {
    model: body['model'],
    stream: body['stream'] !== false,
    tools: tools.map((tool) => (isJsonObject(tool['function']) ? (tool['function']['name'] ?? null) : null)),
    turns: messages.map(({ role, content, tool_calls: calls }) => {
      const called = isJsonArray(calls)
        ? calls
            .filter(isJsonObject)
            .map((call) =>
              isJsonObject(call['function']) ? `${plain(call['function']['name'])}${JSON.stringify(call['function']['arguments'])}` : '',
            )
        : [];
      return [plain(role), ...called, ...(typeof content === 'string' && content !== '' ? [content] : [])].join(' ');
    }),
  };
}

import { chatStream, chatStreamHead, chatWhole } from '#upstreams/scripted/chat-script.ts';
import type { ChatAnswer } from '#upstreams/scripted/chat-script.ts';
import {
  busyScript,
  contextLengthScript,
  loadingScript,
  modelNotFoundScript,
  refusalScript,
  serverErrorScript,
  unauthorisedScript,
} from '#upstreams/scripted/refusal-script.ts';
import type { ServerStyle } from '#upstreams/scripted/refusal-script.ts';
import { isJsonArray, isJsonObject } from '#upstreams/scripted/script.ts';
import type { Json, JsonObject, Step } from '#upstreams/scripted/script.ts';
import { plain } from './fixture.ts';
import type { KindFixture, Received, Said } from './fixture.ts';

type Told = 'pages' | 'listed' | 'load';

/** What one server that speaks the OpenAI API says in its own way. */
export interface OpenaiServer extends Partial<Omit<KindFixture, 'refusals' | Told>>, Pick<KindFixture, Told> {
  readonly style: ServerStyle;
  /** Where it puts its thoughts. */
  readonly reasoningField?: 'reasoning' | 'reasoning_content';
  readonly refusals?: Partial<KindFixture['refusals']>;
}

/** The fixture of a server that speaks the OpenAI API. */
export function openaiFixture({ style, reasoningField = 'reasoning_content', refusals, ...server }: OpenaiServer): KindFixture {
  return {
    policy: {},
    answer: (said, stream) =>
      renamed(
        stream ? chatStream(answerOf(said), { includeUsage: true, interleaveTools: true }) : chatWhole(answerOf(said)),
        reasoningField,
      ),
    begin: (said) => [
      ...chatStreamHead(),
      { do: 'body', bytes: chunk({ role: 'assistant', content: '' }) },
      ...(said.text ?? []).map((text): Step => ({ do: 'body', bytes: chunk({ content: text }) })),
    ],
    wordEvent: (text) => chunk({ content: text }),
    errorEvent: `data: ${JSON.stringify({ error: { message: 'the engine is gone', type: 'server_error', code: 500 } })}\n\n`,
    errorBody: { error: { message: 'the engine is gone', type: 'server_error', code: 500 } },
    received: ({ json }) => receivedOf(json),
    embeds: {
      path: '/v1/embeddings',
      answer: (vectors, { model, tokens }) => {
        const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }));
        return [{ do: 'json', value: { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } } }];
      },
    },
    ...server,
    refusals: {
      loading: loadingScript(),
      busy: busyScript(),
      tooLong: contextLengthScript(style, { prompt: 40_000, window: 2_000 }),
      absent: modelNotFoundScript('m', style),
      unauthorised: unauthorisedScript(),
      crashed: serverErrorScript(),
      ...refusals,
    },
  };
}

/** A 503 of a server that is loading, in the words of proxies. */
export const loadingWords = refusalScript(503, {
  error: { message: 'The model is loading', type: 'model_loading', code: 'model_loading' },
});

function answerOf({ model, text, reasoning, calls, usage }: Said): ChatAnswer {
  return {
    model,
    ...(text === undefined ? {} : { text }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(calls === undefined ? {} : { toolCalls: calls }),
    ...(usage === undefined ? {} : { usage: { prompt_tokens: usage.input, completion_tokens: usage.output } }),
  };
}

function renamed(script: readonly Step[], field: string): readonly Step[] {
  return field === 'reasoning_content'
    ? script
    : JSON.parse(JSON.stringify(script).replaceAll('"reasoning_content"', JSON.stringify(field)));
}

function chunk(delta: JsonObject): string {
  const choices = [{ index: 0, delta, finish_reason: null }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

function receivedOf(json: Json | undefined): Received {
  const body = isJsonObject(json) ? json : {};
  const tools = isJsonArray(body['tools']) ? body['tools'].filter(isJsonObject) : [];
  const messages = isJsonArray(body['messages']) ? body['messages'].filter(isJsonObject) : [];
  return {
    model: body['model'],
    stream: body['stream'] === true,
    tools: tools.map((tool) => (isJsonObject(tool['function']) ? (tool['function']['name'] ?? null) : null)),
    turns: messages.map(({ role, content, tool_calls: calls }) => {
      const called = isJsonArray(calls)
        ? calls
            .filter(isJsonObject)
            .map((call) =>
              isJsonObject(call['function']) ? `${plain(call['function']['name'])}${plain(call['function']['arguments'])}` : '',
            )
        : [];
      return [plain(role), ...called, ...(typeof content === 'string' && content !== '' ? [content] : [])].join(' ');
    }),
  };
}

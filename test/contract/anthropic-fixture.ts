import { refusalScript } from '#upstreams/scripted/refusal-script.ts';
import { isJsonArray, isJsonObject } from '#upstreams/scripted/script.ts';
import type { Json, JsonObject, Script, Step } from '#upstreams/scripted/script.ts';
import { plain } from './fixture.ts';
import type { KindFixture, Received, Said } from './fixture.ts';

const event = (type: string, value: JsonObject): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`;
const head: readonly Step[] = [{ do: 'header', name: 'content-type', value: 'text/event-stream; charset=utf-8' }, { do: 'flush' }];
const refusal = (code: number, type: string, message: string): Script => refusalScript(code, { type: 'error', error: { type, message } });

/** One block of an answer: what opens it, and its pieces. */
interface Block {
  readonly opened: JsonObject;
  readonly pieces: readonly JsonObject[];
}

/** Anthropic's Messages API. */
export const anthropicFixture: KindFixture = {
  // A cloud, whose place must be said; here it is loopback.
  policy: { location: 'house' },
  answer: (said, stream) => {
    const blocks = blocksOf(said);
    if (!stream) return [{ do: 'json', value: { ...startOf(said), content: wholeContent(said), stop_reason: stopOf(said) } }];
    const events = [
      event('message_start', { message: { ...startOf(said), content: [], stop_reason: null } }),
      ...blocks.flatMap(({ opened, pieces }, index) => [
        event('content_block_start', { index, content_block: opened }),
        ...pieces.map((delta) => event('content_block_delta', { index, delta })),
        event('content_block_stop', { index }),
      ]),
      event('message_delta', {
        delta: { stop_reason: stopOf(said), stop_sequence: null },
        usage: { output_tokens: said.usage?.output ?? 0 },
      }),
      event('message_stop', {}),
    ];
    return [...head, ...events.map((bytes): Step => ({ do: 'body', bytes }))];
  },
  begin: (said) => [
    ...head,
    { do: 'body', bytes: event('message_start', { message: { ...startOf(said), content: [], stop_reason: null } }) },
    { do: 'body', bytes: event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) },
    ...(said.text ?? []).map((text): Step => ({ do: 'body', bytes: textEvent(text) })),
  ],
  wordEvent: textEvent,
  errorEvent: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  errorBody: { type: 'error', error: { type: 'api_error', message: 'Internal server error' } },
  refusals: {
    loading: null,
    busy: refusal(529, 'overloaded_error', 'Overloaded'),
    tooLong: refusal(400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
    absent: refusal(404, 'not_found_error', 'model: m'),
    unauthorised: refusal(401, 'authentication_error', 'invalid x-api-key'),
    crashed: null,
  },
  embeds: null,
  received: ({ json }) => receivedOf(json),
  pages: { '/v1/models': { data: [{ type: 'model', id: 'm', display_name: 'M', created_at: '2026-01-01T00:00:00Z' }], has_more: false } },
  listed: null,
  load: null,
};

function textEvent(text: string): string {
  return event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
}

function startOf({ model, usage }: Said): JsonObject {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    stop_sequence: null,
    usage: { input_tokens: usage?.input ?? 0, output_tokens: usage?.output ?? 0 },
  };
}

function stopOf({ calls }: Said): string {
  return (calls ?? []).length > 0 ? 'tool_use' : 'end_turn';
}

function blocksOf({ text, reasoning, calls }: Said): readonly Block[] {
  return [
    ...(reasoning === undefined
      ? []
      : [
          {
            opened: { type: 'thinking', thinking: '', signature: '' },
            pieces: reasoning.map((thinking): JsonObject => ({ type: 'thinking_delta', thinking })),
          },
        ]),
    ...(text === undefined
      ? []
      : [{ opened: { type: 'text', text: '' }, pieces: text.map((each): JsonObject => ({ type: 'text_delta', text: each })) }]),
    ...(calls ?? []).map((call) => ({
      opened: { type: 'tool_use', id: call.id, name: call.name, input: {} },
      pieces: call.arguments.map((partial): JsonObject => ({ type: 'input_json_delta', partial_json: partial })),
    })),
  ];
}

function wholeContent({ text, reasoning, calls }: Said): Json {
  return [
    ...(reasoning === undefined ? [] : [{ type: 'thinking', thinking: reasoning.join(''), signature: 's' }]),
    ...(text === undefined ? [] : [{ type: 'text', text: text.join('') }]),
    ...(calls ?? []).map((call): Json => {
      const input: Json = JSON.parse(call.arguments.join(''));
      return { type: 'tool_use', id: call.id, name: call.name, input };
    }),
  ];
}

function receivedOf(json: Json | undefined): Received {
  const body = isJsonObject(json) ? json : {};
  const tools = isJsonArray(body['tools']) ? body['tools'].filter(isJsonObject) : [];
  const messages = isJsonArray(body['messages']) ? body['messages'].filter(isJsonObject) : [];
  return {
    model: body['model'],
    stream: body['stream'] === true,
    tools: tools.map((tool) => tool['name'] ?? null),
    turns: messages.map(({ role, content }) => [plain(role), ...partsOf(content)].join(' ')),
  };
}

function partsOf(content: Json | undefined): readonly string[] {
  if (typeof content === 'string') return [content];
  if (!isJsonArray(content)) return [];
  return content.filter(isJsonObject).flatMap((part) => {
    if (part['type'] === 'tool_use') return [`${plain(part['name'])}${JSON.stringify(part['input'])}`];
    if (part['type'] === 'tool_result') return partsOf(part['content']);
    return typeof part['text'] === 'string' ? [part['text']] : [];
  });
}

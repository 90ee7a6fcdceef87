import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { ReplyEvent } from '#core/reply/event.ts';
import { replyCalls } from '#core/reply/reply-calls.ts';
import { textOfParts } from '#core/request/chat-request.ts';
import type { ChatMessage, ChatRequest, ToolCall } from '#core/request/chat-request.ts';
import type { Surface } from '#surfaces/kind.ts';
import { surfaces } from '#surfaces/registry.ts';

/** The words of a call, as they came and as they went out. */
export interface SaidWords {
  readonly request: string;
  /** Null where it is not known. */
  readonly reply: string | null;
  /** The reply is a stream of the surface, not one body. */
  readonly streamed: boolean;
}

/** One message, whatever API it was written in. */
export interface ToldMessage {
  readonly role: ChatMessage['role'];
  readonly text: string;
  /** The tools that an assistant calls. */
  readonly calls: readonly ToolCall[];
  /** The call that a tool answers. */
  readonly callId: string | null;
}

/** What was said in a call, in a form that does not depend on the API. */
export interface Conversation {
  /** Oldest first; the beginning of a long one is left out. */
  readonly messages: readonly ToldMessage[];
  readonly leftOut: number;
  readonly answer: ToldMessage | null;
  /** What the caller asked of the model besides: temperature and the like. */
  readonly parameters: Readonly<Record<string, number>>;
  /** The reply as one body, also where it was a stream. */
  readonly body: string | null;
}

/** More of a request nobody reads in a list of traces; reading it would hold up those who wait for an answer. */
const requestMax = 1_000_000;
const messagesMax = 200;
const textMax = 200_000;

/** Reads what was said. Never throws: what cannot be read is left out. */
export function conversationOf(surfaceName: string, { request, reply, streamed }: SaidWords): Conversation {
  const surface = surfaces.find(({ name }) => name === surfaceName);
  const nothing = { messages: [], leftOut: 0, answer: null, parameters: {}, body: reply };
  if (!surface) return nothing;
  const asked = request.length > requestMax ? null : chatIn(surface, request);
  const events = reply === null ? [] : eventsOf(surface, reply, streamed);
  const latest = asked === null ? [] : latestOf(asked.messages.map(toldMessage));
  return {
    messages: latest,
    leftOut: (asked?.messages.length ?? 0) - latest.length,
    answer: answerIn(events),
    parameters: asked === null ? {} : parametersOf(asked),
    body: reply !== null && streamed ? bodyOf(surface, events, reply) : reply,
  };
}

function chatIn(surface: Surface, request: string): ChatRequest | null {
  try {
    const asked = surface.read(request);
    return isGatewayError(asked) ? null : (asked.chat?.() ?? null);
  } catch {
    return null;
  }
}

function eventsOf({ dialect }: Surface, reply: string, streamed: boolean): readonly ReplyEvent[] {
  const bytes = Buffer.from(reply);
  if (!streamed) return [dialect.readWhole(bytes)];
  const reader = dialect.readStream(Number.MAX_SAFE_INTEGER);
  return [...reader.push(bytes), ...reader.end()];
}

function bodyOf(surface: Surface, events: readonly ReplyEvent[], reply: string): string {
  try {
    return Buffer.from(surface.assemble(events)).toString('utf8');
  } catch {
    return reply;
  }
}

/** Of several answers the first. */
function answerIn(events: readonly ReplyEvent[]): ToldMessage | null {
  const text = events
    .flatMap(({ deltas }) => deltas)
    .map((delta) => ((delta.type === 'content' || delta.type === 'refusal') && delta.choice === 0 ? delta.text : ''))
    .join('');
  const calls = replyCalls(events).filter(({ choice }) => choice === 0);
  return text === '' && calls.length === 0 ? null : { role: 'assistant', text, calls, callId: null };
}

function toldMessage(message: ChatMessage): ToldMessage {
  switch (message.role) {
    case 'system':
      return { role: 'system', text: message.text, calls: [], callId: null };
    case 'user':
      return { role: 'user', text: textOfParts(withoutImages(message.parts)), calls: [], callId: null };
    case 'assistant':
      return { role: 'assistant', text: message.text, calls: message.calls, callId: null };
    case 'tool':
      return { role: 'tool', text: textOfParts(withoutImages(message.parts)), calls: [], callId: message.callId };
  }
}

type Parts = Extract<ChatMessage, { role: 'user' }>['parts'];

/** A picture would be most of the span. */
function withoutImages(parts: Parts): Parts {
  return parts.map((part) => (part.type === 'text' ? part : { type: 'text', text: `[${part.mediaType}]` }));
}

/** The last messages that are not too many and too long. */
function latestOf(messages: readonly ToldMessage[]): readonly ToldMessage[] {
  let size = 0;
  let from = messages.length;
  for (; from > 0 && messages.length - from < messagesMax; from--) {
    const { text = '', calls = [] } = messages[from - 1] ?? {};
    size += calls.reduce((sum, call) => sum + call.arguments.length, text.length);
    if (size > textMax) break;
  }
  return messages.slice(from);
}

function parametersOf({ sampling, outputTokens }: ChatRequest): Readonly<Record<string, number>> {
  const named = {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    seed: sampling.seed,
    max_tokens: outputTokens,
  };
  return Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

import type { ChatMessage, ChatPart, ToolCall } from '#core/request/chat-request.ts';
import { textOfParts } from '#core/request/chat-request.ts';
import { isObject } from '#surfaces/read-json-body.ts';

import { imageIn } from './chat-image.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What is gathered on the way through the messages. */
interface Seen {
  /** Places that the form has no room for. */
  readonly uncarried: Set<string>;
  /** Names of the tools that were called, by the id of the call. */
  readonly callNames: Map<string, string>;
}

/** Content parts that say the same in a field of their own. */
const textTypes: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text', undefined]);
/** Fields beside role and content that are read, by role. */
const known: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['assistant', ['tool_calls', 'function_call', 'reasoning_content', 'reasoning', 'refusal']],
  ['tool', ['tool_call_id', 'name']],
  ['function', ['name']],
]);

/** The messages of a chat request that was accepted, in the internal form. Every message stays, even an empty one. */
export function chatMessages(messages: unknown, uncarried: Set<string>): readonly ChatMessage[] {
  const seen: Seen = { uncarried, callNames: new Map() };
  return Array.isArray(messages) ? messages.filter(isObject).map((message) => readMessage(message, seen)) : [];
}

function readMessage(message: Fields, seen: Seen): ChatMessage {
  const role = message['role'];
  for (const [field, value] of Object.entries(message)) {
    if (field === 'role' || field === 'content' || value === null || value === '') continue;
    if (known.get(role)?.includes(field) !== true) seen.uncarried.add(`messages[].${field.slice(0, 40)}`);
  }
  const parts = readParts(message['content'], seen);
  switch (role) {
    case 'system':
    case 'developer':
      if (parts.some((part) => part.type === 'image')) seen.uncarried.add('messages[].content[].image of a system message');
      return { role: 'system', text: textOfParts(parts) };
    case 'assistant':
      return readAssistant(message, parts, seen);
    case 'tool':
    case 'function': {
      const callId = textAt(message, 'tool_call_id') || textAt(message, 'name');
      return { role: 'tool', callId, name: textAt(message, 'name') || (seen.callNames.get(callId) ?? ''), parts };
    }
    default:
      if (role !== 'user') seen.uncarried.add(`messages[].role ${String(role).slice(0, 40)}`);
      return { role: 'user', parts };
  }
}

function readAssistant(message: Fields, parts: readonly ChatPart[], seen: Seen): ChatMessage {
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'].filter(isObject).map(readCall) : [];
  const legacy = message['function_call'];
  if (isObject(legacy) && calls.length === 0) {
    const name = textAt(legacy, 'name');
    calls.push({ id: name, name, arguments: textAt(legacy, 'arguments') });
  }
  for (const call of calls) if (call.id !== '') seen.callNames.set(call.id, call.name);
  if (parts.some((part) => part.type === 'image')) seen.uncarried.add('messages[].content[].image of an answer');
  return {
    role: 'assistant',
    text: textOfParts(parts) || textAt(message, 'refusal'),
    reasoning: textAt(message, 'reasoning_content') || textAt(message, 'reasoning'),
    calls,
  };
}

function readCall(call: Fields): ToolCall {
  const id = textAt(call, 'id');
  const said = call['function'];
  if (isObject(said)) {
    // Some clients send the arguments back as the object they parsed.
    const given = said['arguments'];
    return { id, name: textAt(said, 'name'), arguments: isObject(given) ? JSON.stringify(given) : textAt(said, 'arguments') };
  }
  const custom = call['custom'];
  if (isObject(custom)) return { id, name: textAt(custom, 'name'), arguments: JSON.stringify({ input: textAt(custom, 'input') }) };
  return { id, name: textAt(call, 'name'), arguments: textAt(call, 'arguments') };
}

function readParts(content: unknown, seen: Seen): readonly ChatPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part) => {
    if (typeof part === 'string') return part === '' ? [] : [{ type: 'text' as const, text: part }];
    return isObject(part) ? readPart(part, seen) : [];
  });
}

/** A part may hold text and an image at once; of whatever else it holds the first field is named. */
function readPart(part: Fields, seen: Seen): readonly ChatPart[] {
  const found: ChatPart[] = [];
  const text = textAt(part, 'text');
  if (text !== '' && textTypes.has(part['type'])) found.push({ type: 'text', text });
  for (const [field, value] of Object.entries(part)) {
    const image = imageIn(field, value);
    if (image !== null) found.push(image);
  }
  if (found.length > 0 || (textTypes.has(part['type']) && text === '' && Object.keys(part).length <= 2)) return found;
  const refusal = textAt(part, 'refusal');
  if (refusal !== '') return [{ type: 'text', text: refusal }];
  seen.uncarried.add(`messages[].content[].${textAt(part, 'type').slice(0, 40) || 'part without a type'}`);
  return [];
}

function textAt(fields: Fields, field: string): string {
  const value = fields[field];
  return typeof value === 'string' ? value : '';
}

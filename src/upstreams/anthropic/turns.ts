import type { Json } from '#core/policy/policy.ts';
import type { ChatMessage, ChatPart } from '#core/request/chat-request.ts';
import { parseArguments } from '#upstreams/parse-arguments.ts';

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Json[];
}

/** All the operator's words, which stand apart from the messages in this API. */
export function systemText(messages: readonly ChatMessage[], changes: string[]): string {
  const first = messages.findIndex((message) => message.role !== 'system');
  if (first >= 0 && messages.slice(first).some((message) => message.role === 'system'))
    changes.push('system messages in the middle moved to the front');
  return messages.flatMap((message) => (message.role === 'system' && message.text.trim() !== '' ? [message.text] : [])).join('\n\n');
}

/**
 * The conversation as turns of user and assistant. Messages of one side that follow each other are one turn: the results of parallel
 * calls have to stand together, in front of what the user says next. Texts without a character are refused, so they are left out.
 */
export function turnsOf(messages: readonly ChatMessage[], changes: string[]): Json {
  const turns: { role: Turn['role']; content: Json[] }[] = [];
  const last = messages.findLastIndex((message) => message.role !== 'system');
  for (const [index, message] of messages.entries()) {
    const turn = turnOf(message, index === last, changes);
    if (turn === null || turn.content.length === 0) continue;
    const before = turns.at(-1);
    if (before?.role === turn.role) before.content.push(...turn.content);
    else turns.push({ role: turn.role, content: [...turn.content] });
  }
  return turns;
}

function turnOf(message: ChatMessage, isLast: boolean, changes: string[]): Turn | null {
  switch (message.role) {
    case 'system':
      return null;
    case 'user':
      return { role: 'user', content: blocksOf(message.parts) };
    case 'tool':
      return { role: 'user', content: [{ type: 'tool_result', tool_use_id: callId(message.callId), content: blocksOf(message.parts) }] };
    case 'assistant': {
      if (message.reasoning !== '' && !changes.includes(unsigned)) changes.push(unsigned);
      // An answer that is to be continued may not end in white space.
      const text = isLast ? message.text.trimEnd() : message.text;
      const calls = message.calls.map((call): Json => {
        return { type: 'tool_use', id: callId(call.id), name: call.name, input: parseArguments(call.arguments, changes) };
      });
      return { role: 'assistant', content: [...(text.trim() === '' ? [] : [{ type: 'text', text }]), ...calls] };
    }
  }
}

const unsigned = 'reasoning of earlier answers not carried: it has no signature';

function blocksOf(parts: readonly ChatPart[]): readonly Json[] {
  return parts.flatMap((part): readonly Json[] => {
    if (part.type === 'image') return [{ type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.base64 } }];
    return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text }];
  });
}

/** Ids hold letters, digits, `_` and `-` here; those of other servers' calls may hold more. */
function callId(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_-]/g, '_') || 'call';
}

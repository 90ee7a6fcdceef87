import type { Json } from '#core/policy/policy.ts';
import { textOfParts } from '#core/request/chat-request.ts';
import type { ChatMessage, ChatPart } from '#core/request/chat-request.ts';
import { parseArguments } from '#upstreams/parse-arguments.ts';

/** The messages as `/api/chat` takes them: one text each, images beside it, arguments of calls as objects. */
export function ollamaMessages(messages: readonly ChatMessage[], changes: string[]): readonly Json[] {
  return messages.map((message): Json => {
    switch (message.role) {
      case 'system':
        return { role: 'system', content: message.text };
      case 'user':
        return { role: 'user', ...contentOf(message.parts) };
      case 'assistant':
        return {
          role: 'assistant',
          content: message.text,
          ...(message.reasoning === '' ? {} : { thinking: message.reasoning }),
          ...(message.calls.length === 0 ? {} : { tool_calls: message.calls.map((call) => callOf(call, changes)) }),
        };
      case 'tool':
        return {
          role: 'tool',
          ...contentOf(message.parts),
          ...(message.name === '' ? {} : { tool_name: message.name }),
          ...(message.callId === '' ? {} : { tool_call_id: message.callId }),
        };
    }
  });
}

function callOf(call: { readonly id: string; readonly name: string; readonly arguments: string }, changes: string[]): Json {
  return {
    ...(call.id === '' ? {} : { id: call.id }),
    function: { name: call.name, arguments: parseArguments(call.arguments, changes) },
  };
}

function contentOf(parts: readonly ChatPart[]): { readonly content: string; readonly images?: readonly string[] } {
  const images = parts.flatMap((part) => (part.type === 'image' ? [part.base64] : []));
  return { content: textOfParts(parts), ...(images.length === 0 ? {} : { images }) };
}

import { Buffer } from 'node:buffer';

import type { ReplyEvent } from '#core/reply/event.ts';
import { isObject, parseObject } from '#surfaces/read-json-body.ts';

import { boundedCopy } from './merge-delta.ts';
import { terminatorEvent } from './write-reply.ts';

/**
 * Spells one whole `chat.completion` as a complete stream: for each choice its message as one delta, then its finish; then the usage, if
 * the body has it, in a chunk without choices; then the terminator. Empty if the body is no completion, which no caller takes for whole.
 */
export function disassembleChatReply(event: ReplyEvent): Uint8Array {
  const raw = Buffer.from(event.raw.buffer, event.raw.byteOffset, event.raw.byteLength);
  const body = parseObject(raw.toString('utf8'));
  if (body === null || !Array.isArray(body['choices'])) return Buffer.alloc(0);
  const { choices, usage, object: _whole, ...head } = body;
  const chunk = (chunkChoices: readonly object[], more: object = {}): string =>
    `data: ${JSON.stringify(boundedCopy({ ...head, object: 'chat.completion.chunk', choices: chunkChoices, ...more }))}\n\n`;
  let text = '';
  for (const choice of choices.filter(isObject)) {
    const { index, message, finish_reason: finish, ...rest } = choice;
    text += chunk([{ index: index ?? 0, delta: wholeDelta(message), ...rest, finish_reason: null }]);
    text += chunk([{ index: index ?? 0, delta: {}, logprobs: null, finish_reason: finish ?? null }]);
  }
  if (isObject(usage)) text += chunk([], { usage });
  return Buffer.from(text + terminatorEvent);
}

/** A message as one delta: the same, except that the calls of a delta carry their index. */
function wholeDelta(message: unknown): object {
  if (!isObject(message)) return {};
  const calls = message['tool_calls'];
  if (!Array.isArray(calls)) return message;
  return { ...message, tool_calls: calls.filter(isObject).map((call, index) => ({ index, ...call })) };
}

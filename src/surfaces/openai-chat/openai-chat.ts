import { openaiChat } from '#dialects/openai-chat.ts';
import type { Surface } from '#surfaces/kind.ts';
import { openaiErrorBody } from '#surfaces/openai-error-body.ts';

import { assembleChatReply } from './assemble.ts';
import { disassembleChatReply } from './disassemble.ts';
import { readChatRequest } from './read-request.ts';
import { chatTranslator } from './translate-reply.ts';
import { chatErrorEvent, keepAliveEvent, syntheticChatReply, terminatorEvent } from './write-reply.ts';

/** `POST /v1/chat/completions` of the OpenAI API. */
export const openaiChatSurface: Surface = {
  name: 'openai-chat',
  service: 'chat',
  path: '/v1/chat/completions',
  dialect: openaiChat,
  wholeType: 'application/json',
  streamType: 'text/event-stream; charset=utf-8',
  // Several images of a phone in base64.
  maxBodyBytes: 20_000_000,
  read: readChatRequest,
  errorBody: openaiErrorBody,
  errorEvent: chatErrorEvent,
  keepAlive: keepAliveEvent,
  terminator: terminatorEvent,
  assemble: assembleChatReply,
  disassemble: disassembleChatReply,
  translator: chatTranslator,
  syntheticReply: syntheticChatReply,
};

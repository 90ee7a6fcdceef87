import type { ReplyEvent } from '#core/reply/event.ts';
import { openaiEmbeddings } from '#dialects/openai-embeddings.ts';
import type { Surface } from '#surfaces/kind.ts';
import { openaiErrorBody } from '#surfaces/openai-error-body.ts';

import { vectorsAsAsked } from './as-asked.ts';
import { readEmbeddingsRequest } from './read-request.ts';
import { embeddingsTranslator } from './translate-reply.ts';

/** `POST /v1/embeddings` of the OpenAI API. A reply is always one whole body. */
export const openaiEmbeddingsSurface: Surface = {
  name: 'openai-embeddings',
  service: 'embeddings',
  path: '/v1/embeddings',
  dialect: openaiEmbeddings,
  wholeType: 'application/json',
  streamType: 'application/json',
  wholeOnly: true,
  // Some two thousand chunks of a few thousand tokens.
  maxBodyBytes: 20_000_000,
  read: readEmbeddingsRequest,
  errorBody: openaiErrorBody,
  errorEvent: openaiErrorBody,
  keepAlive: '',
  terminator: '',
  assemble: firstBody,
  disassemble: (event) => event.raw,
  translator: embeddingsTranslator,
  asAsked: (body, asked) => vectorsAsAsked(body, asked.body['encoding_format']),
  syntheticReply: () => null,
};

function firstBody(events: readonly ReplyEvent[]): Uint8Array {
  return events[0]?.raw ?? new Uint8Array(0);
}

import type { Delta, Dialect } from '#core/reply/event.ts';

import { ndjsonReader } from './ndjson.ts';
import { addModel, dataOf, errorOf, malformed, readBody, tokensOf } from './payload.ts';
import type { JsonObject, Payload } from './payload.ts';
import { vectorOf, vectorsMax } from './vectors.ts';

/** Ollama's `/api/embed` (API reference, "Generate embeddings"): one whole body, a vector for each input in their order. */
export const ollamaEmbed: Dialect = {
  name: 'ollama-embed',
  // No reply is ever a stream, and what calls itself one is no answer.
  streamType: 'application/x-ndjson',
  readStream(maxEventBytes) {
    return ndjsonReader(maxEventBytes, () => malformed);
  },
  readWhole(body) {
    return readBody(body, readEmbeddings);
  },
};

function readEmbeddings(body: JsonObject): Payload {
  const error = errorOf(body['error']);
  if (error !== null) return dataOf([error]);
  const { embeddings } = body;
  if (!Array.isArray(embeddings) || embeddings.length > vectorsMax) return malformed;
  const deltas: Delta[] = [];
  addModel(deltas, body['model'], { model: null });
  let length: number | null = null;
  for (const [choice, embedding] of embeddings.entries()) {
    const vector = vectorOf(embedding);
    // All vectors of one model are equally long.
    if (vector === null || (length !== null && vector.length !== length)) return malformed;
    length = vector.length;
    deltas.push({ type: 'vector', choice, ...vector }, { type: 'finish', choice, reason: 'stop' });
  }
  if (embeddings.length === 0) deltas.push({ type: 'finish', choice: 0, reason: 'stop' });
  const input = tokensOf(body['prompt_eval_count']);
  if (input !== null) deltas.push({ type: 'usage', input, output: null, cachedInput: null, reasoning: null });
  deltas.push({ type: 'end' });
  return dataOf(deltas);
}

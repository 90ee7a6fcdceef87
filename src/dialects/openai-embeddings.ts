import type { Delta, Dialect } from '#core/reply/event.ts';

import { addModel, dataOf, errorFrom, errorOf, isObject, malformed, readBody, tokensOf } from './payload.ts';
import type { JsonObject, Payload } from './payload.ts';
import { sseReader } from './sse.ts';
import { vectorOf, vectorsMax } from './vectors.ts';

/**
 * OpenAI embeddings (API reference, "Create embeddings"), as OpenAI and the servers that copy it send them: always one whole body. Each
 * vector is an answer of its own, so that a missing one shows as a choice that is not there.
 */
export const openaiEmbeddings: Dialect = {
  name: 'openai-embeddings',
  // No reply is ever a stream, and what calls itself one is no answer.
  streamType: 'text/event-stream',
  readStream(maxEventBytes) {
    return sseReader(maxEventBytes, () => malformed);
  },
  readWhole(body) {
    return readBody(body, readList);
  },
};

function readList(body: JsonObject): Payload {
  const { data, usage } = body;
  const error = errorOf(body['error']) ?? (body['object'] === 'error' ? errorFrom(body) : null);
  if (error !== null) return dataOf([error]);
  if (!Array.isArray(data) || data.length > vectorsMax) return malformed;
  const deltas: Delta[] = [];
  addModel(deltas, body['model'], { model: null });
  const seen = new Set<number>();
  let length: number | null = null;
  for (const [position, entry] of data.entries()) {
    if (!isObject(entry)) return malformed;
    const choice = entry['index'] ?? position;
    const vector = vectorOf(entry['embedding']);
    if (vector === null || typeof choice !== 'number' || !Number.isInteger(choice) || choice < 0 || choice >= data.length) return malformed;
    // All vectors of one model are equally long, and each input has one.
    if (seen.has(choice) || (length !== null && vector.length !== length)) return malformed;
    length = vector.length;
    seen.add(choice);
    deltas.push({ type: 'vector', choice, ...vector }, { type: 'finish', choice, reason: 'stop' });
  }
  if (data.length === 0) deltas.push({ type: 'finish', choice: 0, reason: 'stop' });
  if (isObject(usage))
    deltas.push({ type: 'usage', input: tokensOf(usage['prompt_tokens']), output: null, cachedInput: null, reasoning: null });
  deltas.push({ type: 'end' });
  return dataOf(deltas);
}

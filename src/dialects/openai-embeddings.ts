import type { Delta, Dialect } from '#core/reply/event.ts';

import { addModel, dataOf, errorFrom, errorOf, isObject, malformed, readBody, tokensOf } from './payload.ts';
import type { JsonObject, Payload } from './payload.ts';
import { sseReader } from './sse.ts';

/** More vectors than any request may ask for; a longer list is no answer to one. */
const vectorsMax = 2048;
/** Stands for a vector, whose numbers mean nothing to judge or record. */
const someVector = '[…]';

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
    const numbers = vectorLength(entry['embedding']);
    if (numbers === null || typeof choice !== 'number' || !Number.isInteger(choice) || choice < 0 || choice >= data.length)
      return malformed;
    // All vectors of one model are equally long, and each input has one.
    if (seen.has(choice) || (length !== null && numbers !== length)) return malformed;
    length = numbers;
    seen.add(choice);
    deltas.push({ type: 'content', choice, text: someVector }, { type: 'finish', choice, reason: 'stop' });
  }
  if (data.length === 0) deltas.push({ type: 'finish', choice: 0, reason: 'stop' });
  if (isObject(usage))
    deltas.push({ type: 'usage', input: tokensOf(usage['prompt_tokens']), output: null, cachedInput: null, reasoning: null });
  deltas.push({ type: 'end' });
  return dataOf(deltas);
}

/** How many numbers a vector has, as list or as base64 of little-endian floats of four bytes; null if it is none. */
function vectorLength(vector: unknown): number | null {
  if (typeof vector === 'string') {
    if (vector.length === 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(vector)) return null;
    const bytes = Math.floor((vector.replace(/=+$/, '').length * 3) / 4);
    return bytes > 0 && bytes % 4 === 0 ? bytes / 4 : null;
  }
  if (!Array.isArray(vector) || vector.length === 0) return null;
  return vector.every((number) => typeof number === 'number') ? vector.length : null;
}

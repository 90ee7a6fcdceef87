import type { Delta, Dialect, FinishReason } from '#core/reply/event.ts';

import { ndjsonReader } from './ndjson.ts';
import {
  addModel,
  argumentsOf,
  arrayOf,
  dataOf,
  errorFrom,
  errorOf,
  isObject,
  malformed,
  parseObject,
  readBody,
  textOf,
  tokensOf,
} from './payload.ts';
import type { JsonObject, ModelSeen, Payload } from './payload.ts';

interface OllamaSeen extends ModelSeen {
  calls: number;
}

/** Ollama's `/api/chat` (API reference, "Generate a chat completion" and "Errors"): one JSON object a line, the last with `done: true`. */
export const ollamaChat: Dialect = {
  name: 'ollama-chat',
  streamType: 'application/x-ndjson',
  readStream(maxEventBytes) {
    const seen: OllamaSeen = { model: null, calls: 0 };
    return ndjsonReader(maxEventBytes, (line) => {
      const object = parseObject(line);
      return object === null ? malformed : readObject(object, seen);
    });
  },
  readWhole(body) {
    return readBody(body, (object) => readObject(object, { model: null, calls: 0 }));
  },
};

function readObject(object: JsonObject, seen: OllamaSeen): Payload {
  // The error is a bare text here; a proxied remote model adds its status beside it.
  const error = errorOf(object['error']);
  if (error !== null) {
    const { status } = errorFrom({ status: object['status'], status_code: object['status_code'] });
    return dataOf([{ ...error, status: error.status ?? status }]);
  }
  const { message, done } = object;
  if (!isObject(message) && done !== true) return malformed;
  const deltas: Delta[] = [];
  addModel(deltas, object['model'], seen);
  if (isObject(message)) addMessage(deltas, message, seen);
  if (done === true) {
    deltas.push({ type: 'finish', choice: 0, reason: finishOf(object['done_reason']) });
    addUsage(deltas, object);
    deltas.push({ type: 'end' });
  }
  return dataOf(deltas);
}

function addMessage(deltas: Delta[], message: JsonObject, seen: OllamaSeen): void {
  const thinking = textOf(message['thinking']);
  if (thinking !== null) deltas.push({ type: 'reasoning', choice: 0, text: thinking });
  const content = textOf(message['content']);
  if (content !== null) deltas.push({ type: 'content', choice: 0, text: content });
  for (const call of arrayOf(message['tool_calls'])) {
    if (!isObject(call) || !isObject(call['function'])) continue;
    const { name, arguments: given } = call['function'];
    // Each call comes whole, and some versions number all of them 0: counting them is the only index that holds.
    const index = Math.min(seen.calls, 1023);
    seen.calls += 1;
    deltas.push({ type: 'tool', choice: 0, index, id: textOf(call['id']), name: textOf(name), arguments: argumentsOf(given) });
  }
}

function addUsage(deltas: Delta[], object: JsonObject): void {
  const input = tokensOf(object['prompt_eval_count']);
  const output = tokensOf(object['eval_count']);
  if (input !== null || output !== null) deltas.push({ type: 'usage', input, output, cachedInput: null, reasoning: null });
}

/** Older versions say only `done`; that is a stop. `load` and `unload` answered nothing. */
function finishOf(reason: unknown): FinishReason {
  if (reason === undefined || reason === null || reason === '' || reason === 'stop') return 'stop';
  return reason === 'length' ? 'length' : 'other';
}

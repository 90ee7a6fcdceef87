import type { Delta, Dialect, FinishReason } from '#core/reply/event.ts';

import {
  addModel,
  argumentsOf,
  arrayOf,
  dataOf,
  errorFrom,
  errorOf,
  indexOf,
  isObject,
  malformed,
  noise,
  parseObject,
  readBody,
  textOf,
  tokensOf,
} from './payload.ts';
import type { JsonObject, ModelSeen, Payload } from './payload.ts';
import { sseReader } from './sse.ts';

/** A `tool_use` block that is open. */
interface ToolBlock {
  readonly index: number;
  /** Arguments given whole at the block's start; used at its end if no piece has come. */
  input: string;
}

interface MessageSeen extends ModelSeen {
  readonly tools: Map<number, ToolBlock>;
  calls: number;
  /** Counts come in two events; each `usage` delta repeats what is known so far. */
  readonly counts: Map<string, number>;
}

const done: Payload = dataOf([{ type: 'end' }]);
const silent: Payload = dataOf([]);
const blocksMax = 1024;

/** Anthropic's Messages API (platform documentation, "Streaming messages" and "Errors"). */
export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  streamType: 'text/event-stream',
  readStream(maxEventBytes) {
    const seen = newSeen();
    return sseReader(maxEventBytes, (data, name) => readEvent(data, name, seen));
  },
  readWhole(body) {
    return readBody(body, readMessage);
  },
};

function newSeen(): MessageSeen {
  return { model: null, tools: new Map(), calls: 0, counts: new Map() };
}

function readEvent(data: string, name: string, seen: MessageSeen): Payload {
  const event = parseObject(data);
  // Compatible servers close with OpenAI's marker; it must not stand in for a missing `message_stop`.
  if (event === null) return data.trim() === '[DONE]' ? noise : malformed;
  const type = textOf(event['type']) ?? name;
  switch (type) {
    case 'message_start':
      return isObject(event['message']) ? readStart(event['message'], seen) : malformed;
    case 'content_block_start':
      return isObject(event['content_block']) ? readBlockStart(event['index'], event['content_block'], seen) : malformed;
    case 'content_block_delta':
      return isObject(event['delta']) ? readBlockDelta(event['index'], event['delta'], seen) : malformed;
    case 'content_block_stop':
      return readBlockStop(event['index'], seen);
    case 'message_delta':
      return isObject(event['delta']) ? readMessageDelta(event['delta'], event['usage'], seen) : malformed;
    case 'message_stop':
      return done;
    case 'error':
      return dataOf([errorIn(event)]);
    case '':
      return errorOf(event['error']) === null ? malformed : dataOf([errorIn(event)]);
    default:
      // `ping`, and types added later, which the API asks readers to pass over.
      return noise;
  }
}

function readStart(message: JsonObject, seen: MessageSeen): Payload {
  const deltas: Delta[] = [];
  addModel(deltas, message['model'], seen);
  addUsage(deltas, message['usage'], seen);
  return dataOf(deltas);
}

function readBlockStart(at: unknown, block: JsonObject, seen: MessageSeen): Payload {
  if (block['type'] !== 'tool_use') {
    const text = spokenOf(block);
    return text === null ? silent : dataOf([text]);
  }
  const index = indexOf(at) ?? seen.tools.size;
  const tool: ToolBlock = { index: Math.min(seen.calls, blocksMax - 1), input: wholeInputOf(block['input']) };
  seen.calls += 1;
  if (seen.tools.size < blocksMax) seen.tools.set(index, tool);
  return dataOf([{ type: 'tool', choice: 0, index: tool.index, id: textOf(block['id']), name: textOf(block['name']), arguments: '' }]);
}

function readBlockDelta(at: unknown, delta: JsonObject, seen: MessageSeen): Payload {
  if (delta['type'] !== 'input_json_delta') {
    const text = spokenOf(delta);
    return text === null ? silent : dataOf([text]);
  }
  const json = textOf(delta['partial_json']);
  const tool = seen.tools.get(indexOf(at) ?? -1);
  // Input of a block that is no client tool belongs to a tool the server runs itself.
  if (json === null || tool === undefined) return silent;
  tool.input = '';
  return dataOf([{ type: 'tool', choice: 0, index: tool.index, id: null, name: null, arguments: json }]);
}

function readBlockStop(at: unknown, seen: MessageSeen): Payload {
  const index = indexOf(at) ?? -1;
  const tool = seen.tools.get(index);
  seen.tools.delete(index);
  if (tool === undefined || tool.input === '') return silent;
  return dataOf([{ type: 'tool', choice: 0, index: tool.index, id: null, name: null, arguments: tool.input }]);
}

function readMessageDelta(delta: JsonObject, usage: unknown, seen: MessageSeen): Payload {
  const deltas: Delta[] = [];
  const reason = textOf(delta['stop_reason']);
  if (reason !== null) deltas.push({ type: 'finish', choice: 0, reason: finishOf(reason) });
  addUsage(deltas, usage, seen);
  return dataOf(deltas);
}

function readMessage(body: JsonObject): Payload {
  if (body['type'] === 'error' || errorOf(body['error']) !== null) return dataOf([errorIn(body)]);
  if (!Array.isArray(body['content'])) return malformed;
  const seen = newSeen();
  const deltas: Delta[] = [];
  addModel(deltas, body['model'], seen);
  for (const block of arrayOf(body['content'])) {
    if (!isObject(block)) continue;
    if (block['type'] === 'tool_use') {
      const index = Math.min(seen.calls, blocksMax - 1);
      seen.calls += 1;
      deltas.push({
        type: 'tool',
        choice: 0,
        index,
        id: textOf(block['id']),
        name: textOf(block['name']),
        arguments: argumentsOf(block['input']),
      });
    } else {
      const text = spokenOf(block);
      if (text !== null) deltas.push(text);
    }
  }
  const reason = textOf(body['stop_reason']);
  if (reason !== null) deltas.push({ type: 'finish', choice: 0, reason: finishOf(reason) });
  addUsage(deltas, body['usage'], seen);
  deltas.push({ type: 'end' });
  return dataOf(deltas);
}

/** The text of a block or of a piece of one; null for signatures, citations, hidden thinking and results of the server's own tools. */
function spokenOf(part: JsonObject): Delta | null {
  const type = part['type'];
  if (type === 'text' || type === 'text_delta') {
    const text = textOf(part['text']);
    return text === null ? null : { type: 'content', choice: 0, text };
  }
  if (type !== 'thinking' && type !== 'thinking_delta') return null;
  const text = textOf(part['thinking']);
  return text === null ? null : { type: 'reasoning', choice: 0, text };
}

function wholeInputOf(input: unknown): string {
  const text = argumentsOf(input);
  return text === '{}' ? '' : text;
}

function addUsage(deltas: Delta[], usage: unknown, seen: MessageSeen): void {
  if (!isObject(usage)) return;
  const { counts } = seen;
  for (const field of ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens']) {
    const count = tokensOf(usage[field]);
    if (count !== null) counts.set(field, count);
  }
  const plain = counts.get('input_tokens');
  const read = counts.get('cache_read_input_tokens');
  // This API counts cached tokens beside the input, the others within it; in a delta they are always within.
  const input = plain === undefined ? null : plain + (read ?? 0) + (counts.get('cache_creation_input_tokens') ?? 0);
  deltas.push({ type: 'usage', input, output: counts.get('output_tokens') ?? null, cachedInput: read ?? null, reasoning: null });
}

function finishOf(reason: string): FinishReason {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      return 'content_filter';
    default:
      return 'other';
  }
}

function errorIn(payload: JsonObject): Delta {
  const error = payload['error'];
  const read = errorOf(error) ?? errorFrom(payload);
  return { ...read, status: read.status ?? (isObject(error) ? statusOf(error['type']) : null) };
}

/** The status each error type has outside a stream. */
function statusOf(type: unknown): number | null {
  switch (type) {
    case 'invalid_request_error':
      return 400;
    case 'authentication_error':
      return 401;
    case 'billing_error':
      return 402;
    case 'permission_error':
      return 403;
    case 'not_found_error':
      return 404;
    case 'request_too_large':
      return 413;
    case 'rate_limit_error':
      return 429;
    case 'api_error':
      return 500;
    case 'timeout_error':
      return 504;
    case 'overloaded_error':
      return 529;
    default:
      return null;
  }
}

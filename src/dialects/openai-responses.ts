import type { Delta, Dialect } from '#core/reply/event.ts';

import {
  addModel,
  argumentsOf,
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
} from './payload.ts';
import type { JsonObject, Payload } from './payload.ts';
import { addResponse, addReasoning, isCall, openCall } from './openai-response-body.ts';
import type { ResponseSeen } from './openai-response-body.ts';
import { sseReader } from './sse.ts';

const silent: Payload = dataOf([]);

/** OpenAI's Responses API (platform reference, "Streaming events"). */
export const openaiResponses: Dialect = {
  name: 'openai-responses',
  streamType: 'text/event-stream',
  readStream(maxEventBytes) {
    const seen = newSeen();
    return sseReader(maxEventBytes, (data, name) => readEvent(data, name, seen));
  },
  readWhole(body) {
    return readBody(body, readResponse);
  },
};

function newSeen(): ResponseSeen {
  return { model: null, calls: new Map(), spoken: new Set(), answered: false };
}

function readEvent(data: string, name: string, seen: ResponseSeen): Payload {
  const event = parseObject(data);
  // Compatible servers close with chat's marker; it must not stand in for a missing `response.completed`.
  if (event === null) return data.trim() === '[DONE]' ? noise : malformed;
  const type = textOf(event['type']) ?? name;
  const deltas: Delta[] = [];
  switch (type) {
    case 'response.created':
    case 'response.queued':
    case 'response.in_progress':
      if (isObject(event['response'])) addModel(deltas, event['response']['model'], seen);
      return dataOf(deltas);
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
    case 'response.cancelled':
      if (!isObject(event['response'])) return malformed;
      addResponse(deltas, { ...event['response'], status: type.slice('response.'.length) }, seen);
      return dataOf(deltas);
    case 'error':
      return dataOf([errorOf(event['error']) ?? errorFrom(event)]);
    default:
      return readPiece(type, event, seen);
  }
}

function readPiece(type: string, event: JsonObject, seen: ResponseSeen): Payload {
  switch (type) {
    case 'response.output_text.delta':
      return readSpoken('content', event['delta'], event, seen);
    case 'response.output_text.done':
      return readSpokenWhole('content', event['text'], event, seen);
    case 'response.refusal.delta':
      return readSpoken('refusal', event['delta'], event, seen);
    case 'response.refusal.done':
      return readSpokenWhole('refusal', event['refusal'], event, seen);
    case 'response.reasoning_text.delta':
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning.delta':
    case 'response.reasoning_summary.delta':
      return readReasoning(event['delta'], seen);
    case 'response.output_item.added':
    case 'response.output_item.done':
      return readItem(event, seen);
    case 'response.function_call_arguments.delta':
    case 'response.custom_tool_call_input.delta':
      return readArguments(event, textOf(event['delta']), false, seen);
    case 'response.function_call_arguments.done':
      return readArguments(event, textOf(event['arguments']), true, seen);
    case 'response.custom_tool_call_input.done':
      return readArguments(event, textOf(event['input']), true, seen);
    case '':
      return errorOf(event['error']) === null ? malformed : dataOf([errorFrom(isObject(event['error']) ? event['error'] : event)]);
    default:
      return type.startsWith('response.') ? silent : noise;
  }
}

function readSpoken(type: 'content' | 'refusal', value: unknown, event: JsonObject, seen: ResponseSeen): Payload {
  const text = textOf(value);
  if (text === null) return silent;
  seen.answered = true;
  seen.spoken.add(partOf(event));
  return dataOf([{ type, choice: 0, text }]);
}

/** The closing event repeats the text; some servers send nothing else. */
function readSpokenWhole(type: 'content' | 'refusal', value: unknown, event: JsonObject, seen: ResponseSeen): Payload {
  return seen.spoken.has(partOf(event)) ? silent : readSpoken(type, value, event, seen);
}

function partOf(event: JsonObject): string {
  return `${indexOf(event['output_index']) ?? 0}:${indexOf(event['content_index']) ?? 0}`;
}

function readReasoning(value: unknown, seen: ResponseSeen): Payload {
  const deltas: Delta[] = [];
  addReasoning(deltas, value, seen);
  return dataOf(deltas);
}

function readItem(event: JsonObject, seen: ResponseSeen): Payload {
  const item = event['item'];
  if (!isObject(item)) return malformed;
  if (!isCall(item)) return silent;
  const at = indexOf(event['output_index']) ?? seen.calls.size;
  const deltas: Delta[] = [];
  const known = seen.calls.get(at);
  if (known === undefined) openCall(deltas, item, at, seen);
  else if (!known.argued) {
    const text = argumentsOf(item['arguments'] ?? item['input']);
    if (text !== '') {
      known.argued = true;
      deltas.push({ type: 'tool', choice: 0, index: known.index, id: null, name: null, arguments: text });
    }
  }
  return dataOf(deltas);
}

function readArguments(event: JsonObject, text: string | null, whole: boolean, seen: ResponseSeen): Payload {
  const call = seen.calls.get(indexOf(event['output_index']) ?? seen.calls.size - 1);
  if (text === null || (call !== undefined && whole && call.argued)) return silent;
  if (call !== undefined) {
    call.argued = true;
    return dataOf([{ type: 'tool', choice: 0, index: call.index, id: null, name: null, arguments: text }]);
  }
  // Arguments of a call nobody announced: it is one all the same.
  const deltas: Delta[] = [];
  openCall(deltas, { name: event['name'], call_id: event['call_id'], arguments: text }, indexOf(event['output_index']) ?? 0, seen);
  return dataOf(deltas);
}

function readResponse(body: JsonObject): Payload {
  if (body['object'] !== 'response' && !Array.isArray(body['output'])) {
    const error = errorOf(body['error']);
    return error === null ? malformed : dataOf([error]);
  }
  const deltas: Delta[] = [];
  addResponse(deltas, body, newSeen());
  return dataOf(deltas);
}

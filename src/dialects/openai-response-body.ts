import type { Delta, FinishReason } from '#core/reply/event.ts';

import { addModel, argumentsOf, arrayOf, errorOf, isObject, textOf, tokensOf } from './payload.ts';
import type { JsonObject, ModelSeen } from './payload.ts';

/** What a reader of Responses events has seen so far. */
export interface ResponseSeen extends ModelSeen {
  /** The tool calls by their place in the output. `argued`: some of its arguments have come. */
  readonly calls: Map<number, { readonly index: number; argued: boolean }>;
  /** The text and refusal parts that came in pieces. */
  readonly spoken: Set<string>;
  /** Any text, refusal, reasoning or call has come. */
  answered: boolean;
}

const callsMax = 1024;

/** A call the client has to run; calls of the server's own tools (search, code, MCP) are other types. */
export function isCall(item: JsonObject): boolean {
  return item['type'] === 'function_call' || item['type'] === 'custom_tool_call';
}

/** Adds the first piece of a call that stands at `place` in the output. */
export function openCall(deltas: Delta[], item: JsonObject, place: number, seen: ResponseSeen): void {
  const text = argumentsOf(item['arguments'] ?? item['input']);
  const index = Math.min(seen.calls.size, callsMax - 1);
  if (seen.calls.size < callsMax) seen.calls.set(place, { index, argued: text !== '' });
  seen.answered = true;
  deltas.push({
    type: 'tool',
    choice: 0,
    index,
    id: textOf(item['call_id']) ?? textOf(item['id']),
    name: textOf(item['name']),
    arguments: text,
  });
}

export function addReasoning(deltas: Delta[], value: unknown, seen: ResponseSeen): void {
  // An older spelling wraps the piece in an object.
  const text = textOf(isObject(value) ? value['text'] : value);
  if (text === null) return;
  seen.answered = true;
  deltas.push({ type: 'reasoning', choice: 0, text });
}

/** Reads a response object: what of its output no event has told yet, its usage, and by its status how it ended. */
export function addResponse(deltas: Delta[], response: JsonObject, seen: ResponseSeen): void {
  addModel(deltas, response['model'], seen);
  if (!seen.answered) addOutput(deltas, arrayOf(response['output']), seen);
  addUsage(deltas, response['usage']);
  const { status } = response;
  // A background response that has not ended says nothing more.
  if (status === 'queued' || status === 'in_progress') return;
  const error = errorOf(response['error']);
  if (error !== null || status === 'failed') {
    deltas.push(error ?? { type: 'error', message: 'the response failed', status: null });
  } else {
    deltas.push({ type: 'finish', choice: 0, reason: finishOf(response, seen) });
  }
  deltas.push({ type: 'end' });
}

function addOutput(deltas: Delta[], output: readonly unknown[], seen: ResponseSeen): void {
  for (const [place, item] of output.entries()) {
    if (!isObject(item)) continue;
    if (isCall(item)) openCall(deltas, item, place, seen);
    else if (item['type'] === 'reasoning') addThoughts(deltas, item, seen);
    else if (item['type'] === 'message') addSpoken(deltas, arrayOf(item['content']));
  }
}

/** The thoughts themselves where the server shows them, else their summary. */
function addThoughts(deltas: Delta[], item: JsonObject, seen: ResponseSeen): void {
  const thoughts = arrayOf(item['content']);
  for (const part of thoughts.length > 0 ? thoughts : arrayOf(item['summary'])) addReasoning(deltas, part, seen);
}

function addSpoken(deltas: Delta[], parts: readonly unknown[]): void {
  for (const part of parts) {
    if (!isObject(part)) continue;
    const text = textOf(part['text']);
    if (text !== null) deltas.push({ type: 'content', choice: 0, text });
    const refusal = textOf(part['refusal']);
    if (refusal !== null) deltas.push({ type: 'refusal', choice: 0, text: refusal });
  }
}

function addUsage(deltas: Delta[], usage: unknown): void {
  if (!isObject(usage)) return;
  const input = usage['input_tokens_details'];
  const output = usage['output_tokens_details'];
  deltas.push({
    type: 'usage',
    input: tokensOf(usage['input_tokens']),
    output: tokensOf(usage['output_tokens']),
    cachedInput: isObject(input) ? tokensOf(input['cached_tokens']) : null,
    reasoning: isObject(output) ? tokensOf(output['reasoning_tokens']) : null,
  });
}

/** The API gives no reason for an end that is as it should be: it is `tool_calls` where calls were made, as in chat. */
function finishOf(response: JsonObject, seen: ResponseSeen): FinishReason {
  const details = response['incomplete_details'];
  const reason = isObject(details) ? details['reason'] : null;
  if (reason === 'max_output_tokens') return 'length';
  if (reason === 'content_filter') return 'content_filter';
  const { status } = response;
  if (status === 'completed' || status === undefined) return seen.calls.size > 0 ? 'tool_calls' : 'stop';
  return 'other';
}

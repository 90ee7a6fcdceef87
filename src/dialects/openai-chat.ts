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
import { TextFrame } from './text-frame.ts';
import { ToolPlaces } from './tool-places.ts';

interface ChatSeen extends ModelSeen {
  /** Created when a choice's first tool call appears. */
  readonly tools: Map<number, ToolPlaces>;
}

type TextDelta = Extract<Delta, { type: 'content' | 'reasoning' }>;

const done: Payload = dataOf([{ type: 'end' }]);

/** OpenAI chat completions, as OpenAI and the servers that copy it (vLLM, llama.cpp, LM Studio, MLX, Ollama's `/v1`) send them. */
export const openaiChat: Dialect = {
  name: 'openai-chat',
  streamType: 'text/event-stream',
  readStream(maxEventBytes) {
    const seen: ChatSeen = { model: null, tools: new Map() };
    const frame = new TextFrame();
    let last: TextDelta | null = null;
    return sseReader(maxEventBytes, (data, name) => {
      const text = last !== null && name === '' ? frame.textIn(data) : null;
      if (last !== null && text !== null) return dataOf([{ type: last.type, choice: last.choice, text }]);
      const payload = readChunk(data, name, seen);
      last = name === '' ? onlyText(payload) : null;
      frame.learn(data, last?.text ?? null, (other) => onlyText(readChunk(other, '', { ...seen, tools: new Map() }))?.text ?? null);
      return payload;
    });
  },
  readWhole(body) {
    return readBody(body, readCompletion);
  },
};

/** The text of a payload that says one text and nothing else. */
function onlyText({ kind, deltas: [first, second] }: Payload): TextDelta | null {
  if (kind !== 'data' || first === undefined || second !== undefined) return null;
  return first.type === 'content' || first.type === 'reasoning' ? first : null;
}

function readChunk(data: string, name: string, seen: ChatSeen): Payload {
  if (data === '[DONE]' || data.trim() === '[DONE]') return done;
  const chunk = parseObject(data);
  const foreign = name !== '' && name !== 'message' && name !== 'error';
  if (chunk === null) {
    if (foreign) return noise;
    return name === 'error' ? dataOf([errorFrom({ message: data.trim() })]) : malformed;
  }
  const error = errorIn(chunk, name);
  if (error !== null) return dataOf([error]);
  if (!Array.isArray(chunk['choices'])) {
    if (foreign || chunk['type'] === 'ping') return noise;
    if (!isObject(chunk['usage'])) return malformed;
  }
  return dataOf(readChoices(chunk, 'delta', seen));
}

function readCompletion(body: JsonObject): Payload {
  const error = errorIn(body, '');
  if (error !== null) return dataOf([error]);
  // An empty list is a usage chunk's; a whole answer without any choice is none.
  if (arrayOf(body['choices']).length === 0) return malformed;
  const deltas = readChoices(body, 'message', { model: null, tools: new Map() });
  deltas.push({ type: 'end' });
  return dataOf(deltas);
}

/** The error a payload reports: under `error`, as the `error` event's own fields, or as vLLM's older `{"object":"error"}`. */
function errorIn(payload: JsonObject, name: string): Delta | null {
  const own = errorOf(payload['error']);
  if (own !== null || payload['choices'] !== undefined) return own;
  return name === 'error' || payload['object'] === 'error' ? errorFrom(payload) : null;
}

function readChoices(payload: JsonObject, part: 'delta' | 'message', seen: ChatSeen): Delta[] {
  const deltas: Delta[] = [];
  addModel(deltas, payload['model'], seen);
  const choices = arrayOf(payload['choices']);
  for (let position = 0; position < choices.length; position += 1) {
    const choice = choices[position];
    if (!isObject(choice)) continue;
    const index = indexOf(choice['index']) ?? Math.min(position, 1023);
    const said = choice[part];
    if (isObject(said)) addSaid(deltas, said, index, seen);
    const error = errorOf(choice['error']);
    if (error !== null) deltas.push(error);
    const reason = textOf(choice['finish_reason']);
    if (reason !== null) deltas.push({ type: 'finish', choice: index, reason: finishOf(reason) });
  }
  addUsage(deltas, payload['usage']);
  return deltas;
}

function addSaid(deltas: Delta[], said: JsonObject, choice: number, seen: ChatSeen): void {
  // Two spellings of one thing; servers that send both send the same text twice.
  const reasoning = textOf(said['reasoning_content']) ?? textOf(said['reasoning']);
  if (reasoning !== null) deltas.push({ type: 'reasoning', choice, text: reasoning });
  const content = said['content'];
  if (typeof content === 'string') {
    if (content !== '') deltas.push({ type: 'content', choice, text: content });
  } else if (Array.isArray(content)) addParts(deltas, content, choice);
  const refusal = textOf(said['refusal']);
  if (refusal !== null) deltas.push({ type: 'refusal', choice, text: refusal });
  const calls = said['tool_calls'];
  if (Array.isArray(calls)) addCalls(deltas, calls, choice, seen);
  const legacy = said['function_call'];
  if (isObject(legacy)) deltas.push({ type: 'tool', choice, index: 0, id: null, ...functionOf(legacy) });
}

/** Content as a list of parts; Mistral's `thinking` part holds a list of its own. */
function addParts(deltas: Delta[], parts: readonly unknown[], choice: number): void {
  for (const part of parts) {
    if (!isObject(part)) continue;
    const refusal = textOf(part['refusal']);
    if (refusal !== null) deltas.push({ type: 'refusal', choice, text: refusal });
    const text = textOf(part['text']);
    if (text !== null) deltas.push({ type: 'content', choice, text });
    for (const thought of arrayOf(part['thinking'])) {
      const thinking = isObject(thought) ? textOf(thought['text']) : null;
      if (thinking !== null) deltas.push({ type: 'reasoning', choice, text: thinking });
    }
  }
}

function addCalls(deltas: Delta[], calls: readonly unknown[], choice: number, seen: ChatSeen): void {
  for (let position = 0; position < calls.length; position += 1) {
    const call = calls[position];
    if (!isObject(call)) continue;
    const id = textOf(call['id']);
    // Custom tools carry free text under `custom.input` instead of JSON arguments.
    const custom = isObject(call['custom'])
      ? { name: textOf(call['custom']['name']), arguments: argumentsOf(call['custom']['input']) }
      : null;
    const said = isObject(call['function']) ? functionOf(call['function']) : (custom ?? { name: null, arguments: '' });
    let places = seen.tools.get(choice);
    if (places === undefined) seen.tools.set(choice, (places = new ToolPlaces()));
    const index = places.place({ index: call['index'], id, name: said.name, position, pieces: calls.length });
    deltas.push({ type: 'tool', choice, index, id, name: said.name, arguments: said.arguments });
  }
}

function functionOf(value: JsonObject): { name: string | null; arguments: string } {
  return { name: textOf(value['name']), arguments: argumentsOf(value['arguments']) };
}

function addUsage(deltas: Delta[], usage: unknown): void {
  if (!isObject(usage)) return;
  const input = usage['prompt_tokens_details'];
  const output = usage['completion_tokens_details'];
  deltas.push({
    type: 'usage',
    input: tokensOf(usage['prompt_tokens']),
    output: tokensOf(usage['completion_tokens']),
    cachedInput: isObject(input) ? tokensOf(input['cached_tokens']) : null,
    reasoning: isObject(output) ? tokensOf(output['reasoning_tokens']) : null,
  });
}

function finishOf(reason: string): FinishReason {
  switch (reason) {
    case 'stop':
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return reason;
    case 'function_call':
      return 'tool_calls';
    default:
      return 'other';
  }
}

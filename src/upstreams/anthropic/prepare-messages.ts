import type { Json } from '#core/policy/policy.ts';
import type { ChatRequest, ChatTool } from '#core/request/chat-request.ts';
import type { PreparedRequest, UpstreamCall } from '#upstreams/kind.ts';

import { systemText, turnsOf } from './turns.ts';
import { thinkingOf } from './thinking.ts';
import type { Thinking } from './thinking.ts';

/** The API wants a bound in every request; what larger ones each model allows, it does not say. */
const outputTokensDefault = 4096;

/** The caller's chat as `POST /v1/messages`. */
export function prepareMessages(call: UpstreamCall, version: string): PreparedRequest {
  const chat = call.chat?.();
  if (chat === undefined) throw new Error(`no chat to translate for ${call.model}`);
  const changes: string[] = chat.uncarried.map((place) => `${place} not carried`);
  if (chat.format !== null) changes.push('response_format not carried');
  const thinking = thinkingOf(call, chat, changes);
  const outputTokens = outputBound(call, chat, thinking, changes);
  const system = systemText(chat.messages, changes);
  const stop = stopsOf(chat, changes);
  const body: Json = {
    model: call.model,
    max_tokens: outputTokens,
    ...(system === '' ? {} : { system }),
    messages: turnsOf(chat.messages, changes),
    stream: call.stream,
    ...samplingOf(chat, thinking, changes),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
    ...toolsOf(chat, changes),
    ...thinking?.fields,
  };
  return {
    request: {
      method: 'POST',
      path: '/v1/messages',
      headers: {
        'content-type': 'application/json',
        accept: call.stream ? 'text/event-stream' : 'application/json',
        'anthropic-version': version,
      },
      body: JSON.stringify(body),
    },
    changes,
  };
}

function outputBound(call: UpstreamCall, chat: ChatRequest, thinking: Thinking | null, changes: string[]): number {
  if (chat.outputTokens !== null) return chat.outputTokens;
  const wanted = outputTokensDefault + (thinking?.budgetTokens ?? 0);
  const bound = call.outputTokensMax === null ? wanted : Math.min(wanted, call.outputTokensMax);
  changes.push(`max_tokens added: ${bound}`);
  return bound;
}

/** A temperature goes to 1 here; beside it `top_p` is refused, and with thinking both are. */
function samplingOf({ sampling }: ChatRequest, thinking: Thinking | null, changes: string[]): Readonly<Record<string, Json>> {
  const drop = (field: string, value: number | null, why: string): void => {
    if (value !== null) changes.push(`${field} dropped: ${why}`);
  };
  for (const [field, value] of [
    ['min_p', sampling.minP],
    ['seed', sampling.seed],
    ['presence_penalty', sampling.presencePenalty],
    ['frequency_penalty', sampling.frequencyPenalty],
    ['repetition_penalty', sampling.repeatPenalty],
  ] as const) {
    // A penalty of nothing says nothing, and clients send it always.
    if (value !== null && value !== 0) changes.push(`${field} not carried`);
  }
  if (thinking !== null) {
    drop('temperature', sampling.temperature === 1 ? null : sampling.temperature, 'it does not go with thinking');
    drop('top_p', sampling.topP === 1 ? null : sampling.topP, 'it does not go with thinking');
    drop('top_k', sampling.topK, 'it does not go with thinking');
    return {};
  }
  const said: Record<string, Json> = {};
  if (sampling.temperature !== null) {
    said['temperature'] = Math.min(Math.max(sampling.temperature, 0), 1);
    if (said['temperature'] !== sampling.temperature) changes.push(`temperature set: ${said['temperature']}`);
    drop('top_p', sampling.topP === 1 ? null : sampling.topP, 'it does not go with a temperature');
  } else if (sampling.topP !== null) said['top_p'] = sampling.topP;
  if (sampling.topK !== null && sampling.topK > 0) said['top_k'] = sampling.topK;
  return said;
}

/** Stop sequences of white space alone are refused. */
function stopsOf(chat: ChatRequest, changes: string[]): readonly string[] {
  const kept = chat.stop.filter((text) => text.trim() !== '');
  if (kept.length < chat.stop.length) changes.push('stop of white space not carried');
  return kept;
}

function toolsOf(chat: ChatRequest, changes: string[]): Readonly<Record<string, Json>> {
  const { tools, toolChoice, parallelTools } = chat;
  if (tools.length === 0) return {};
  const one = parallelTools === false ? { disable_parallel_tool_use: true } : {};
  const choice = ((): Json => {
    if (toolChoice === 'none') return { type: 'none' };
    if (toolChoice === 'required') return { type: 'any', ...one };
    if (typeof toolChoice === 'object' && toolChoice !== null) return { type: 'tool', name: toolChoice.name, ...one };
    return toolChoice === null && parallelTools !== false ? null : { type: 'auto', ...one };
  })();
  return { tools: tools.map((tool) => toolOf(tool, changes)), ...(choice === null ? {} : { tool_choice: choice }) };
}

function toolOf({ name, description, parameters }: ChatTool, changes: string[]): Json {
  // The API insists on an object at the top.
  const schema = parameters ?? {};
  if (schema['type'] !== undefined && schema['type'] !== 'object') changes.push(`the schema of ${name.slice(0, 60)} set: type object`);
  return { name, ...(description === null ? {} : { description }), input_schema: { ...schema, type: 'object' } };
}

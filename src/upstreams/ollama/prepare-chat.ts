import type { ChatRequest, ChatTool, ReplyFormat } from '#core/request/chat-request.ts';
import type { Json } from '#core/policy/policy.ts';
import type { PreparedRequest, UpstreamCall } from '#upstreams/kind.ts';

import { ollamaMessages } from './ollama-messages.ts';

/** The caller's chat as `POST /api/chat`. */
export function prepareChat(call: UpstreamCall): PreparedRequest {
  const chat = call.chat?.();
  if (chat === undefined) throw new Error(`no chat to translate for ${call.model}`);
  const changes: string[] = chat.uncarried.map(uncarriedClause);
  const { pinned } = call.modelPolicy;
  const tools = offeredTools(chat, changes);
  const body = {
    model: call.model,
    messages: ollamaMessages(chat.messages, changes),
    stream: call.stream,
    think: thinkOf(call, chat, changes),
    ...(pinned ? { keep_alive: -1 } : {}),
    // Without these a prompt that is too long loses its oldest messages, and the answer is a 200.
    truncate: false,
    shift: false,
    ...(chat.format === null ? {} : { format: formatOf(chat.format) }),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    options: optionsOf(call, chat, changes),
  };
  if (pinned) changes.push('keep_alive set: -1');
  return {
    request: {
      method: 'POST',
      path: '/api/chat',
      headers: { 'content-type': 'application/json', accept: call.stream ? 'application/x-ndjson' : 'application/json' },
      body: JSON.stringify(body),
    },
    changes,
  };
}

/** What a caller would set of the model's loading is the policy's: another window would have the model loaded anew for everybody. */
function uncarriedClause(place: string): string {
  const loading = place === 'num_ctx' || place === 'keep_alive' || place === 'options';
  return loading ? `${place} dropped: it gives way to the policy` : `${place} not carried`;
}

/** There is no tool choice in this API: less can be offered, nothing can be forced. */
function offeredTools(chat: ChatRequest, changes: string[]): readonly ChatTool[] {
  const { tools, toolChoice } = chat;
  if (tools.length === 0) return [];
  if (chat.parallelTools === false) changes.push('parallel_tool_calls not carried');
  if (toolChoice === null || toolChoice === 'auto') return tools;
  if (toolChoice === 'none') {
    changes.push('tools dropped: tool_choice is none');
    return [];
  }
  changes.push('tool_choice not carried: a call cannot be forced');
  if (toolChoice === 'required') return tools;
  const named = tools.filter((tool) => tool.name === toolChoice.name);
  return named.length > 0 ? named : tools;
}

function toolOf({ name, description, parameters }: ChatTool): Json {
  const schema = parameters ?? { type: 'object', properties: {} };
  return { type: 'function', function: { name, ...(description === null ? {} : { description }), parameters: schema } };
}

function formatOf(format: ReplyFormat): Json {
  return format.type === 'json' ? 'json' : format.schema;
}

/**
 * Said with every request, because what is unsaid depends on the release. The policy says whether the model thinks at all; how hard is
 * known to gpt-oss alone, every other model is refused a word there.
 */
function thinkOf(call: UpstreamCall, chat: ChatRequest, changes: string[]): boolean | string {
  const { effort } = chat;
  if (!call.modelPolicy.reasoning) {
    if (effort !== null && effort !== 'none') changes.push('reasoning_effort not carried: the policy gives this model no reasoning');
    return false;
  }
  const graded = /gpt-?oss/i.test(call.model);
  if (effort === 'none' && graded) {
    changes.push('reasoning_effort set: low');
    return 'low';
  }
  if (effort === null || effort === 'none') return effort === null;
  if (graded) return effort === 'minimal' ? 'low' : effort === 'low' || effort === 'medium' ? effort : 'high';
  changes.push(`reasoning_effort set: on, for ${effort.slice(0, 20)}`);
  return true;
}

function optionsOf(call: UpstreamCall, chat: ChatRequest, changes: string[]): Json {
  const { context } = call.modelPolicy;
  if (context !== null) changes.push(`num_ctx set: ${context}`);
  const { sampling } = chat;
  const said: Readonly<Record<string, Json>> = {
    num_ctx: context,
    num_predict: chat.outputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repeat_penalty: sampling.repeatPenalty,
    stop: chat.stop.length === 0 ? null : chat.stop,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}

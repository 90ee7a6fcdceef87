import type { Json, Script, Step } from './script.ts';

/** One tool call of an answer. Several argument pieces are streamed as so many fragments. */
export interface ToolCallSpec {
  readonly name: string;
  /** JSON text, whole or in pieces; what is not JSON is sent as it is. */
  readonly arguments: string | readonly string[];
  /** Default `call_0`, `call_1`, … */
  readonly id?: string;
}

/** Token counts in the spelling of chat completions. */
export interface ChatUsage {
  readonly prompt_tokens: Json;
  readonly completion_tokens: Json;
  readonly total_tokens?: Json;
  readonly prompt_tokens_details?: Json;
  readonly completion_tokens_details?: Json;
}

/** What a model is to have answered, in the words of OpenAI's chat completions. */
export interface ChatAnswer {
  readonly model: string;
  /** Default `chatcmpl-0`. */
  readonly id?: string;
  /** Seconds; default a fixed moment, so that scripts are the same every time. */
  readonly created?: number;
  /** Whole, or in the pieces that are streamed. */
  readonly text?: string | readonly string[];
  /** Sent as `reasoning_content` before the text. */
  readonly reasoning?: string | readonly string[];
  readonly refusal?: string;
  readonly toolCalls?: readonly ToolCallSpec[];
  /** Default `tool_calls` with tool calls, else `stop`. Null: none is ever said. */
  readonly finish?: string | null;
  readonly usage?: ChatUsage;
}

export interface ChatStreamOptions {
  /** Sends the usage chunk (`choices: []`) before the terminator. */
  readonly includeUsage?: boolean;
  /** Pause between two events. */
  readonly everyMs?: number;
  /** Default true: end with `[DONE]`. */
  readonly done?: boolean;
  /** The fragments of parallel tool calls take turns instead of coming one call after the other. */
  readonly interleaveTools?: boolean;
}

const CREATED_S = 1_750_000_000;

/** The whole answer to a caller who asked for no stream. */
export function chatWhole(answer: ChatAnswer): Script {
  return [{ do: 'json', value: chatWholeBody(answer) }];
}

/** The body of a whole answer. */
export function chatWholeBody(answer: ChatAnswer): Json {
  const text = joined(answer.text);
  const reasoning = joined(answer.reasoning);
  const toolCalls = (answer.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `call_${index}`,
    type: 'function',
    function: { name: call.name, arguments: joined(call.arguments) ?? '' },
  }));
  const message = {
    role: 'assistant',
    content: text,
    ...(reasoning === null ? {} : { reasoning_content: reasoning }),
    ...(answer.refusal === undefined ? {} : { refusal: answer.refusal }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  };
  return {
    id: answer.id ?? 'chatcmpl-0',
    object: 'chat.completion',
    created: answer.created ?? CREATED_S,
    model: answer.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(answer) }],
    ...(answer.usage === undefined ? {} : { usage: fullUsage(answer.usage) }),
  };
}

/** The answer as a stream: the role first, one id throughout, the finish reason alone, then usage, then `[DONE]`. */
export function chatStream(answer: ChatAnswer, options: ChatStreamOptions = {}): Script {
  const pace = options.everyMs === undefined ? {} : { everyMs: options.everyMs };
  const events: Step = { do: 'sse', events: [...chatChunks(answer, options), ...((options.done ?? true) ? ['[DONE]'] : [])], ...pace };
  return [...chatStreamHead(), events];
}

/** Status and headers of a stream, sent before the first event. */
export function chatStreamHead(): Script {
  return [
    { do: 'status', code: 200 },
    { do: 'header', name: 'content-type', value: 'text/event-stream; charset=utf-8' },
    { do: 'header', name: 'cache-control', value: 'no-cache' },
    { do: 'flush' },
  ];
}

/** The chunks of a stream without its terminator, for scripts that cut, mix or break them. */
export function chatChunks(answer: ChatAnswer, options: ChatStreamOptions = {}): readonly Json[] {
  const chunk = (choices: readonly Json[], usage: Json | undefined): Json => ({
    id: answer.id ?? 'chatcmpl-0',
    object: 'chat.completion.chunk',
    created: answer.created ?? CREATED_S,
    model: answer.model,
    choices,
    // With include_usage every chunk but the last says `usage: null`.
    ...(usage === undefined ? (options.includeUsage === true ? { usage: null } : {}) : { usage }),
  });
  const delta = (value: Json, finish: string | null = null): Json =>
    chunk([{ index: 0, delta: value, logprobs: null, finish_reason: finish }], undefined);

  const chunks: Json[] = [delta({ role: 'assistant', content: '' })];
  for (const piece of pieces(answer.reasoning)) chunks.push(delta({ reasoning_content: piece }));
  for (const piece of pieces(answer.text)) chunks.push(delta({ content: piece }));
  if (answer.refusal !== undefined) chunks.push(delta({ refusal: answer.refusal }));
  for (const call of toolDeltas(answer.toolCalls ?? [], options.interleaveTools === true)) chunks.push(delta({ tool_calls: [call] }));
  const finish = finishOf(answer);
  if (finish !== null) chunks.push(delta({}, finish));
  if (options.includeUsage === true && answer.usage !== undefined) chunks.push(chunk([], fullUsage(answer.usage)));
  return chunks;
}

/** First id and name with empty arguments, then the fragments, each under its call's `index`. */
function toolDeltas(calls: readonly ToolCallSpec[], interleave: boolean): readonly Json[] {
  const perCall = calls.map((call, index): Json[] => [
    { index, id: call.id ?? `call_${index}`, type: 'function', function: { name: call.name, arguments: '' } },
    ...pieces(call.arguments).map((fragment): Json => ({ index, function: { arguments: fragment } })),
  ]);
  if (!interleave) return perCall.flat();
  const longest = Math.max(0, ...perCall.map((deltas) => deltas.length));
  return Array.from({ length: longest }, (_, turn) => perCall.flatMap((deltas) => deltas.slice(turn, turn + 1))).flat();
}

function finishOf(answer: ChatAnswer): string | null {
  if (answer.finish !== undefined) return answer.finish;
  return (answer.toolCalls ?? []).length > 0 ? 'tool_calls' : 'stop';
}

function fullUsage(usage: ChatUsage): Json {
  const { prompt_tokens: input, completion_tokens: output } = usage;
  const total = typeof input === 'number' && typeof output === 'number' ? { total_tokens: input + output } : {};
  return { ...total, ...usage };
}

function pieces(text: string | readonly string[] | undefined): readonly string[] {
  if (text === undefined) return [];
  return typeof text === 'string' ? [text] : text;
}

function joined(text: string | readonly string[] | undefined): string | null {
  return text === undefined ? null : pieces(text).join('');
}

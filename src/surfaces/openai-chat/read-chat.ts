import type { ChatRequest, ChatTool, JsonObject, ReplyFormat, Sampling, ToolChoice } from '#core/request/chat-request.ts';
import { isObject } from '#surfaces/read-json-body.ts';

import { chatMessages } from './chat-messages.ts';

type Body = Readonly<Record<string, unknown>>;

/** Fields that this reads, or that say nothing to a model: whatever else stands on top is named as not carried. */
const taken: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'metadata',
  'n',
  'tools',
  'functions',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'repeat_penalty',
]);
const uncarriedMax = 32;

/** Reads what a chat request means. The body was accepted by `readChatRequest`; of what that does not check, nothing is trusted. */
export function readChat(body: Body): ChatRequest {
  const uncarried = new Set<string>();
  const messages = chatMessages(body['messages'], uncarried);
  const tools = readTools(body, uncarried);
  const toolChoice = readToolChoice(body, uncarried);
  const format = readFormat(body['response_format'], uncarried);
  const effort = readEffort(body, uncarried);
  for (const [field, value] of Object.entries(body)) {
    if (!taken.has(field) && !readAbove.has(field) && value !== null && value !== false) uncarried.add(field.slice(0, 60));
  }
  const parallel = body['parallel_tool_calls'];
  return {
    messages,
    tools,
    toolChoice,
    parallelTools: typeof parallel === 'boolean' ? parallel : null,
    sampling: readSampling(body),
    outputTokens: positive(body['max_completion_tokens']) ?? positive(body['max_tokens']),
    stop: readStop(body['stop']),
    format,
    effort,
    choices: numberAt(body, 'n') ?? 1,
    uncarried: [...uncarried].slice(0, uncarriedMax),
  };
}

/** These say themselves what of them cannot be carried. */
const readAbove: ReadonlySet<string> = new Set([
  'tool_choice',
  'function_call',
  'response_format',
  'reasoning_effort',
  'chat_template_kwargs',
]);

function readTools(body: Body, uncarried: Set<string>): readonly ChatTool[] {
  const tools: ChatTool[] = [];
  for (const tool of objectsOf(body['tools'])) {
    const said = tool['function'];
    const read = isObject(said) ? readTool(said) : null;
    if (read === null) uncarried.add(`tools[].${typeof tool['type'] === 'string' ? tool['type'].slice(0, 40) : 'without a type'}`);
    else tools.push(read);
  }
  for (const said of objectsOf(body['functions'])) {
    const read = readTool(said);
    if (read === null) uncarried.add('functions[] without a name');
    else tools.push(read);
  }
  return tools;
}

function readTool(said: Body): ChatTool | null {
  const { name, description, parameters } = said;
  if (typeof name !== 'string' || name === '') return null;
  return {
    name,
    description: typeof description === 'string' && description !== '' ? description : null,
    parameters: isJsonObject(parameters) ? parameters : null,
  };
}

function readToolChoice(body: Body, uncarried: Set<string>): ToolChoice | null {
  const choice = body['tool_choice'] ?? body['function_call'] ?? null;
  if (choice === null) return null;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const said = isObject(choice) ? (choice['function'] ?? choice) : null;
  const name = isObject(said) ? said['name'] : null;
  if (typeof name === 'string' && name !== '') return { name };
  uncarried.add('tool_choice');
  return null;
}

function readFormat(format: unknown, uncarried: Set<string>): ReplyFormat | null {
  if (!isObject(format) || format['type'] === 'text') return null;
  if (format['type'] === 'json_object') return { type: 'json' };
  const said = format['json_schema'];
  if (format['type'] === 'json_schema' && isObject(said) && isJsonObject(said['schema']))
    return { type: 'schema', name: typeof said['name'] === 'string' ? said['name'] : 'answer', schema: said['schema'] };
  uncarried.add('response_format');
  return null;
}

/** `reasoning_effort`, or the switch that the templates of vLLM and llama.cpp take. */
function readEffort(body: Body, uncarried: Set<string>): string | null {
  const kwargs = body['chat_template_kwargs'];
  const switched = isObject(kwargs) ? kwargs['enable_thinking'] : null;
  if (isObject(kwargs))
    for (const field of Object.keys(kwargs)) if (field !== 'enable_thinking') uncarried.add(`chat_template_kwargs.${field.slice(0, 40)}`);
  const effort = body['reasoning_effort'];
  if (typeof effort === 'string' && effort !== '') return effort.toLowerCase();
  return switched === false ? 'none' : switched === true ? 'medium' : null;
}

function readSampling(body: Body): Sampling {
  return {
    temperature: numberAt(body, 'temperature'),
    topP: numberAt(body, 'top_p'),
    topK: numberAt(body, 'top_k'),
    minP: numberAt(body, 'min_p'),
    seed: numberAt(body, 'seed'),
    presencePenalty: numberAt(body, 'presence_penalty'),
    frequencyPenalty: numberAt(body, 'frequency_penalty'),
    repeatPenalty: numberAt(body, 'repetition_penalty') ?? numberAt(body, 'repeat_penalty'),
  };
}

function readStop(stop: unknown): readonly string[] {
  const texts = Array.isArray(stop) ? stop : [stop];
  return texts.filter((text) => typeof text === 'string' && text !== '');
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

function numberAt(body: Body, field: string): number | null {
  const value = body[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function objectsOf(value: unknown): readonly Body[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Everything in a body was JSON. */
function isJsonObject(value: unknown): value is JsonObject {
  return isObject(value);
}

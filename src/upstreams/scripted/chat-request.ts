import { isJsonArray, isJsonObject } from './script.ts';
import type { Json } from './script.ts';

/** A tool a caller offers. */
export interface OfferedTool {
  readonly name: string;
  readonly parameters: Json | undefined;
}

/** What the scripted model understands of a chat completions request. */
export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxTokens: number | null;
  /** The last thing the user said, as text. */
  readonly prompt: string;
  /** Characters of all messages; images not counted. */
  readonly characters: number;
  readonly images: number;
  readonly tools: readonly OfferedTool[];
  /** The caller insists on a call: on any (`true`), or on the one named. */
  readonly toolRequired: boolean | string;
  /** What the tools returned, if the last messages are tool results. */
  readonly toolResults: readonly string[];
  /** `{schema}` for `json_schema`, an empty one for `json_object`; null for free text. */
  readonly format: { readonly schema: Json | undefined } | null;
}

/** Reads a request body; null if it is none of chat completions. */
export function readChatRequest(body: Json | undefined): ChatRequest | null {
  if (!isJsonObject(body) || typeof body['model'] !== 'string' || !isJsonArray(body['messages'])) return null;
  const messages = body['messages'].filter(isJsonObject);
  const lastUser = messages.findLast((message) => message['role'] === 'user');
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  const streamOptions = body['stream_options'];
  return {
    model: body['model'],
    stream: body['stream'] === true,
    includeUsage: isJsonObject(streamOptions) && streamOptions['include_usage'] === true,
    maxTokens: typeof limit === 'number' ? limit : null,
    prompt: textOf(lastUser?.['content']),
    characters: messages.reduce((sum, message) => sum + textOf(message['content']).length, 0),
    images: messages.reduce((sum, message) => sum + imagesIn(message['content']), 0),
    tools: body['tool_choice'] === 'none' || !isJsonArray(body['tools']) ? [] : body['tools'].flatMap(readTool),
    toolRequired: readToolChoice(body['tool_choice']),
    toolResults: messages
      .slice(messages.findLastIndex((message) => message['role'] !== 'tool') + 1)
      .map((message) => textOf(message['content'])),
    format: readFormat(body['response_format']),
  };
}

function readToolChoice(choice: Json | undefined): boolean | string {
  if (!isJsonObject(choice) || !isJsonObject(choice['function'])) return choice === 'required';
  return typeof choice['function']['name'] === 'string' ? choice['function']['name'] : true;
}

function readTool(tool: Json): OfferedTool[] {
  if (!isJsonObject(tool) || !isJsonObject(tool['function']) || typeof tool['function']['name'] !== 'string') return [];
  return [{ name: tool['function']['name'], parameters: tool['function']['parameters'] }];
}

function readFormat(format: Json | undefined): ChatRequest['format'] {
  if (!isJsonObject(format)) return null;
  if (format['type'] === 'json_object') return { schema: undefined };
  if (format['type'] !== 'json_schema' || !isJsonObject(format['json_schema'])) return null;
  return { schema: format['json_schema']['schema'] };
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!isJsonArray(content)) return '';
  return content.map((part) => (isJsonObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

function imagesIn(content: Json | undefined): number {
  return isJsonArray(content) ? content.filter((part) => isJsonObject(part) && part['type'] === 'image_url').length : 0;
}

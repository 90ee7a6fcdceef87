import type { ChatAnswer } from './chat-script.ts';
import type { ChatRequest, OfferedTool } from './chat-request.ts';
import { schemaInstance } from './schema-instance.ts';
import type { Json } from './script.ts';

/** What the scripted model says, before anybody paces it. */
export interface DemoSpeaker {
  /** The machine's name. */
  readonly name: string;
  /** Why this machine was chosen; null if nobody said. */
  readonly why: string | null;
}

/** Answers a request as a friendly stand-in would. Pure: the same request gets the same answer. */
export function demoAnswer(request: ChatRequest, speaker: DemoSpeaker): ChatAnswer {
  const tool = toolToCall(request);
  if (tool !== null) {
    const callArguments = JSON.stringify(toolArguments(tool, request.prompt));
    const usage = usageOf(request, tokensOf(callArguments).length);
    return { model: request.model, toolCalls: [{ name: tool.name, arguments: tokensOf(callArguments) }], usage };
  }
  const pieces = tokensOf(request.format === null ? spoken(request, speaker) : formatted(request.format.schema, speaker));
  const kept = request.maxTokens === null ? pieces : pieces.slice(0, Math.max(0, request.maxTokens));
  const finish = kept.length < pieces.length ? 'length' : 'stop';
  return { model: request.model, text: kept, finish, usage: usageOf(request, kept.length) };
}

/** About four characters to a token, as a rule of thumb; an image is worth 256. */
export function promptTokens(request: ChatRequest): number {
  return Math.max(1, Math.ceil(request.characters / 4)) + 256 * request.images;
}

const WANTS_TOOL = /\bweather\b|\buse (a|the|your) tools?\b/i;

/** The tool to call, if the caller insists, or asks in words for something only a tool can tell, and has no result yet. */
function toolToCall(request: ChatRequest): OfferedTool | null {
  if (request.tools.length === 0 || request.toolResults.length > 0) return null;
  const { toolRequired } = request;
  if (typeof toolRequired === 'string') return request.tools.find((tool) => tool.name === toolRequired) ?? null;
  if (!toolRequired && !WANTS_TOOL.test(request.prompt)) return null;
  const asked = request.tools.find((tool) => /weather/i.test(tool.name) && /weather/i.test(request.prompt));
  return asked ?? request.tools[0] ?? null;
}

/** What the tool's schema asks for; strings become the place the prompt names (`… in Lisbon?`). */
function toolArguments(tool: OfferedTool, prompt: string): Json {
  const place = /\bin (\p{Lu}[\p{L}' -]*\p{L})/u.exec(prompt)?.[1] ?? 'here';
  const filled = tool.parameters === undefined ? {} : schemaInstance(tool.parameters, place);
  return typeof filled === 'object' ? filled : {};
}

function formatted(schema: Json | undefined, speaker: DemoSpeaker): string {
  if (schema === undefined) return JSON.stringify({ answer: `${tag(speaker)} Hello from ${speaker.name}.`, because: speaker.why });
  return JSON.stringify(schemaInstance(schema, `scripted: ${speaker.name}`));
}

function spoken(request: ChatRequest, speaker: DemoSpeaker): string {
  const because = speaker.why === null ? '' : ` You were sent to me because ${speaker.why.replace(/\.$/, '')}.`;
  return `${tag(speaker)} ${opening(request, speaker)}${because} I am a stand-in for ${request.model}; a real model would think harder.`;
}

function opening(request: ChatRequest, speaker: DemoSpeaker): string {
  const hello = `Hello from ${speaker.name}!`;
  if (request.toolResults.length > 0) return `${hello} The tool told me: ${request.toolResults.map(quoted).join(', ')}.`;
  if (request.images === 1) return `${hello} I see an image, and you say ${quoted(request.prompt)}.`;
  if (request.images > 1) return `${hello} I see ${request.images} images, and you say ${quoted(request.prompt)}.`;
  return `${hello} You said ${quoted(request.prompt)}.`;
}

const QUOTED_CHARACTERS_MAX = 80;

function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return `"${characters.length > QUOTED_CHARACTERS_MAX ? `${characters.slice(0, QUOTED_CHARACTERS_MAX).join('')}…` : line}"`;
}

function tag(speaker: DemoSpeaker): string {
  return `[scripted: ${speaker.name}]`;
}

/** A word with the space before it is a token here. */
function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function usageOf(request: ChatRequest, completionTokens: number): NonNullable<ChatAnswer['usage']> {
  return { prompt_tokens: promptTokens(request), completion_tokens: completionTokens };
}

import type { Json } from '#core/policy/policy.ts';

/**
 * What a chat request means, whatever API it was written in: the one form between the surfaces and the upstreams that speak another
 * dialect than the caller. It is read only where a body must be translated; bodies of the same dialect pass as they are.
 */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  /** The caller's own tools; those that a server would run itself are in `uncarried`. */
  readonly tools: readonly ChatTool[];
  /** Null where the caller left it to the server. */
  readonly toolChoice: ToolChoice | null;
  readonly parallelTools: boolean | null;
  readonly sampling: Sampling;
  readonly outputTokens: number | null;
  readonly stop: readonly string[];
  /** Null for plain text. */
  readonly format: ReplyFormat | null;
  /** How long to think: `none`, `minimal`, `low`, `medium`, `high` and whatever word comes next; null if unsaid. */
  readonly effort: string | null;
  /** Answers asked for. */
  readonly choices: number;
  /** Places of the body that this form has no room for (`logit_bias`, `messages[].name`), each once: the record names them. */
  readonly uncarried: readonly string[];
}

export type ChatMessage =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly parts: readonly ChatPart[] }
  | {
      readonly role: 'assistant';
      readonly text: string;
      /** What it thought, where the caller sends it back; empty if not. */
      readonly reasoning: string;
      readonly calls: readonly ToolCall[];
    }
  | {
      readonly role: 'tool';
      readonly callId: string;
      /** The tool's name, from the call it answers; empty if there is none. */
      readonly name: string;
      readonly parts: readonly ChatPart[];
    };

export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  /** `mediaType` such as `image/png`; `base64` without any prefix. */
  | { readonly type: 'image'; readonly mediaType: string; readonly base64: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the caller sent it; nobody has checked it. */
  readonly arguments: string;
}

export interface ChatTool {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of the arguments; null if the caller gave none. */
  readonly parameters: JsonObject | null;
}

/** `required`: some tool; an object: that tool. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type ReplyFormat = { readonly type: 'json' } | { readonly type: 'schema'; readonly name: string; readonly schema: JsonObject };

export type JsonObject = { readonly [key: string]: Json };

/** Null where the caller left it to the server. */
export interface Sampling {
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly minP: number | null;
  readonly seed: number | null;
  readonly presencePenalty: number | null;
  readonly frequencyPenalty: number | null;
  readonly repeatPenalty: number | null;
}

/** The text of some parts, joined by newlines. */
export function textOfParts(parts: readonly ChatPart[]): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

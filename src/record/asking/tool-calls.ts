import type { Dialect, ReplyEvent } from '#core/reply/event.ts';
import { replyCalls } from '#core/reply/reply-calls.ts';

/** One call of a tool that a model asked for: equal texts are equal calls. */
export type ToolCall = string;

/** The tool calls of a recorded reply, as `name(arguments)` with the arguments' keys in order; empty where there are none. */
export function toolCallsOf(reply: Uint8Array, dialect: Dialect): readonly ToolCall[] {
  return replyCalls(eventsOf(reply, dialect)).map((call) => `${call.name}(${sameSpelling(call.arguments)})`);
}

/** A reply is kept as one body; as the stream that it was only where no body could be made of it. */
function eventsOf(reply: Uint8Array, dialect: Dialect): readonly ReplyEvent[] {
  const whole = dialect.readWhole(reply);
  if (whole.kind === 'data') return [whole];
  const reader = dialect.readStream(Number.MAX_SAFE_INTEGER);
  return [...reader.push(reply), ...reader.end()];
}

/** Arguments that mean the same are spelled the same. */
function sameSpelling(text: string): string {
  const value = parsed(text);
  return value === undefined ? text : (JSON.stringify(value, sortedKeys) ?? text);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One call of a tool that a model asked for: equal texts are equal calls. */
export type ToolCall = string;

/** The tool calls of a recorded reply, as `name(arguments)` with the arguments' keys in order; empty where there are none. */
export function toolCallsOf(reply: string): readonly ToolCall[] {
  const body = parsed(reply);
  const choices = listIn(body, 'choices').map((choice) => memberOf(choice, 'message'));
  return choices.flatMap((message) =>
    listIn(message, 'tool_calls').map((call) => {
      const named = memberOf(call, 'function');
      return `${textOf(memberOf(named, 'name'))}(${sameSpelling(textOf(memberOf(named, 'arguments')))})`;
    }),
  );
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

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { isObject } from '#surfaces/read-json-body.ts';

interface FieldCheck {
  readonly expected: string;
  holds(value: unknown): boolean;
}

const flag: FieldCheck = { expected: 'true or false', holds: (value) => typeof value === 'boolean' };
const object: FieldCheck = { expected: 'an object', holds: isObject };
const list: FieldCheck = { expected: 'an array of objects', holds: Array.isArray };
// JSON can spell numbers that no machine holds (1e400).
const number: FieldCheck = { expected: 'a number', holds: Number.isFinite };
const count: FieldCheck = { expected: 'a whole number above 0', holds: (value) => Number.isSafeInteger(value) && Number(value) > 0 };
// Several clients send -1 for "no bound", as llama.cpp and LM Studio define it.
const bound: FieldCheck = {
  expected: 'a whole number above 0, or -1 for no bound',
  holds: (value) => Number.isSafeInteger(value) && (Number(value) > 0 || value === -1),
};
const textOrTexts: FieldCheck = {
  expected: 'text or an array of texts',
  holds: (value) => typeof value === 'string' || (Array.isArray(value) && value.every((element) => typeof element === 'string')),
};
const textOrObject: FieldCheck = { expected: 'text or an object', holds: (value) => typeof value === 'string' || isObject(value) };

/**
 * The documented fields of a chat request whose type is checked here (OpenAI API reference, chat/completions); null counts as unsaid.
 * Everything else is the server's business and passes.
 */
const checks: readonly (readonly [field: string, check: FieldCheck])[] = [
  ['stream', flag],
  ['stream_options', object],
  ['metadata', object],
  ['tools', list],
  ['functions', list],
  ['tool_choice', textOrObject],
  ['parallel_tool_calls', flag],
  ['response_format', object],
  ['max_tokens', bound],
  ['max_completion_tokens', bound],
  ['n', count],
  ['temperature', number],
  ['top_p', number],
  ['presence_penalty', number],
  ['frequency_penalty', number],
  ['stop', textOrTexts],
];

/** The first documented field of a chat request that has the wrong type; null if all are right. `messages` and `model` are not looked at. */
export function wrongField(body: Readonly<Record<string, unknown>>): GatewayError | null {
  for (const [field, check] of checks) {
    const value = body[field];
    if (value !== undefined && value !== null && !check.holds(value)) return mustBe(field, check.expected);
  }
  const options = body['stream_options'];
  if (isObject(options)) {
    const usage = options['include_usage'];
    if (usage !== undefined && usage !== null && !flag.holds(usage)) return mustBe('stream_options.include_usage', flag.expected);
  }
  return wrongElement('tools', body['tools']) ?? wrongElement('functions', body['functions']);
}

/** A refusal that names the place and what was expected there. */
export function mustBe(param: string, expected: string): GatewayError {
  return gatewayError('invalid_request', `"${param}" must be ${expected}.`, { param });
}

function wrongElement(field: string, value: unknown): GatewayError | null {
  const wrong = Array.isArray(value) ? value.findIndex((element) => !isObject(element)) : -1;
  return wrong < 0 ? null : mustBe(`${field}[${wrong}]`, 'an object');
}

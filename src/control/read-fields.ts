import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';

/** What a field of an admin request may hold. */
export type FieldKind = 'text' | 'flag' | 'count' | 'number' | 'texts' | 'object';

/** The fields of one request, each of the kind that was asked for. What was not sent, or sent as null, reads as null, false or empty. */
export interface Fields {
  text(name: string): string | null;
  flag(name: string): boolean;
  count(name: string): number | null;
  number(name: string): number | null;
  texts(name: string): readonly string[];
  object(name: string): object | null;
}

const kindWords: Readonly<Record<FieldKind, string>> = {
  text: 'a text',
  flag: 'true or false',
  count: 'a whole number of 0 or more',
  number: 'a number',
  texts: 'a list of texts',
  object: 'an object',
};

/** Reads a small JSON object whose fields are all known. An empty body is an empty object; a field nobody knows is refused. */
export function readFields(bodyText: string, kinds: Readonly<Record<string, FieldKind>>): Fields | GatewayError {
  const value = parse(bodyText);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return gatewayError('invalid_request', 'The body must be a JSON object.');
  const sent = new Map<string, unknown>(Object.entries(value));
  for (const [name, content] of sent) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(kinds).join(', ');
      return gatewayError('invalid_request', `There is no field ${JSON.stringify(name.slice(0, 80))} here; there are ${known}.`, {
        param: name.slice(0, 80),
      });
    }
    if (content !== null && !isOfKind(content, kind))
      return gatewayError('invalid_request', `"${name}" must be ${kindWords[kind]}.`, { param: name });
  }
  return {
    text: (name) => ofType(sent.get(name), isText),
    flag: (name) => sent.get(name) === true,
    count: (name) => ofType(sent.get(name), isCount),
    number: (name) => ofType(sent.get(name), isNumber),
    texts: (name) => ofType(sent.get(name), isTexts) ?? [],
    object: (name) => ofType(sent.get(name), isObject),
  };
}

function parse(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'text':
      return isText(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'count':
      return isCount(value);
    case 'number':
      return isNumber(value);
    case 'texts':
      return isTexts(value);
    case 'object':
      return isObject(value);
  }
}

function ofType<T>(value: unknown, is: (value: unknown) => value is T): T | null {
  return is(value) ? value : null;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { findJsonMembers } from '#core/request/json-members.ts';
import type { JsonBounds, Span } from '#core/request/json-members.ts';

import { jsonFaultOffset } from './json-fault.ts';

/** Far above what any client sends; building more values than these would hold up everybody else's requests. */
const bounds: JsonBounds = { depthMax: 64, keysMax: 10_000, valuesMax: 500_000 };
const beyond: Readonly<Record<keyof JsonBounds, string>> = {
  depthMax: `is nested deeper than ${bounds.depthMax} levels`,
  keysMax: `has more than ${bounds.keysMax} keys`,
  valuesMax: `has more than ${bounds.valuesMax} values`,
};

/** Characters in which the place of a fault is looked for. */
const lookedAtMax = 1_000_000;

/** Fields by which clients of other gateways steer where a request goes and with whose key. Never honoured, whatever they say. */
const forbiddenFields = ['api_base', 'base_url', 'api_key', 'fallbacks', 'user_config', 'extra_headers', 'organization'];

/** A request body that is one JSON object within the limits. */
export interface JsonBody {
  /** The text as sent, less a byte order mark. */
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Where each top-level value stands in `text`. */
  readonly spans: ReadonlyMap<string, Span>;
}

/** Reads a JSON body for any surface: one object, bounded in depth and keys, no top-level key twice, no field that reaches out. */
export function readJsonBody(bodyText: string): JsonBody | GatewayError {
  const text = bodyText.charCodeAt(0) === 0xfeff ? bodyText.slice(1) : bodyText;
  // Counted first: parsing what was made to be expensive takes seconds.
  const members = findJsonMembers(text, bounds);
  if (members.exceeded !== null) return gatewayError('invalid_request', `The body ${beyond[members.exceeded]}; split it or send less.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return gatewayError('invalid_request', `The body is not JSON: ${placeOf(text)}.`);
  }
  if (!isObject(value)) return gatewayError('invalid_request', 'The body must be a JSON object.');
  if (members.repeated !== null) {
    const key = JSON.stringify(members.repeated.slice(0, 100));
    return gatewayError('invalid_request', `The field ${key} stands in the body twice.`, { param: members.repeated.slice(0, 100) });
  }
  const forbidden = forbiddenFields.find((field) => members.spans.has(field));
  if (forbidden !== undefined) {
    return gatewayError('invalid_request', `The field "${forbidden}" is never accepted: the policy alone says where requests go.`, {
      param: forbidden,
    });
  }
  return { text, value, spans: members.spans };
}

/** A JSON object, as opposed to an array or null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How every text that is a JSON object begins. */
const objectBegins = /^\uFEFF?[\t\n\r ]*\{/;

/** Parses a text that should be a JSON object; null for everything else. What cannot be one is not tried: the parser's error costs many times a look. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  if (!objectBegins.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function placeOf(text: string): string {
  if (text.trim() === '') return 'it is empty';
  const looked = text.length > lookedAtMax ? text.slice(0, lookedAtMax) : text;
  const offset = jsonFaultOffset(looked);
  if (offset >= text.length) return 'it ends too early';
  if (offset >= looked.length) return `it breaks somewhere behind character ${lookedAtMax}`;
  const before = text.slice(0, offset);
  return `see line ${before.split('\n').length}, column ${offset - before.lastIndexOf('\n')}`;
}

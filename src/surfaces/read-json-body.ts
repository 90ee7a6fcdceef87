import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { findJsonMembers } from '#core/request/json-members.ts';
import type { Span } from '#core/request/json-members.ts';

import { jsonFaultOffset } from './json-fault.ts';

const depthMax = 64;
const keysMax = 10_000;

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return gatewayError('invalid_request', `The body is not JSON: ${placeOf(text, jsonFaultOffset(text))}.`);
  }
  if (!isObject(value)) return gatewayError('invalid_request', 'The body must be a JSON object.');
  const members = findJsonMembers(text);
  if (members.depthMax > depthMax) return gatewayError('invalid_request', `The body is nested deeper than ${depthMax} levels.`);
  if (members.keyCount > keysMax) return gatewayError('invalid_request', `The body has more than ${keysMax} keys.`);
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

/** Parses a text that should be a JSON object; null for everything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function placeOf(text: string, offset: number): string {
  if (text.trim() === '') return 'it is empty';
  if (offset >= text.length) return 'it ends too early';
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `see line ${line}, column ${offset - before.lastIndexOf('\n')}`;
}

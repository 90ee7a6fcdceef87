import { Buffer } from 'node:buffer';

import type { Delta, ReplyEvent } from '#core/reply/event.ts';

/** What one payload means: a reply event without its bytes. */
export interface Payload {
  readonly kind: ReplyEvent['kind'];
  readonly deltas: readonly Delta[];
}

/** Turns the data of one event into its meaning. `name` is the SSE event name, or empty. Never throws. */
export type PayloadReader = (data: string, name: string) => Payload;

/** A parsed JSON object whose fields nobody has checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The name a stream last gave for the model that answers. */
export interface ModelSeen {
  model: string | null;
}

const noDeltas: readonly Delta[] = [];
export const noise: Payload = { kind: 'noise', deltas: noDeltas };
export const malformed: Payload = { kind: 'malformed', deltas: noDeltas };

/** More tokens than any context holds; a count beyond it is a server's mistake. */
const tokensMax = 1_000_000_000;
/** More choices or parallel calls than any reply has; keeps a hostile index from growing the tables of whoever assembles. */
const indexMax = 1023;
const messageCharsMax = 4000;

/** A `data` payload. */
export function dataOf(deltas: readonly Delta[]): Payload {
  return { kind: 'data', deltas };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as array; an empty one if it is anything else. */
export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as text that says something, else null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The value as position among choices, blocks or calls, else null. */
export function indexOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= indexMax ? value : null;
}

/** The value as count of tokens; null for what no server can mean (negative, NaN, a string, beyond 10^9). */
export function tokensOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= tokensMax ? value : null;
}

/** Parses text that has to be a JSON object; null for everything else. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The arguments of a tool call as JSON text, whether the server sends text or the value itself. */
export function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  try {
    return JSON.stringify(value);
  } catch {
    // A value nested deeper than the serialiser's stack can parse but not be written; such a call has no usable arguments.
    return '';
  }
}

/** Adds a `model` delta if the server names another model than before. */
export function addModel(deltas: Delta[], name: unknown, seen: ModelSeen): void {
  if (typeof name !== 'string' || name === seen.model || name === '') return;
  seen.model = name;
  deltas.push({ type: 'model', name });
}

function statusOf(value: unknown): number | null {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : null;
}

type ErrorDelta = Extract<Delta, { type: 'error' }>;

/** Reads what servers put under `error`: an object, a text, or anything else that is not false or empty. Null if it reports no error. */
export function errorOf(error: unknown): ErrorDelta | null {
  if (error === undefined || error === null || error === false || error === '' || error === 0) return null;
  if (typeof error === 'string') return errorFrom({ message: error });
  return errorFrom(isObject(error) ? error : {});
}

/** Reads an error's own fields. */
export function errorFrom(error: JsonObject): ErrorDelta {
  const message = textOf(error['message']) ?? textOf(error['detail']) ?? textOf(error['type']) ?? textOf(error['code']);
  return {
    type: 'error',
    message: (message ?? 'the server reports an error without a message').slice(0, messageCharsMax),
    status: statusOf(error['code']) ?? statusOf(error['status']) ?? statusOf(error['status_code']),
  };
}

/** The bytes as Buffer over the same memory. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads a whole body, which has to be one JSON object; invalid UTF-8 becomes U+FFFD. */
export function readBody(body: Uint8Array, read: (payload: JsonObject) => Payload): ReplyEvent {
  const text = bufferOver(body).toString('utf8');
  const object = parseObject(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  const { kind, deltas } = object === null ? malformed : read(object);
  return { raw: body, kind, deltas };
}

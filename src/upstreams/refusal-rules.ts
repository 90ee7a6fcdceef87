import type { Refusal } from '#core/attempt/refusal.ts';

import { readRetryAfterMs } from './retry-after.ts';

/** One line of a kind's reading of failures. The first that holds decides. */
export interface RefusalRule {
  /** Statuses it is for: single ones, or the first digit of a class (5 for 5xx). */
  readonly statuses: readonly number[];
  /** What the server's words must look like; any words if left out. */
  readonly says?: RegExp;
  /** Holds only where the server said when to try again. */
  readonly asksToRetry?: true;
  readonly meaning: Refusal['meaning'];
}

const messageCharsMax = 500;
/** Words beyond this are not searched: the reason comes first, and the pattern's cost stays small. */
const searchedCharsMax = 4000;

/** Reads a reply that is not a success by an ordered table. What no rule knows is `failed`. */
export function readRefusalBy(
  rules: readonly RefusalRule[],
  reply: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string },
): Refusal {
  const { status } = reply;
  const words = wordsOf(reply.body);
  const retryAfterMs = readRetryAfterMs(reply.headers);
  const searched = words.join(' · ').slice(0, searchedCharsMax);
  const rule = rules.find(
    ({ statuses, says, asksToRetry }) =>
      (statuses.includes(status) || statuses.includes(Math.floor(status / 100))) &&
      (says === undefined || says.test(searched)) &&
      (asksToRetry === undefined || retryAfterMs !== null),
  );
  return { meaning: rule?.meaning ?? 'failed', status, retryAfterMs, message: (words[0] ?? '').slice(0, messageCharsMax) };
}

/**
 * The server's own words: the message first, then code and type. Only these are searched, never the whole body: servers echo the
 * caller's input in other fields, and a caller must not be able to make an error mean what he likes.
 */
function wordsOf(body: string): readonly string[] {
  const text = body.trim();
  if (/^(?:<|\uFEFF<)/.test(text)) return [titleOf(text)];
  const value = parse(text);
  if (value === undefined) return text === '' ? [] : [clean(text)];
  const words = [...wordsOfError(value)].filter((word) => word !== '').map(clean);
  return words.length === 0 ? ['the server gave no reason'] : words;
}

function* wordsOfError(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  if (Array.isArray(value)) yield* wordsOfError(value[0]);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const error: Readonly<Record<string, unknown>> = { ...value };
  // FastAPI: `detail` is a text, or a list of `{loc, msg, input}`; OpenAI: `error`; others put `message` on top.
  for (const field of ['error', 'message', 'msg', 'detail']) {
    const inner = error[field];
    if (typeof inner === 'string') yield inner;
    else if (typeof inner === 'object' && inner !== null) yield* shallowWords(inner);
  }
  for (const field of ['code', 'type']) if (typeof error[field] === 'string') yield error[field];
}

/** One level only: errors in errors in errors are nobody's format. */
function* shallowWords(value: object): Generator<string> {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first === 'string') yield first;
  if (typeof first !== 'object' || first === null) return;
  const error: Readonly<Record<string, unknown>> = { ...first };
  for (const field of ['message', 'msg', 'detail', 'code', 'type']) if (typeof error[field] === 'string') yield error[field];
}

function titleOf(html: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(html.slice(0, searchedCharsMax))?.[1];
  return title === undefined ? 'an HTML page' : `an HTML page: ${clean(title)}`;
}

function clean(text: string): string {
  return text.slice(0, searchedCharsMax).replaceAll(/\s+/g, ' ').trim();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

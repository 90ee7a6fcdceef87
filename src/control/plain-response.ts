import type { PlainResponse } from './endpoint.ts';

export function jsonResponse(value: unknown, status = 200): PlainResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

/** One line for people and simple programs. */
export function lineResponse(line: string, status = 200): PlainResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${line}\n` };
}

import assert from 'node:assert/strict';
import type { Answer } from './fake-client.ts';

interface Message {
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly { readonly id?: string; readonly function?: { readonly name?: string; readonly arguments?: string } }[];
}

interface Payload {
  readonly error?: { readonly code: string; readonly message: string; readonly type: string };
  readonly choices?: readonly { readonly delta?: Message; readonly message?: Message; readonly finish_reason?: string | null }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null;
}

/** The payloads of an answer: the events of a stream without its terminator, or the one body. */
export function payloadsOf({ headers, text }: Pick<Answer, 'headers' | 'text'>): readonly Payload[] {
  const texts = isStream(headers)
    ? text
        .split('\n\n')
        .filter((event) => event.startsWith('data:') && event.slice(5).trim() !== '[DONE]')
        .map((event) => event.slice(5))
    : [text];
  return texts.map((each) => {
    const value: unknown = JSON.parse(each);
    assert.ok(isPayload(value));
    return value;
  });
}

function isStream(headers: Answer['headers']): boolean {
  return (headers['content-type'] ?? '').startsWith('text/event-stream');
}

function messagesOf(answer: Answer): readonly Message[] {
  return payloadsOf(answer).flatMap((payload) => (payload.choices ?? []).map((choice) => choice.delta ?? choice.message ?? {}));
}

/** The words of an answer. */
export function contentOf(answer: Answer): string {
  return messagesOf(answer)
    .map((message) => message.content ?? '')
    .join('');
}

export function reasoningOf(answer: Answer): string {
  return messagesOf(answer)
    .map((message) => message.reasoning_content ?? '')
    .join('');
}

/** The arguments of all tool calls, joined. */
export function toolArgumentsOf(answer: Answer): string {
  const calls = messagesOf(answer).flatMap((message) => message.tool_calls ?? []);
  return calls.map((call) => call.function?.arguments ?? '').join('');
}

export function finishOf(answer: Answer): string | null {
  const reasons = payloadsOf(answer).flatMap((payload) => (payload.choices ?? []).map((choice) => choice.finish_reason ?? null));
  return reasons.findLast((reason) => reason !== null) ?? null;
}

export function usageOf(answer: Answer): Payload['usage'] {
  return payloadsOf(answer).findLast((payload) => payload.usage)?.usage ?? null;
}

/** The error a caller was told, in band or as the body; null if none. */
export function errorOf(answer: Answer): NonNullable<Payload['error']> | null {
  return payloadsOf(answer).find((payload) => payload.error)?.error ?? null;
}

export function doneCount({ text }: Pick<Answer, 'text'>): number {
  return text.split('\n\n').filter((event) => event === 'data: [DONE]').length;
}

/** What holds for every answer that was not cut: a stream ends in its terminator or in an error event, never in both or neither. */
export function assertWellFormed(answer: Answer): void {
  if (answer.cut) return;
  assert.notEqual(answer.status, 0, 'an answer has a head');
  if (!isStream(answer.headers)) {
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.text)));
    payloadsOf(answer);
    return;
  }
  const error = errorOf(answer);
  assert.equal(doneCount(answer), error === null ? 1 : 0, `one terminator or an error: ${answer.text}`);
  assert.ok(answer.text.endsWith('\n\n'), 'the last event is delimited');
  if (error === null) assert.ok(answer.text.endsWith('data: [DONE]\n\n'), 'nothing after the terminator');
  else assert.ok(payloadsOf(answer).at(-1)?.error, 'nothing after the error');
}

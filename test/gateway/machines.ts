import { chatStream, chatWhole } from '#upstreams/scripted/chat-script.ts';
import type { ChatAnswer } from '#upstreams/scripted/chat-script.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import type { Script, Step } from '#upstreams/scripted/script.ts';

/** Whether a request asked for a stream. */
export function asksStream({ json }: RequestLog): boolean {
  return isJsonObject(json) && json['stream'] === true;
}

export const someUsage = { prompt_tokens: 12, completion_tokens: 3 };

/** A machine that answers in the form that was asked for. */
export function answers(text: string | readonly string[], more: Partial<ChatAnswer> = {}): ScriptHandler {
  const answer: ChatAnswer = { model: 'm', text, usage: someUsage, ...more };
  return (request) => (asksStream(request) ? chatStream(answer, { includeUsage: true }) : chatWhole(answer));
}

/** Plays one script after the other, one for each request; the last one stays. */
export function inTurn(...turns: readonly (Script | ScriptHandler)[]): ScriptHandler {
  let next = 0;
  return (request) => {
    const turn = turns[Math.min(next++, turns.length - 1)] ?? [];
    return typeof turn === 'function' ? turn(request) : turn;
  };
}

/** The head of a stream, some events, then whatever else; steps of its own stand where they are written. */
export function streamOf(...parts: readonly (Step | string)[]): Script {
  return [
    { do: 'header', name: 'content-type', value: 'text/event-stream' },
    { do: 'flush' },
    ...parts.map((part): Step => (typeof part === 'string' ? { do: 'body', bytes: part } : part)),
  ];
}

/** One event of a chat stream. */
export function chunk(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

export const roleEvent = chunk({ role: 'assistant', content: '' });
export const word = (text: string): string => chunk({ content: text });
export const finishEvent = chunk({}, 'stop');
export const usageEvent = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { ...someUsage, total_tokens: 15 } })}\n\n`;
export const doneEvent = 'data: [DONE]\n\n';
export const gate = (name = 'go'): Step => ({ do: 'gate', name });

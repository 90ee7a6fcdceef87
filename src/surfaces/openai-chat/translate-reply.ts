import { Buffer } from 'node:buffer';

import type { Delta, FinishReason, ReplyEvent, Usage } from '#core/reply/event.ts';
import type { ReplyIdentity, ReplyTranslator } from '#surfaces/kind.ts';

import { terminatorEvent } from './write-reply.ts';

type ToolDelta = Extract<Delta, { type: 'tool' }>;

/** Spells a reply of any dialect as a chat stream. One for each reply. */
export function chatTranslator(identity: ReplyIdentity): ReplyTranslator {
  return new ChatTranslator(identity);
}

class ChatTranslator implements ReplyTranslator {
  readonly #identity: ReplyIdentity;
  #model: string;
  /** Choices that have been opened by their role. */
  readonly #opened = new Set<number>();
  /** For each choice, its calls by their index, and whether any of the arguments has come. */
  readonly #calls = new Map<number, Map<number, { argued: boolean }>>();
  #finished = false;
  /** Counts that no event has told yet: they are told once, after the finish. */
  #usage: Usage | null = null;

  constructor(identity: ReplyIdentity) {
    this.#identity = identity;
    this.#model = identity.model;
  }

  event(foreign: ReplyEvent): readonly ReplyEvent[] {
    if (foreign.kind !== 'data') return [];
    const events: ReplyEvent[] = [];
    const ended = foreign.deltas.some((delta) => delta.type === 'end');
    for (const delta of foreign.deltas) this.#take(delta, events);
    // Callers are promised the counts last; an upstream may give them before, with or after the finish.
    if (this.#usage !== null && (this.#finished || ended)) {
      events.push(this.#usageEvent(this.#usage));
      this.#usage = null;
    }
    if (ended) events.push({ raw: Buffer.from(terminatorEvent), kind: 'data', deltas: [{ type: 'end' }] });
    return events;
  }

  #take(delta: Delta, events: ReplyEvent[]): void {
    switch (delta.type) {
      case 'content':
        this.#say(delta, { content: delta.text }, events);
        return;
      case 'reasoning':
        this.#say(delta, { reasoning_content: delta.text }, events);
        return;
      case 'refusal':
        this.#say(delta, { refusal: delta.text }, events);
        return;
      case 'tool':
        this.#call(delta, events);
        return;
      case 'finish':
        this.#finish(delta, events);
        return;
      case 'usage':
        this.#usage = { input: delta.input, output: delta.output, cachedInput: delta.cachedInput, reasoning: delta.reasoning };
        return;
      case 'model':
        this.#model = delta.name;
        return;
      case 'vector':
      case 'error':
      case 'end':
        return;
    }
  }

  #say(delta: Exclude<Delta, { type: 'finish' | 'usage' | 'model' | 'error' | 'end' }>, said: object, events: ReplyEvent[]): void {
    this.#open(delta.choice, events);
    events.push(this.#chunk([delta], [choiceOf(delta.choice, said, null)]));
  }

  /** Every choice begins by its role. */
  #open(choice: number, events: ReplyEvent[]): void {
    if (this.#opened.has(choice)) return;
    this.#opened.add(choice);
    events.push(this.#chunk([], [choiceOf(choice, { role: 'assistant', content: '' }, null)]));
  }

  /** The first piece of a call has its id and name, the others only more arguments. */
  #call(delta: ToolDelta, events: ReplyEvent[]): void {
    const { choice, index, arguments: text } = delta;
    const calls = this.#callsOf(choice);
    const call = calls.get(index);
    if (call !== undefined) {
      call.argued ||= text !== '';
      const told: ToolDelta = { ...delta, id: null, name: null };
      this.#say(told, { tool_calls: [{ index, function: { arguments: text } }] }, events);
      return;
    }
    calls.set(index, { argued: text !== '' });
    const id = delta.id ?? callId(this.#identity.id, delta);
    const said = { index, id, type: 'function', function: { name: delta.name ?? '', arguments: text } };
    this.#say({ ...delta, id }, { tool_calls: [said] }, events);
  }

  #finish({ choice, reason }: Extract<Delta, { type: 'finish' }>, events: ReplyEvent[]): void {
    const calls = this.#callsOf(choice);
    for (const [index, call] of calls) {
      // Clients parse the arguments, and no text at all is no JSON.
      if (!call.argued) this.#take({ type: 'tool', choice, index, id: null, name: null, arguments: '{}' }, events);
    }
    this.#open(choice, events);
    this.#finished = true;
    const told = finishWord(reason, calls.size > 0);
    events.push(this.#chunk([{ type: 'finish', choice, reason: told }], [choiceOf(choice, {}, told)]));
  }

  #callsOf(choice: number): Map<number, { argued: boolean }> {
    const calls = this.#calls.get(choice) ?? new Map<number, { argued: boolean }>();
    this.#calls.set(choice, calls);
    return calls;
  }

  #usageEvent(usage: Usage): ReplyEvent {
    return this.#chunk([{ type: 'usage', ...usage }], [], { usage: usageOf(usage) });
  }

  #chunk(deltas: readonly Delta[], choices: readonly object[], more: object = {}): ReplyEvent {
    const { id, createdAt } = this.#identity;
    const created = Math.floor(createdAt / 1000);
    const chunk = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created, model: this.#model, choices, ...more };
    return { raw: Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`), kind: 'data', deltas };
  }
}

function choiceOf(index: number, delta: object, finish: string | null): object {
  return { index, delta, logprobs: null, finish_reason: finish };
}

/** An id for a call whose upstream gave none: the same whenever this reply is told, another for every other call. At most 40 characters. */
function callId(requestId: string, { choice, index }: ToolDelta): string {
  return `call_${requestId.replaceAll(/[^A-Za-z0-9]/g, '').slice(-24)}_${choice === 0 ? '' : `${choice}_`}${index}`;
}

/** Some servers say `stop` although calls were made. */
function finishWord(reason: FinishReason, called: boolean): FinishReason {
  if (reason === 'stop' || reason === 'other') return called ? 'tool_calls' : 'stop';
  return reason;
}

function usageOf({ input, output, cachedInput, reasoning }: Usage): object {
  return {
    prompt_tokens: input ?? 0,
    completion_tokens: output ?? 0,
    total_tokens: (input ?? 0) + (output ?? 0),
    ...(cachedInput === null ? {} : { prompt_tokens_details: { cached_tokens: cachedInput } }),
    ...(reasoning === null ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}

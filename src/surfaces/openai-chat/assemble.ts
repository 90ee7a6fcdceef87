import { Buffer } from 'node:buffer';

import type { ReplyEvent } from '#core/reply/event.ts';
import { readFields } from '#dialects/sse-fields.ts';
import { TextFrame } from '#dialects/text-frame.ts';
import { isObject, parseObject } from '#surfaces/read-json-body.ts';

import { boundedCopy, mergeDelta } from './merge-delta.ts';
import type { Merged } from './merge-delta.ts';

/** More choices or parallel calls than any reply has; keeps a hostile index from growing anything. */
const indexMax = 1023;

interface Choice {
  readonly index: number;
  readonly message: Merged;
  readonly calls: ToolCalls;
  /** What stands beside the delta: `finish_reason`, `logprobs`, `stop_reason` and whatever else the server says. */
  readonly rest: Merged;
}

/** Tool calls by their `index`; servers that leave it out are followed by `id`, and failing that continue the last call. */
interface ToolCalls {
  readonly byIndex: Map<number, Merged>;
  readonly indexOfId: Map<string, number>;
  last: number;
}

/**
 * Builds one `chat.completion` from the chunks of a complete streamed reply. Texts of a delta are joined, arrays too, tool calls by their
 * index; of everything else the last value that is not null stands. Fields nobody here knows (`reasoning_content`, `timings`, …) are kept.
 */
export function assembleChatReply(events: readonly ReplyEvent[]): Uint8Array {
  const head: Merged = Object.create(null);
  const choices = new Map<number, Choice>();
  const frame = new TextFrame();
  let steady: Choice | null = null;
  for (const event of events) {
    if (event.kind !== 'data') continue;
    const raw = Buffer.from(event.raw.buffer, event.raw.byteOffset, event.raw.byteLength);
    const data = readFields(raw, true).data ?? '';
    const text = steady === null ? null : frame.textIn(data);
    if (steady !== null && text !== null) {
      mergeDelta(steady.message, 'content', text);
      continue;
    }
    const whole = parseObject(raw.toString('utf8'));
    // The server ignored `stream: true` and sent the body whole: nothing to assemble.
    if (whole !== null && Array.isArray(whole['choices'])) return event.raw;
    const chunk = parseObject(data);
    if (chunk !== null) addChunk(chunk, head, choices);
    const only = onlyContent(chunk);
    steady = only === null ? null : (choices.get(only.index) ?? null);
    frame.learn(data, only?.text ?? null, (other) => onlyContent(parseObject(other))?.text ?? null);
  }
  return Buffer.from(JSON.stringify(completion(head, choices)));
}

/** The text of a chunk that, said again with another text, would add this text to what its choice says and change nothing else. */
function onlyContent(chunk: Readonly<Record<string, unknown>> | null): { readonly index: number; readonly text: string } | null {
  const [choice, second] = chunk !== null && Array.isArray(chunk['choices']) ? (chunk['choices'] as readonly unknown[]) : [];
  if (!isObject(choice) || second !== undefined || !isObject(choice['delta'])) return null;
  const { content, role: _role, ...others } = choice['delta'];
  const { index, delta: _delta, ...rest } = choice;
  const repeated = Object.values(others).every((value) => value === null) && Object.values(rest).every((value) => !isNested(value));
  return repeated && typeof content === 'string' && content !== '' ? { index: positionOf(index) ?? 0, text: content } : null;
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function addChunk(chunk: Readonly<Record<string, unknown>>, head: Merged, choices: Map<number, Choice>): void {
  for (const [field, value] of Object.entries(chunk)) {
    if (field === 'choices') {
      for (const choice of Array.isArray(value) ? value : []) if (isObject(choice)) addChoice(choice, choices);
    } else if (value !== null && value !== '' && !(isFirstOnly(field) && field in head)) {
      head[field] = boundedCopy(value);
    }
  }
}

/** One reply has one identity, even where a server makes a new id for every chunk. */
function isFirstOnly(field: string): boolean {
  return field === 'id' || field === 'created' || field === 'model';
}

function addChoice(from: Readonly<Record<string, unknown>>, choices: Map<number, Choice>): void {
  const index = positionOf(from['index']) ?? 0;
  const choice: Choice = choices.get(index) ?? {
    index,
    message: Object.create(null),
    calls: { byIndex: new Map(), indexOfId: new Map(), last: 0 },
    rest: Object.create(null),
  };
  choices.set(index, choice);
  for (const [field, value] of Object.entries(from)) {
    if (field === 'index' || value === null) continue;
    // Some servers end a stream with a whole `message` instead of a last delta.
    if (field === 'delta' || field === 'message') addDelta(value, choice);
    else if (typeof value === 'string') choice.rest[field] = value;
    else mergeDelta(choice.rest, field, value);
  }
}

function addDelta(delta: unknown, choice: Choice): void {
  if (!isObject(delta)) return;
  for (const [field, value] of Object.entries(delta)) {
    if (field === 'tool_calls') {
      for (const call of Array.isArray(value) ? value : []) if (isObject(call)) addCall(call, choice.calls);
    } else if (value !== null) mergeDelta(choice.message, field, value);
  }
}

function addCall(call: Readonly<Record<string, unknown>>, calls: ToolCalls): void {
  const id = typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : null;
  const index = positionOf(call['index']) ?? indexWithout(id, calls);
  calls.last = index;
  if (id !== null) calls.indexOfId.set(id, index);
  const merged: Merged = calls.byIndex.get(index) ?? Object.create(null);
  calls.byIndex.set(index, merged);
  for (const [field, value] of Object.entries(call)) if (field !== 'index' && value !== null) mergeDelta(merged, field, value);
}

function indexWithout(id: string | null, calls: ToolCalls): number {
  if (id === null) return calls.last;
  return calls.indexOfId.get(id) ?? Math.min(calls.byIndex.size, indexMax);
}

function positionOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= indexMax ? value : null;
}

function completion(head: Merged, choices: ReadonlyMap<number, Choice>): object {
  const { id, created, model, usage, object: _chunk, ...others } = head;
  const sorted = [...choices.values()].toSorted((a, b) => a.index - b.index);
  return {
    id: id ?? 'chatcmpl',
    object: 'chat.completion',
    created: created ?? 0,
    model: model ?? '',
    choices: sorted.map(wholeChoice),
    ...(usage === undefined ? {} : { usage }),
    ...others,
  };
}

function wholeChoice(choice: Choice): object {
  const { role, content, ...others } = choice.message;
  const calls = [...choice.calls.byIndex].toSorted(([a], [b]) => a - b).map(([, call]) => ({ type: 'function', ...call }));
  const called = calls.length > 0 || 'function_call' in others;
  const message = {
    role: role ?? 'assistant',
    content: called && (content === undefined || content === '') ? null : (content ?? ''),
    ...others,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return { index: choice.index, message, logprobs: null, finish_reason: null, ...choice.rest };
}

import { errorCatalog } from '#core/errors/catalog.ts';
import type { VirtualCaller } from './virtual-caller.ts';

/** What a caller makes of what it heard, without any code of the gatehouse. */
export interface ReadAnswer {
  /**
   * `whole`: a finished answer; `error`: an error it can understand, after which nothing more came; `cut`: it left or was cut off;
   * `nothing`: the connection is open and nothing was said to the end; `ill`: neither of these, see `why`.
   */
  readonly form: 'whole' | 'error' | 'cut' | 'nothing' | 'ill';
  readonly why: string;
  readonly status: number;
  readonly code: string | null;
  readonly text: string;
  readonly reasoning: string;
  readonly toolArguments: string;
  readonly finish: string | null;
  readonly usages: number;
}

interface Said {
  text: string;
  reasoning: string;
  toolArguments: string;
  finish: string | null;
  usages: number;
}

/** Reads what a caller heard. */
export function readAnswer(caller: VirtualCaller, asked: { readonly stream: boolean }): ReadAnswer {
  const head = caller.heard.find((each) => each.type === 'head');
  const said: Said = { text: '', reasoning: '', toolArguments: '', finish: null, usages: 0 };
  const answer = (form: ReadAnswer['form'], why: string, code: string | null = null): ReadAnswer => ({
    form,
    why,
    code,
    status: head?.type === 'head' ? head.status : 0,
    ...said,
  });
  if (!head || head.type !== 'head') return caller.gone === null ? answer('nothing', 'not even a head') : answer('cut', 'before the head');
  const type = head.headers['content-type'] ?? '';
  if (type.startsWith('text/event-stream')) {
    const read = readStream(caller.text, said);
    if (!asked.stream) return answer('ill', 'a stream that nobody asked for');
    if (read.form === 'open' && !caller.ended)
      return caller.gone === null ? answer('nothing', 'the stream did not end') : answer('cut', 'in the middle');
    if (read.form === 'open') return answer('ill', 'the stream ended without a terminator or an error');
    if (read.form === 'ill') return answer('ill', read.why);
    return answer(read.form, '', read.code);
  }
  if (!caller.ended) return caller.gone === null ? answer('nothing', 'the body did not end') : answer('cut', 'in the body');
  const length = Number(head.headers['content-length']);
  if (length !== caller.bytes) return answer('ill', `content-length ${length} for ${caller.bytes} bytes`);
  const body = parse(caller.text);
  if (head.status !== 200) {
    const code = errorCodeOf(body);
    const row = code !== null && isCode(code) ? errorCatalog[code] : null;
    if (!row) return answer('ill', `an error without its envelope: ${caller.text.slice(0, 80)}`);
    if (row.status !== head.status) return answer('ill', `${code} with status ${head.status}`);
    if (head.status === 429 && !(Number(head.headers['retry-after']) >= 1)) return answer('ill', '429 without Retry-After');
    return answer('error', '', code);
  }
  if (asked.stream) return answer('ill', 'a whole body for a stream');
  const choices = field(body, 'choices');
  if (!Array.isArray(choices) || choices.length !== 1) return answer('ill', 'a body without its one choice');
  add(choices[0], 'message', said);
  return said.finish === null ? answer('ill', 'a whole answer that does not say why it ended') : answer('whole', '');
}

function isCode(code: string): code is keyof typeof errorCatalog {
  return Object.hasOwn(errorCatalog, code);
}

type StreamRead =
  | { readonly form: 'whole' | 'error' | 'open'; readonly code: string | null }
  | { readonly form: 'ill'; readonly why: string };

function readStream(text: string, said: Said): StreamRead {
  // A mark at the start and any line end are the stream's own business; whatever else is odd is not.
  const blocks = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split('\n\n');
  const tail = blocks.pop();
  let over: StreamRead = { form: 'open', code: null };
  for (const block of blocks) {
    const lines = block.split('\n').filter((line) => !line.startsWith(':'));
    if (lines.length === 0) continue;
    if (!lines.every((line) => line.startsWith('data:'))) return { form: 'ill', why: `not an event: ${block.slice(0, 60)}` };
    if (over.form !== 'open') return { form: 'ill', why: `something behind the end: ${block.slice(0, 60)}` };
    const data = lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
    if (data === '[DONE]') {
      if (said.finish === null) return { form: 'ill', why: 'a terminator without a finish reason' };
      over = { form: 'whole', code: null };
      continue;
    }
    const event = parse(data);
    if (event === null) return { form: 'ill', why: `an event that does not parse: ${data.slice(0, 60)}` };
    const code = errorCodeOf(event);
    if (code !== null) {
      over = { form: 'error', code };
      continue;
    }
    if (field(event, 'usage')) said.usages++;
    const choices = field(event, 'choices');
    if (!Array.isArray(choices)) return { form: 'ill', why: `an event without choices: ${data.slice(0, 60)}` };
    for (const choice of choices) {
      if (said.finish !== null) return { form: 'ill', why: 'content behind the finish reason' };
      add(choice, 'delta', said);
    }
  }
  return tail === '' ? over : { form: 'ill', why: `half an event: ${String(tail).slice(0, 60)}` };
}

function add(choice: unknown, part: 'delta' | 'message', said: Said): void {
  const delta = field(choice, part);
  said.text += words(field(delta, 'content'));
  said.reasoning += words(field(delta, 'reasoning_content'));
  const calls = field(delta, 'tool_calls');
  if (Array.isArray(calls)) for (const call of calls) said.toolArguments += words(field(field(call, 'function'), 'arguments'));
  const finish = field(choice, 'finish_reason');
  if (typeof finish === 'string') said.finish = finish;
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return fields[name];
}

function errorCodeOf(value: unknown): string | null {
  const error = field(value, 'error');
  const code = field(error, 'code');
  return typeof code === 'string' && typeof field(error, 'message') === 'string' && typeof field(error, 'type') === 'string' ? code : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

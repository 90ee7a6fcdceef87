import { errorCatalog } from '#core/errors/catalog.ts';
import { secretOfMachine } from '#upstreams/scripted/faults/refusal-faults.ts';
import type { FaultCall, FaultCase } from '#upstreams/scripted/faults/fault.ts';
import type { ExpectedEnd } from './expected-end.ts';
import type { Heard } from './fault-client.ts';
import { callOf } from './fault-answer.ts';

/** One request as its caller knows it. */
export interface Asked {
  readonly nonce: string;
  readonly form: 'stream' | 'whole';
}

/** What is wrong with what a caller heard; nothing, if it is what had to come. */
export function judgeAnswer(heard: Heard, asked: Asked, { end }: ExpectedEnd): readonly string[] {
  const wrong = [...foreignWords(heard, asked)];
  switch (end.type) {
    case 'left':
    case 'cut':
      if (heard.proper) wrong.push('a caller who left has a proper end');
      return wrong;
    case 'error':
      return [...wrong, ...judgeError(heard, end.code)];
    case 'answered':
      return [...wrong, ...(asked.form === 'whole' ? judgeWhole : judgeStream)(heard, wordsOf(end.machine, end.fault, asked))];
    case 'broken':
      return [
        ...wrong,
        ...judgeBroken(heard, { said: wordsOf(end.machine, end.fault, asked), code: end.code, endless: end.fault.endless ?? null }),
      ];
  }
}

/** The text a caller holds once it has everything. */
function wordsOf(machine: string, fault: FaultCase | null, { nonce, form }: Asked): string {
  const call: FaultCall = callOf({ nonce, machine, elsewhere: '' }, { stream: form === 'stream', includeUsage: false, model: '' });
  return fault?.hears?.(call) ?? call.answer.text.join('');
}

/** Words of another caller's request, and words that machines say to the house alone. */
function foreignWords({ text, headers }: Heard, { nonce }: Asked): readonly string[] {
  const all = text + JSON.stringify(headers);
  const canaries = [...all.matchAll(/‹(\w+)\./g)].map(([, of]) => of).filter((of) => of !== nonce);
  return [
    ...(canaries.length === 0 ? [] : [`words of other callers: ${[...new Set(canaries)].join(' ')}`]),
    ...(all.includes(secretOfMachine) ? ['what a machine said to the house alone was told to the caller'] : []),
    ...(/<html|Bad Gateway<|rubbish|never whole/i.test(all) ? ['what is no part of an answer was told to the caller'] : []),
  ];
}

function judgeError({ status, headers, text, proper }: Heard, code: keyof typeof errorCatalog): readonly string[] {
  const wrong: string[] = [];
  const { status: wanted, retry } = errorCatalog[code];
  if (!proper) wrong.push('the error has no proper end');
  if (status !== wanted) wrong.push(`status ${status} instead of ${wanted}`);
  const said = parsed(text);
  const found = said?.error?.code;
  if (found !== code)
    wrong.push(`the error is ${JSON.stringify(found ?? text.slice(0, 300))} instead of ${code}: ${said?.error?.message ?? ''}`);
  if ((headers['x-should-retry'] === 'false') === retry) wrong.push(`x-should-retry is ${String(headers['x-should-retry'])}`);
  const after = headers['retry-after'];
  if ((code === 'saturated' || code === 'model_loading') !== (after !== undefined)) wrong.push(`Retry-After is ${String(after)}`);
  if (after !== undefined && !(/^\d+$/.test(after) && Number(after) >= 1 && Number(after) <= 60)) wrong.push(`Retry-After is ${after}`);
  return wrong;
}

function judgeWhole({ status, text, proper }: Heard, said: string): readonly string[] {
  const wrong: string[] = [];
  if (status !== 200) return [`status ${status}: ${text.slice(0, 300)}`];
  if (!proper) wrong.push('the answer has no proper end');
  const choice = parsed(text)?.choices?.[0];
  const content = choice?.message?.content;
  if (content !== said) wrong.push(`the answer is ${JSON.stringify(content ?? text.slice(0, 300))} instead of ${JSON.stringify(said)}`);
  if (choice?.finish_reason !== 'stop') wrong.push('no finish reason');
  return wrong;
}

function judgeStream({ status, text, proper, left }: Heard, said: string): readonly string[] {
  if (status !== 200) return [`status ${status}: ${text.slice(0, 300)}`];
  const wrong: string[] = [];
  // Whoever left at the terminator had everything before.
  if (!proper && !left) wrong.push('the stream has no proper end');
  const events = eventsOf(text);
  if (events.at(-1) !== '[DONE]' || events.filter((event) => event === '[DONE]').length !== 1)
    wrong.push(`not one terminator: …${text.slice(-200)}`);
  const chunks = events.slice(0, -1).map(parsed);
  const content = contentOf(chunks);
  if (content !== said) wrong.push(`the answer is ${shown(content)} instead of ${shown(said)}`);
  const finishes = chunks.filter((chunk) => typeof chunk?.choices?.[0]?.finish_reason === 'string').length;
  if (finishes !== 1) wrong.push(`${finishes} finish reasons`);
  if (chunks.some((chunk) => chunk === null || chunk.error !== undefined)) wrong.push('an event that is none of an answer');
  return wrong;
}

function judgeBroken(
  { status, text, proper }: Heard,
  { said, code, endless }: { readonly said: string; readonly code: string; readonly endless: string | null },
): readonly string[] {
  if (status !== 200) return [`status ${status}: ${text.slice(0, 300)}`];
  const wrong: string[] = [];
  if (!proper) wrong.push('the stream has no proper end');
  const events = eventsOf(text);
  if (events.includes('[DONE]')) wrong.push('a broken answer looks whole: it has a terminator');
  const last = parsed(events.at(-1) ?? '');
  if (last?.error?.code !== code) wrong.push(`the last event is ${shown(events.at(-1) ?? '')} instead of the error ${code}`);
  const chunks = events.slice(0, -1).map(parsed);
  if (chunks.some((chunk) => chunk === null || chunk.error !== undefined)) wrong.push('an event that is none of an answer');
  if (chunks.some((chunk) => typeof chunk?.choices?.[0]?.finish_reason === 'string'))
    wrong.push('a broken answer looks whole: it has a finish reason');
  const content = contentOf(chunks);
  if (content === '') wrong.push('broken before a word was told');
  if (!isBeginning(content, said, endless)) wrong.push(`the beginning is ${shown(content)}, the answer ${shown(said)}`);
  return wrong;
}

/** Whether a text is the beginning of what was said, or of that with a piece that comes again and again. */
function isBeginning(content: string, said: string, endless: string | null): boolean {
  if (said.startsWith(content)) return true;
  if (endless === null) return false;
  let same = 0;
  while (same < said.length && said[same] === content[same]) same += 1;
  const rest = content.slice(same);
  return endless.repeat(Math.ceil(rest.length / endless.length) + 1).startsWith(rest);
}

interface ParsedReply {
  readonly error?: { readonly code?: string; readonly message?: string };
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly message?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
}

function contentOf(chunks: readonly (ParsedReply | null)[]): string {
  return chunks.map((chunk) => chunk?.choices?.[0]?.delta?.content ?? '').join('');
}

function parsed(text: string): ParsedReply | null {
  try {
    const value: ParsedReply | null = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** The data of each event, read as clients do: any line end, data over several lines, comments left out. */
function eventsOf(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split('\n\n')
    .flatMap((event) => {
      const lines = event.split('\n').filter((line) => line.startsWith('data:'));
      return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n')];
    });
}

function shown(text: string): string {
  return JSON.stringify(text.length > 400 ? `${text.slice(0, 200)} … ${text.slice(-200)}` : text);
}

import { chatStreamHead, chatWholeBody } from '#upstreams/scripted/chat-script.ts';
import { openaiError } from '#upstreams/scripted/refusal-script.ts';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import type { Json, Script } from '#upstreams/scripted/script.ts';
import type { Fault, FaultCall, FaultDice } from './fault.ts';
import {
  answered,
  begun,
  both,
  broken,
  chunksOf,
  failed,
  goodScript,
  spoken,
  streamed,
  unfinished,
  wholeText,
  wholes,
} from './fault-scripts.ts';
import { secretOfMachine } from './refusal-faults.ts';

const unreadable = failed('upstream_stream_broken');
const cut = failed('upstream_truncated');

const gaveUp = openaiError(`the engine gave up: ${secretOfMachine}`, { type: 'server_error', code: null });

/** An error in a stream, as servers spell it. */
const errorStep = (dice: FaultDice): Script =>
  dice.pick<Script>([
    [{ do: 'sse', events: [gaveUp] }],
    [{ do: 'sse', events: [gaveUp, '[DONE]'] }],
    [{ do: 'sse', events: [{ error: `the engine gave up: ${secretOfMachine}` }] }],
    [{ do: 'sse', event: 'error', events: [{ message: `the engine gave up: ${secretOfMachine}` }] }],
  ]);

/** The good stream without its terminator. */
const withoutDone = (call: FaultCall): Script => [...chatStreamHead(), { do: 'sse', events: chunksOf(call) }];

const ndjsonHead: Script = [{ do: 'header', name: 'content-type', value: 'application/x-ndjson' }, { do: 'flush' }];
const ndjson = (value: Json): string => `${JSON.stringify(value)}\n`;
const ndjsonWords = ({ answer }: FaultCall, words: number): string =>
  answer.text
    .slice(0, words)
    .map((content) =>
      ndjson({ model: answer.model, created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content }, done: false }),
    )
    .join('');

const choicesOf = (call: FaultCall, choices: Json): Json => {
  const body = chatWholeBody(call.answer);
  return isJsonObject(body) ? { ...body, choices } : body;
};

/** Replies whose bytes are in order and whose meaning is not. */
export const answerFaults: readonly Fault[] = [
  {
    id: 'F23',
    title: 'an empty answer',
    looks: '200, nothing or white space for content, finish reason `stop`.',
    cases: [
      {
        name: 'nothing at all',
        forms: both,
        script: (call, dice) => goodScript({ ...call, answer: { ...call.answer, text: dice.pick([[], [''], [' ', '\n']]) } }),
        ends: failed('upstream_empty'),
      },
    ],
  },
  {
    id: 'F25',
    title: 'no choices',
    looks: '`choices` is an empty list, or is not there.',
    cases: [
      {
        name: 'in a usage event, as it may',
        forms: streamed,
        script: (call) => goodScript({ ...call, includeUsage: true }),
        ends: answered,
      },
      {
        name: 'in a whole answer',
        forms: wholes,
        script: (call, dice) => [
          { do: 'json', value: dice.pick<Json>([choicesOf(call, []), choicesOf(call, null), { id: 'x', model: call.answer.model }]) },
        ],
        ends: unreadable,
      },
      {
        name: 'before the first word',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice), { do: 'sse', events: [{ object: 'chat.completion.chunk' }] }],
        ends: unreadable,
      },
      {
        name: 'in the middle',
        forms: streamed,
        script: (call, dice) => [...spoken(call, dice), { do: 'sse', events: [{ object: 'chat.completion.chunk' }] }],
        ends: broken('upstream_stream_broken'),
      },
    ],
  },
  {
    id: 'F26',
    title: 'an error called a success',
    looks: '200 with an `error` on top.',
    cases: [{ name: 'instead of an answer', forms: both, script: () => [{ do: 'json', value: gaveUp }], ends: unreadable }],
  },
  {
    id: 'F27',
    title: 'an error event in the stream',
    looks: 'After the head of a stream an event says that it failed.',
    cases: [
      {
        name: 'before the first word',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice), ...errorStep(dice)],
        ends: unreadable,
      },
      {
        name: 'in the middle',
        forms: streamed,
        script: (call, dice) => [...spoken(call, dice), ...errorStep(dice)],
        ends: broken('upstream_stream_broken'),
      },
    ],
  },
  {
    id: 'F28',
    title: 'an error line in NDJSON',
    looks: '`{"error":…}` among the lines of a stream.',
    cases: [
      {
        name: 'before the first word',
        forms: both,
        kind: 'ollama',
        script: () => [...ndjsonHead, { do: 'body', bytes: ndjson({ error: `an error was encountered: ${secretOfMachine}` }) }],
        ends: unreadable,
      },
      {
        name: 'in the middle',
        forms: streamed,
        kind: 'ollama',
        script: (call, dice) => [
          ...ndjsonHead,
          { do: 'body', bytes: ndjsonWords(call, dice.int(1, call.answer.text.length - 1)) },
          { do: 'gate', name: 'told' },
          { do: 'body', bytes: ndjson({ error: `an error was encountered: ${secretOfMachine}` }) },
        ],
        ends: broken('upstream_stream_broken'),
      },
    ],
  },
  {
    id: 'F32',
    title: 'ended without an end',
    looks: 'The connection closes, or the chunks end, without a finish reason; perhaps with `[DONE]` all the same.',
    cases: [
      { name: 'before the first word', forms: streamed, script: (call, dice) => [...begun(call, dice), { do: 'fin' }], ends: cut },
      {
        name: 'in the middle',
        forms: streamed,
        script: (call, dice) => [...spoken(call, dice), { do: 'fin' }],
        ends: broken('upstream_truncated'),
      },
      {
        name: 'in the middle, in good order',
        forms: streamed,
        script: (call, dice) => spoken(call, dice),
        ends: broken('upstream_truncated'),
      },
      {
        name: 'after all words, with a terminator',
        forms: streamed,
        script: (call) => [
          ...chatStreamHead(),
          { do: 'sse', events: unfinished(call) },
          { do: 'gate', name: 'told' },
          { do: 'sse', events: ['[DONE]'] },
        ],
        ends: broken('upstream_truncated'),
      },
      {
        name: 'in the middle of an event',
        forms: streamed,
        script: (call, dice) => [
          ...spoken(call, dice),
          { do: 'body', bytes: 'data: {"choices":[{"index":0,"delta":{"content":"‹' },
          { do: 'fin' },
        ],
        ends: broken('upstream_truncated'),
      },
      {
        name: 'of a whole answer',
        forms: wholes,
        script: (call) => goodScript({ ...call, answer: { ...call.answer, finish: null } }),
        ends: cut,
      },
    ],
  },
  {
    id: 'F33',
    title: 'no terminator',
    looks: 'A finish reason came, `[DONE]` does not.',
    cases: [
      { name: 'in good order', forms: streamed, script: withoutDone, ends: answered },
      { name: 'closed', forms: streamed, script: (call) => [...withoutDone(call), { do: 'fin' }], ends: answered },
      { name: 'held open', forms: streamed, script: (call) => [...withoutDone(call), { do: 'stall' }], ends: answered },
    ],
  },
  {
    id: 'F34',
    title: 'bytes behind the terminator',
    looks: 'Something comes after `[DONE]`.',
    cases: [
      {
        name: 'more of the answer',
        forms: streamed,
        script: (call) => [...goodScript(call), { do: 'sse', events: chunksOf(call) }],
        ends: answered,
      },
      {
        name: 'rubbish',
        forms: streamed,
        script: (call, dice) => [
          ...goodScript(call),
          { do: 'raw', bytes: dice.pick(['0\r\n\r\nrubbish', 'rubbish', '7\r\ndata: x\r\n', wholeText(call)]) },
        ],
        ends: answered,
      },
    ],
  },
  {
    id: 'F35',
    title: 'held open behind the terminator',
    looks: 'After `[DONE]` the connection neither ends nor goes on.',
    cases: [{ name: 'for ever', forms: streamed, script: (call) => [...goodScript(call), { do: 'stall' }], ends: answered }],
  },
];

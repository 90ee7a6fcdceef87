import { chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import type { Json, Script, Step } from '#upstreams/scripted/script.ts';
import type { Fault, FaultCall } from './fault.ts';
import {
  answered,
  asEvent,
  begun,
  both,
  broken,
  chunksOf,
  failed,
  goodScript,
  jsonHead,
  partOfWhole,
  spoken,
  streamed,
  wholeText,
  wholes,
} from './fault-scripts.ts';

const unreadable = failed('upstream_stream_broken');
const stalled = failed('upstream_stalled');
const nowSilent = broken('upstream_stalled');

const bytesOf = (call: FaultCall): string => [...chunksOf(call), '[DONE]'].map(asEvent).join('');

/** The good stream with other bytes for its events. */
const spelled = (call: FaultCall, spell: (events: string) => string): Script => [
  ...chatStreamHead(),
  { do: 'body', bytes: spell(bytesOf(call)) },
];

const sliced = (script: Script, size: number): Script => [{ do: 'slice', size }, ...script];

/** An answer with a word in it whose bytes are no UTF-8; `latin1` spells them. */
const brokenWord = 'a\xff\xfeb';
const withBrokenWord = (call: FaultCall): FaultCall => ({ ...call, answer: { ...call.answer, text: ['@@', ...call.answer.text] } });
const asBytes = (text: string): Step => ({
  do: 'body',
  bytes: { latin1: Buffer.from(text).toString('latin1').replace('@@', brokenWord) },
});

const wordEvent = (content: string): Json => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});

/** How the bytes come: in pieces, in odd spellings, too slowly, too many, or no more. */
export const byteFaults: readonly Fault[] = [
  {
    id: 'F46',
    title: 'characters cut, and bytes that are none',
    looks: 'A character comes in two pieces; bytes are no UTF-8; half of a surrogate pair stands alone.',
    cases: [
      { name: 'cut anywhere', forms: both, script: (call, dice) => sliced(goodScript(call), dice.int(1, 3)), ends: answered },
      {
        name: 'no UTF-8',
        forms: both,
        script: (call) =>
          call.form === 'whole'
            ? [...jsonHead(null), asBytes(wholeText(withBrokenWord(call)))]
            : [...chatStreamHead(), asBytes(bytesOf(withBrokenWord(call)))],
        hears: ({ answer }) => `a\uFFFD\uFFFDb${answer.text.join('')}`,
        ends: answered,
      },
      {
        name: 'half a pair',
        forms: both,
        script: (call) => goodScript({ ...call, answer: { ...call.answer, text: [...call.answer.text, '\uD83D'] } }),
        hears: ({ answer }) => `${answer.text.join('')}\uD83D`,
        ends: answered,
      },
    ],
  },
  {
    id: 'F47',
    title: 'events in any spelling, cut anywhere',
    looks: 'CR, CRLF, a byte order mark, no space after the colon, data over several lines, every split of the bytes.',
    cases: [
      { name: 'cut anywhere', forms: streamed, script: (call, dice) => sliced(goodScript(call), dice.int(1, 40)), ends: answered },
      {
        name: 'other line ends',
        forms: streamed,
        script: (call, dice) =>
          sliced(
            spelled(call, (text) => text.replaceAll('\n', dice.pick(['\r\n', '\r']))),
            dice.pick([0, 1, 7]),
          ),
        ends: answered,
      },
      {
        name: 'a byte order mark',
        forms: streamed,
        script: (call, dice) =>
          sliced(
            spelled(call, (text) => `\uFEFF${text}`),
            dice.pick([0, 1]),
          ),
        ends: answered,
      },
      {
        name: 'no space after the colon',
        forms: streamed,
        script: (call) => spelled(call, (text) => text.replaceAll('data: ', 'data:')),
        ends: answered,
      },
      {
        name: 'data over several lines',
        forms: streamed,
        script: (call, dice) =>
          sliced(
            spelled(call, (text) => text.replaceAll(',"choices"', ',\ndata: "choices"')),
            dice.pick([0, 1, 11]),
          ),
        ends: answered,
      },
    ],
  },
  {
    id: 'F48',
    title: 'events that say nothing',
    looks: 'Comments, empty data, pings, events with unknown names.',
    cases: [
      {
        name: 'between all others',
        forms: streamed,
        script: (call, dice) =>
          spelled(call, (text) =>
            text.replaceAll('data: ', () =>
              dice.pick([
                'data: ',
                ': ping\n\ndata: ',
                'data: : keepalive\n\ndata: ',
                'data:\n\ndata: ',
                'event: ping\ndata: {}\n\ndata: ',
                'event: progress\ndata: {"at":3}\n\ndata: ',
                'id: 3\nretry: 10\n\ndata: ',
              ]),
            ),
          ),
        ends: answered,
      },
    ],
  },
  {
    id: 'F49',
    title: 'a drip',
    looks: 'Byte by byte, perhaps so slowly that no event ever gets whole.',
    cases: [
      { name: 'byte by byte, but steadily', forms: both, script: (call) => sliced(goodScript(call), 1), ends: answered },
      {
        name: 'too slowly for a first word',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice), { do: 'slice', size: 1, delayMs: 60 }, { do: 'body', bytes: bytesOf(call) }],
        ends: stalled,
        clocks: { firstTokenMs: 250, idleMs: 250 },
      },
      {
        name: 'too slowly in the middle',
        forms: streamed,
        script: (call, dice) => [
          ...spoken(call, dice),
          { do: 'slice', size: 1, delayMs: 60 },
          { do: 'body', bytes: asEvent(wordEvent('never whole')) },
        ],
        ends: nowSilent,
        clocks: { idleMs: 1_000 },
      },
      {
        name: 'too slowly for a whole answer',
        forms: wholes,
        script: (call) => [{ do: 'rate', bytesPerSecond: 100 }, ...goodScript(call)],
        ends: failed('timeout'),
        clocks: { replyMs: 250 },
      },
    ],
  },
  {
    id: 'F50',
    title: 'silence in the middle',
    looks: 'After some words nothing more comes, and the connection stays.',
    cases: [
      {
        name: 'of a stream',
        forms: streamed,
        script: (call, dice) => [...spoken(call, dice), { do: 'stall' }],
        ends: nowSilent,
        clocks: { idleMs: 1_000 },
      },
      {
        name: 'of a whole answer',
        forms: wholes,
        script: (call, dice) => [...partOfWhole(call, dice), { do: 'stall' }],
        ends: failed('timeout'),
        clocks: { replyMs: 250 },
      },
    ],
  },
  {
    id: 'F51',
    title: 'reset in the middle',
    looks: 'After some words the connection is reset.',
    cases: [
      {
        name: 'before the first word',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice), { do: 'delay', ms: 20 }, { do: 'rst' }],
        ends: unreadable,
      },
      {
        name: 'of a stream',
        forms: streamed,
        script: (call, dice) => [...spoken(call, dice), { do: 'rst' }],
        ends: broken('upstream_stream_broken'),
      },
      {
        name: 'of a whole answer',
        forms: wholes,
        script: (call, dice) => [...partOfWhole(call, dice), { do: 'flush' }, { do: 'delay', ms: 20 }, { do: 'rst' }],
        ends: unreadable,
      },
    ],
  },
  {
    id: 'F52',
    title: 'a line without an end',
    looks: 'Megabytes of one event, and no line end.',
    cases: [
      {
        name: 'before the first word',
        forms: streamed,
        script: (call, dice) => [
          ...begun(call, dice),
          { do: 'body', bytes: `data: ${'x'.repeat(dice.pick([1_100_000, 4_000_000, 10_000_000]))}` },
        ],
        ends: unreadable,
      },
      {
        name: 'in the middle',
        forms: streamed,
        script: (call, dice) => [
          ...spoken(call, dice),
          { do: 'body', bytes: `data: ${'x'.repeat(dice.pick([1_100_000, 4_000_000, 10_000_000]))}` },
        ],
        ends: broken('upstream_stream_broken'),
      },
    ],
  },
  {
    id: 'F53',
    title: 'it never stops',
    looks: 'Words, or nothing in many events, for ever.',
    cases: [
      {
        name: 'with words',
        forms: streamed,
        script: (call, dice) => [
          ...spoken(call, dice),
          {
            do: 'repeat',
            times: 'forever',
            steps: [
              { do: 'sse', events: [wordEvent('on ')] },
              { do: 'delay', ms: 1 },
            ],
          },
        ],
        endless: 'on ',
        ends: broken('timeout'),
        clocks: { totalMs: 1_500, firstTokenMs: 1_200, idleMs: 1_200, replyMs: 1_200 },
      },
      {
        name: 'without a word',
        forms: streamed,
        script: (call, dice) => [
          ...begun(call, dice).slice(0, 4),
          {
            do: 'repeat',
            times: 'forever',
            steps: [
              { do: 'sse', events: [wordEvent('')] },
              { do: 'delay', ms: 1 },
            ],
          },
        ],
        ends: stalled,
        clocks: { firstTokenMs: 250 },
      },
      {
        name: 'in a whole answer',
        forms: wholes,
        script: () => [
          ...jsonHead(null),
          {
            do: 'repeat',
            times: 'forever',
            steps: [
              { do: 'body', bytes: ' '.repeat(1_000) },
              { do: 'delay', ms: 1 },
            ],
          },
        ],
        ends: failed('timeout'),
        clocks: { replyMs: 250 },
      },
    ],
  },
];

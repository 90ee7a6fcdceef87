import { gzipSync } from 'node:zlib';
import type { Script, Step } from '#upstreams/scripted/script.ts';
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
  unfinished,
  wholeText,
  wholes,
} from './fault-scripts.ts';

const noHttp = failed('upstream_bad_gateway');
const cut = failed('upstream_truncated');

const streamText = (call: FaultCall): string => [...chunksOf(call), '[DONE]'].map(asEvent).join('');

/** A stream with a length of its own instead of chunks. */
const streamWithLength = (text: string, lengthBytes: number): Script => [
  { do: 'status', code: 200 },
  { do: 'header', name: 'content-type', value: 'text/event-stream' },
  { do: 'header', name: 'content-length', value: String(lengthBytes) },
  { do: 'body', bytes: text },
];

const oldHead = (type: string): Script => [
  { do: 'status', code: 200, version: '1.0' },
  { do: 'header', name: 'content-type', value: type },
];

/** Zeros that are a thousand times as long once they are unpacked. */
const bomb = (): Uint8Array => gzipSync(Buffer.alloc(10_000_000));

const raw = (text: string): Step => ({ do: 'raw', bytes: text });

/** Replies that break HTTP, or lie about their length or form. */
export const httpFaults: readonly Fault[] = [
  {
    id: 'F15',
    title: 'a huge head',
    looks: 'A header of 100 kB, or a thousand headers.',
    cases: [
      {
        name: 'one long header',
        forms: both,
        script: (call) => [{ do: 'header', name: 'x-long', value: 'x'.repeat(100_000) }, ...goodScript(call)],
        ends: noHttp,
      },
      {
        name: 'a thousand headers',
        forms: both,
        script: (call) => [{ do: 'header', name: 'x-many', value: 'x', times: 1_000 }, ...goodScript(call)],
        ends: noHttp,
      },
    ],
  },
  {
    id: 'F16',
    title: 'shorter than its length',
    looks: 'The connection ends before as many bytes as `Content-Length` says.',
    cases: [
      { name: 'of a whole answer', forms: wholes, script: (call, dice) => [...partOfWhole(call, dice), { do: 'fin' }], ends: cut },
      {
        name: 'before the first word',
        forms: streamed,
        script: (call) => [...streamWithLength(unfinished(call).slice(0, 1).map(asEvent).join(''), 10_000), { do: 'fin' }],
        ends: cut,
      },
      {
        name: 'in the middle',
        forms: streamed,
        script: (call, dice) => [
          ...streamWithLength(unfinished(call).slice(0, dice.int(2, call.answer.text.length)).map(asEvent).join(''), 10_000),
          { do: 'gate', name: 'told' },
          { do: 'fin' },
        ],
        ends: broken('upstream_truncated'),
      },
    ],
  },
  {
    id: 'F17',
    title: 'longer than its length',
    looks: 'More bytes come than `Content-Length` says.',
    cases: [
      {
        name: 'the answer is cut by it',
        forms: wholes,
        script: (call, dice) => {
          const text = wholeText(call);
          return [...jsonHead(dice.int(1, Buffer.byteLength(text) - 1)), { do: 'body', bytes: text }];
        },
        ends: failed('upstream_stream_broken'),
      },
      {
        name: 'only rubbish is behind it',
        forms: wholes,
        script: (call, dice) => {
          const text = wholeText(call);
          return [...jsonHead(Buffer.byteLength(text)), { do: 'body', bytes: text + dice.pick(['x', '\r\n\r\nrubbish', text]) }];
        },
        ends: answered,
      },
      {
        name: 'only rubbish is behind a stream',
        forms: streamed,
        script: (call) => streamWithLength(`${streamText(call)}rubbish`, Buffer.byteLength(streamText(call))),
        ends: answered,
      },
    ],
  },
  {
    id: 'F18',
    title: 'no last chunk',
    looks: 'The connection ends without the chunk of length 0.',
    cases: [
      {
        name: 'of a whole answer, which can be parsed all the same',
        forms: wholes,
        script: (call) => [...jsonHead(null), { do: 'body', bytes: wholeText(call) }, { do: 'fin' }],
        ends: cut,
      },
      {
        name: 'of a stream that said why it ended',
        forms: streamed,
        script: (call) => [...goodScript(call), { do: 'fin' }],
        ends: answered,
      },
    ],
  },
  {
    id: 'F19',
    title: 'broken framing',
    looks: 'Length and chunks at once, two lengths, a chunk size that is none, bare line feeds, no HTTP at all.',
    cases: [
      {
        name: 'in the head',
        forms: both,
        script: (_, dice) => [
          raw(
            dice.pick([
              'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
              'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n',
              'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!',
              'HTTP/1.1 200 OK\ncontent-length: 2\n\nok',
              'SSH-2.0-OpenSSH_9.6\r\n\r\n',
              'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
            ]),
          ),
        ],
        ends: noHttp,
      },
      {
        name: 'before the first word',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice), raw('zz\r\nhello\r\n')],
        ends: noHttp,
      },
      {
        name: 'in the middle',
        forms: streamed,
        script: (call, dice) => [...spoken(call, dice), raw('zz\r\nhello\r\n')],
        ends: broken('upstream_bad_gateway'),
      },
      {
        name: 'in a whole answer',
        forms: wholes,
        script: (call) => [...jsonHead(null), { do: 'body', bytes: wholeText(call).slice(0, 20) }, raw('zz\r\nhello\r\n')],
        ends: noHttp,
      },
    ],
  },
  {
    id: 'F20',
    title: 'packed without being asked',
    looks: '`Content-Encoding: gzip` although nothing but plain bytes was asked for; perhaps a bomb.',
    cases: [
      {
        name: 'the answer',
        forms: both,
        script: (call) => [
          { do: 'header', name: 'content-encoding', value: 'gzip' },
          { do: 'header', name: 'content-type', value: call.form === 'stream' ? 'text/event-stream' : 'application/json' },
          { do: 'body', bytes: gzipSync(call.form === 'stream' ? streamText(call) : wholeText(call)) },
        ],
        ends: noHttp,
      },
      {
        name: 'a bomb',
        forms: both,
        script: () => [
          { do: 'header', name: 'content-encoding', value: 'gzip' },
          { do: 'header', name: 'content-type', value: 'application/json' },
          { do: 'body', bytes: bomb() },
        ],
        ends: noHttp,
      },
    ],
  },
  {
    id: 'F21',
    title: 'the other form',
    looks: 'One JSON body where a stream was asked for, a stream where a body was, or a content type that is neither.',
    cases: [
      { name: 'a body for a stream', forms: streamed, script: (call) => goodScript({ ...call, form: 'whole' }), ends: answered },
      { name: 'a stream for a body', forms: wholes, script: (call) => goodScript({ ...call, form: 'stream' }), ends: answered },
      {
        name: 'a body called text',
        forms: both,
        script: (call) => [
          { do: 'header', name: 'content-type', value: 'text/plain' },
          { do: 'body', bytes: wholeText(call) },
        ],
        ends: answered,
      },
      {
        name: 'text that is no answer',
        forms: both,
        script: () => [
          { do: 'header', name: 'content-type', value: 'text/plain' },
          { do: 'body', bytes: 'Hello, I am up.' },
        ],
        ends: failed('upstream_stream_broken'),
      },
      {
        name: 'a body for a stream, cut',
        forms: streamed,
        script: (call) => [...jsonHead(null), { do: 'body', bytes: wholeText(call).slice(0, -3) }],
        ends: failed('upstream_stream_broken'),
      },
    ],
  },
  {
    id: 'F22',
    title: 'HTTP/1.0, ended by the connection',
    looks: 'No length and no chunks: only a finish reason tells a whole answer from one that was cut.',
    cases: [
      {
        name: 'whole',
        forms: both,
        script: (call) =>
          call.form === 'whole'
            ? [...oldHead('application/json'), { do: 'body', bytes: wholeText(call) }]
            : [...oldHead('text/event-stream'), { do: 'body', bytes: streamText(call) }],
        ends: answered,
      },
      {
        name: 'cut in a whole answer',
        forms: wholes,
        script: (call, dice) => [
          ...oldHead('application/json'),
          { do: 'body', bytes: wholeText(call).slice(0, dice.int(1, 100)) },
          { do: 'fin' },
        ],
        ends: failed('upstream_stream_broken'),
      },
      {
        name: 'cut before the first word',
        forms: streamed,
        script: (call) => [
          ...oldHead('text/event-stream'),
          { do: 'body', bytes: unfinished(call).slice(0, 1).map(asEvent).join('') },
          { do: 'fin' },
        ],
        ends: cut,
      },
      {
        name: 'cut in the middle',
        forms: streamed,
        script: (call, dice) => [
          ...oldHead('text/event-stream'),
          { do: 'body', bytes: unfinished(call).slice(0, dice.int(2, call.answer.text.length)).map(asEvent).join('') },
          { do: 'gate', name: 'told' },
          { do: 'fin' },
        ],
        ends: broken('upstream_truncated'),
      },
      {
        name: 'reset in the middle',
        forms: streamed,
        script: (call, dice) => [
          ...oldHead('text/event-stream'),
          { do: 'body', bytes: unfinished(call).slice(0, dice.int(2, call.answer.text.length)).map(asEvent).join('') },
          { do: 'gate', name: 'told' },
          { do: 'rst' },
        ],
        ends: broken('upstream_stream_broken'),
      },
    ],
  },
];

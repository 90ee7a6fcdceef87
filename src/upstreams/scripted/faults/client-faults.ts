import { chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { overGate } from './fault.ts';
import type { Fault, FaultCall } from './fault.ts';
import { answered, asEvent, both, broken, chunksOf, goodScript, spoken, streamed } from './fault-scripts.ts';

const manyWords = (call: FaultCall): FaultCall => ({
  ...call,
  answer: { ...call.answer, text: [...call.answer.text, ...Array.from({ length: 10_000 }, (_, at) => `${at} `)] },
});

/** All events of a stream in one write. */
const atOnce = (call: FaultCall): Script => [
  ...chatStreamHead(),
  { do: 'body', bytes: [...chunksOf(call), '[DONE]'].map(asEvent).join('') },
];

const longWord = 'x'.repeat(16_000);
const endless: Script = [
  {
    do: 'repeat',
    times: 'forever',
    steps: [
      {
        do: 'sse',
        events: [{ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: longWord }, finish_reason: null }] }],
      },
    ],
  },
];

const word = { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'to nobody ' }, finish_reason: null }] };

/** What clients do; the machine is well, but for the last. */
export const clientFaults: readonly Fault[] = [
  {
    id: 'F54',
    title: 'much at once, read slowly',
    looks: 'Ten thousand events come in one go, and the client takes its time.',
    cases: [
      {
        name: 'all of it',
        forms: streamed,
        client: { does: 'reads_slowly' },
        script: (call) => atOnce(manyWords(call)),
        hears: (call) => manyWords(call).answer.text.join(''),
        ends: answered,
      },
    ],
  },
  {
    id: 'F55',
    title: 'the client reads nothing',
    looks: 'The client keeps its connection and takes no byte from it.',
    cases: [
      {
        name: 'until the attempt has taken too long',
        forms: streamed,
        client: { does: 'reads_nothing', until: 'total' },
        script: (call, dice) => [...spoken(call, dice).slice(0, -1), ...endless],
        endless: longWord,
        ends: broken('timeout'),
        clocks: { totalMs: 1_500, firstTokenMs: 1_200, idleMs: 1_200, replyMs: 1_200 },
      },
      {
        name: 'while others wait for its slot',
        forms: streamed,
        client: { does: 'reads_nothing', until: 'others' },
        once: true,
        script: (call, dice) => [...spoken(call, dice).slice(0, -1), ...endless],
        ends: { then: 'cut' },
      },
    ],
  },
  {
    id: 'F56',
    title: 'the client leaves',
    looks: 'The client closes its connection before it has everything.',
    cases: [
      { name: 'while it uploads', forms: both, client: { does: 'leaves', at: 'upload' }, script: goodScript, ends: { then: 'left' } },
      {
        name: 'before the head',
        forms: both,
        client: { does: 'leaves', at: 'waiting' },
        script: () => [{ do: 'stall' }],
        ends: { then: 'left' },
      },
      {
        name: 'before the first word',
        forms: streamed,
        client: { does: 'leaves', at: 'waiting' },
        script: () => [...chatStreamHead(), { do: 'stall' }],
        ends: { then: 'left' },
      },
      {
        name: 'in the middle',
        forms: streamed,
        client: { does: 'leaves', at: 'words' },
        script: (call, dice) => [...spoken(call, dice).slice(0, -1), { do: 'stall' }],
        ends: { then: 'left' },
      },
      { name: 'at the terminator', forms: streamed, client: { does: 'leaves', at: 'end' }, script: goodScript, ends: answered },
    ],
  },
  {
    id: 'F57',
    title: 'the server works on for nobody',
    looks: 'The client has left, the connection is closed, and the server generates on.',
    cases: [
      {
        name: 'and cannot be asked',
        forms: streamed,
        kind: 'mlx',
        client: { does: 'leaves', at: 'words' },
        script: (call, dice) => [
          { do: 'ignoreAbort' },
          ...spoken(call, dice).slice(0, -1),
          { do: 'sse', events: [word] },
          { do: 'gate', name: overGate },
        ],
        ends: { then: 'left' },
      },
      {
        name: 'and says when it has stopped',
        forms: streamed,
        kind: 'llamacpp',
        client: { does: 'leaves', at: 'words' },
        script: (call, dice) => [
          { do: 'ignoreAbort' },
          ...spoken(call, dice).slice(0, -1),
          { do: 'sse', events: [word] },
          { do: 'gate', name: overGate },
        ],
        ends: { then: 'left' },
      },
    ],
  },
];

import type { Fault, FaultEnd } from './fault.ts';
import { answered, begun, both, failed, goodScript, streamed, wholes } from './fault-scripts.ts';

const unreachable: FaultEnd = { then: 'next', result: 'unreachable', alone: 'no_route' };
const flaky: FaultEnd = { then: 'next', result: 'flaky', alone: 'upstream_bad_gateway' };

/** Until the first token: the connection, and the silence on it. */
export const connectionFaults: readonly Fault[] = [
  {
    id: 'F01',
    title: 'connection refused',
    looks: 'Nobody listens at the address: the service is down.',
    cases: [{ name: 'at every connection', forms: both, door: 'refuses', script: goodScript, ends: unreachable, shuns: true }],
  },
  {
    id: 'F02',
    title: 'a black hole',
    looks: 'Connecting is never answered: the machine sleeps, or the way to it is gone.',
    cases: [
      { name: 'at every connection', forms: both, door: 'black_hole', script: goodScript, ends: unreachable, clocks: { connectMs: 250 } },
    ],
  },
  {
    id: 'F03',
    title: 'reset before the head',
    looks: 'The connection is accepted, the request is read, and then there is a reset or an end without a byte.',
    cases: [
      { name: 'reset, once', forms: both, once: true, script: () => [{ do: 'rst' }], ends: answered },
      { name: 'closed, once', forms: both, once: true, script: () => [{ do: 'fin' }], ends: answered },
      { name: 'reset, again and again', forms: both, script: () => [{ do: 'rst' }], ends: flaky },
      { name: 'closed, again and again', forms: both, script: () => [{ do: 'fin' }], ends: flaky },
    ],
  },
  {
    id: 'F04',
    title: 'a kept connection closes as it is used',
    looks: 'The server gives up an idle connection in the moment in which the next request is written to it.',
    cases: [
      { name: 'closed', forms: both, warm: true, once: true, script: () => [{ do: 'fin' }], ends: answered },
      { name: 'reset', forms: both, warm: true, once: true, script: () => [{ do: 'rst' }], ends: answered },
    ],
  },
  {
    id: 'F05',
    title: 'no head ever',
    looks: 'The request is read and nothing comes back, while the health page is well: a hung engine.',
    cases: [
      {
        name: 'of a stream',
        forms: streamed,
        script: () => [{ do: 'stall' }],
        ends: failed('upstream_stalled'),
        clocks: { firstTokenMs: 200 },
      },
      { name: 'of a whole answer', forms: wholes, script: () => [{ do: 'stall' }], ends: failed('timeout'), clocks: { replyMs: 200 } },
    ],
  },
  {
    id: 'F06',
    title: 'a head, and no first token',
    looks: 'Status 200 and headers come at once; the first token takes long, or never comes.',
    cases: [
      {
        name: 'late, but within its clock',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice).slice(0, 4), { do: 'delay', ms: dice.int(20, 120) }, ...goodScript(call).slice(4)],
        ends: answered,
      },
      {
        name: 'never',
        forms: streamed,
        script: (call, dice) => [...begun(call, dice), { do: 'stall' }],
        ends: failed('upstream_stalled'),
        clocks: { firstTokenMs: 200, idleMs: 200 },
      },
    ],
  },
  {
    id: 'F59',
    title: 'up and down',
    looks: 'The service comes and goes.',
    cases: [{ name: 'every few requests', forms: both, door: 'flaps', script: goodScript, ends: unreachable, shuns: true }],
  },
  {
    id: 'F63',
    title: 'the name leads elsewhere',
    looks: 'The address behind a name changes, or differs from one look-up to the next.',
    cases: [
      {
        name: 'out of the house',
        forms: both,
        script: goodScript,
        names: { first: ['127.0.0.1'], later: ['203.0.113.7'] },
        ends: unreachable,
        shuns: true,
      },
      {
        name: 'to a metadata service',
        forms: both,
        script: goodScript,
        names: { first: ['127.0.0.1'], later: ['169.254.169.254'] },
        ends: unreachable,
        shuns: true,
      },
      {
        name: 'into the house and out of it at once',
        forms: both,
        script: goodScript,
        names: { first: ['127.0.0.1'], later: ['127.0.0.1', '203.0.113.7'] },
        ends: unreachable,
        shuns: true,
      },
      { name: 'nowhere any more', forms: both, script: goodScript, names: { first: ['127.0.0.1'], later: [] }, ends: answered },
      {
        name: 'to more addresses of the same machine',
        forms: both,
        script: goodScript,
        names: { first: ['127.0.0.1'], later: ['127.0.0.1', '127.0.0.2'] },
        ends: answered,
      },
    ],
  },
];

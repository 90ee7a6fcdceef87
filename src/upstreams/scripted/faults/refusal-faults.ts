import {
  busyScript,
  htmlErrorScript,
  loadingScript,
  modelNotFoundScript,
  openaiError,
  queueFullScript,
  redirectScript,
  refusalScript,
  serverErrorScript,
} from '#upstreams/scripted/refusal-script.ts';
import type { Fault, FaultEnd } from './fault.ts';
import { answered, both, failed } from './fault-scripts.ts';

const busy: FaultEnd = { then: 'next', result: 'busy', alone: 'saturated' };
const crashed: FaultEnd = { then: 'next', result: 'crashed', alone: 'upstream_bad_gateway' };
const absent: FaultEnd = { then: 'next', result: 'absent', alone: 'no_route' };

/** Words that must never reach a caller: they stand in what machines say to the gatehouse alone. */
export const secretOfMachine = 'secret-of-the-machine';

const rejectedKey = openaiError(`Incorrect API key provided: ${secretOfMachine}.`, {
  type: 'invalid_request_error',
  code: 'invalid_api_key',
});

/** Answers that are no success. */
export const refusalFaults: readonly Fault[] = [
  {
    id: 'F07',
    title: 'the model is being loaded',
    looks: '503 `Loading model`.',
    cases: [
      {
        name: 'for long',
        forms: both,
        script: () => loadingScript(),
        ends: { then: 'next', result: 'loading', alone: 'model_loading' },
      },
    ],
  },
  {
    id: 'F08',
    title: 'busy, and when to come back',
    looks: '429 or 503 with `Retry-After`: seconds, a date, a number without sense.',
    cases: [
      { name: 'in seconds', forms: both, script: (_, dice) => busyScript(dice.int(30, 90)), ends: busy, shuns: true },
      { name: 'as a date', forms: both, script: () => busyScript('Fri, 31 Dec 2199 23:59:59 GMT'), ends: busy, shuns: true },
      { name: 'in a thousand million seconds', forms: both, script: () => busyScript('1000000000'), ends: busy, shuns: true },
      {
        name: 'in less than no time',
        forms: both,
        script: (_, dice) => busyScript(dice.pick(['-5', '-1e9', '0', 'soon', ''])),
        ends: busy,
      },
      {
        name: 'as 503',
        forms: both,
        script: () =>
          refusalScript(503, openaiError('Try later.', { type: 'api_error', code: null }), { headers: { 'retry-after': '40' } }),
        ends: busy,
        shuns: true,
      },
    ],
  },
  {
    id: 'F09',
    title: 'the queue is full',
    looks: '503 with words like `server busy`.',
    cases: [{ name: 'at every request', forms: both, script: () => queueFullScript(), ends: busy }],
  },
  {
    id: 'F10',
    title: 'the model is not there after all',
    looks: '404 or 400 for a model that the server lists.',
    cases: [
      {
        name: 'at every request',
        forms: both,
        script: ({ answer }, dice) => modelNotFoundScript(answer.model, dice.pick(['openai', 'vllm', 'llamacpp', 'lmstudio'])),
        ends: absent,
        shuns: true,
      },
    ],
  },
  {
    id: 'F11',
    title: 'the engine died',
    looks: '500 `model runner has unexpectedly stopped`, or a CUDA error that every request meets from then on.',
    cases: [
      { name: 'the runner stopped', forms: both, script: () => serverErrorScript(), ends: crashed },
      {
        name: 'the device is poisoned',
        forms: both,
        script: (_, dice) =>
          serverErrorScript(
            dice.pick([
              'CUDA error: an illegal memory access was encountered',
              'CUDA error: out of memory',
              'EngineCore encountered an issue',
            ]),
          ),
        ends: crashed,
      },
    ],
  },
  {
    id: 'F12',
    title: 'a page of a proxy',
    looks: '502 or 504 with HTML.',
    cases: [
      { name: 'once', forms: both, once: true, script: (_, dice) => htmlErrorScript(dice.pick([502, 504])), ends: answered },
      {
        name: 'again and again',
        forms: both,
        script: (_, dice) => htmlErrorScript(dice.pick([502, 504])),
        ends: { then: 'next', result: 'flaky', alone: 'upstream_bad_gateway' },
      },
    ],
  },
  {
    id: 'F13',
    title: 'our key is refused',
    looks: '401 or 403, perhaps with the key in the words.',
    cases: [
      {
        name: 'at every request',
        forms: both,
        script: (_, dice) => refusalScript(dice.pick([401, 403]), rejectedKey),
        ends: failed('upstream_unauthorised'),
      },
    ],
  },
  {
    id: 'F14',
    title: 'a redirect',
    looks: '30x to another machine, a cloud, or an address of metadata.',
    cases: [
      {
        name: 'elsewhere',
        forms: both,
        script: ({ elsewhere }, dice) => redirectScript(elsewhere, dice.pick([301, 302, 303, 307, 308])),
        ends: failed('upstream_redirect'),
      },
    ],
  },
];

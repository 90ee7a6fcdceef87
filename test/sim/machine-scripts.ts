import { chatChunks, chatStreamHead, chatWholeBody } from '#upstreams/scripted/chat-script.ts';
import type { ChatAnswer } from '#upstreams/scripted/chat-script.ts';
import type { ChatRequest } from '#upstreams/scripted/chat-request.ts';
import {
  busyScript,
  contentPolicyScript,
  contextLengthScript,
  htmlErrorScript,
  loadingScript,
  modelNotFoundScript,
  openaiError,
  queueFullScript,
  redirectScript,
  serverErrorScript,
  unauthorisedScript,
} from '#upstreams/scripted/refusal-script.ts';
import type { Json, Script, Step } from '#upstreams/scripted/script.ts';
import type { Dice } from './random.ts';

/** What a virtual machine may do with one request. The first row is right; all others are refusals, failures and lies; `catalogue` is any fault of the catalogue. */
export const behaviours = [
  'answer',
  'answer_without_done',
  'answer_as_body',
  'answer_as_stream',
  'bytes_after_done',
  'held_open_after_done',
  'babble_after_finish',
  'end_without_finish',
  'busy',
  'queue_full',
  'loading',
  'absent',
  'too_long',
  'policy',
  'unauthorised',
  'redirect',
  'server_error',
  'crash',
  'html_error',
  'reset_before_head',
  'closed_before_head',
  'silent_before_head',
  'reset_after_head',
  'silent_after_head',
  'cut_reset',
  'cut_closed',
  'cut_stall',
  'short_body',
  'empty',
  'only_reasoning',
  'only_reasoning_length',
  'malformed_event',
  'error_event',
  'not_http',
  'catalogue',
] as const;
export type Behaviour = (typeof behaviours)[number];

/** What a machine means to say to one call: every piece names the call and its place, so that a splice, a loss or a repeat shows. */
export interface MachineAnswer {
  readonly reasoning: string;
  readonly text: string;
  readonly toolArguments: string;
  /** A piece that it may go on with without an end. */
  readonly noise?: string;
  readonly chat: ChatAnswer;
}

/** Makes an answer whose pieces carry the call's number. */
export function stampedAnswer(
  call: { readonly number: number; readonly model: string; readonly tools: boolean },
  dice: Dice,
): MachineAnswer {
  const stamps = (kind: string, count: number): string[] => Array.from({ length: count }, (_, at) => `‹${call.number}.${kind}${at}›`);
  const useTool = call.tools && dice.chance(0.5);
  const reasoning = dice.chance(0.3) ? stamps('r', dice.int(1, 6)) : [];
  const text = useTool ? [] : [...(dice.chance(0.2) ? ['\n '] : []), ...stamps('', dice.int(1, 12))];
  const pieces = useTool ? ['{"stamp":"', ...stamps('t', dice.int(1, 5)), '"}'] : [];
  const usage = dice.chance(0.8) ? { usage: { prompt_tokens: dice.int(1, 900), completion_tokens: text.length } } : {};
  return {
    reasoning: reasoning.join(''),
    text: text.join(''),
    toolArguments: pieces.join(''),
    chat: {
      model: call.model,
      id: `chatcmpl-${call.number}`,
      ...(reasoning.length > 0 ? { reasoning } : {}),
      ...(text.length > 0 ? { text } : {}),
      ...(useTool
        ? { toolCalls: [{ name: 'look', arguments: pieces, id: `call_${call.number}` }] }
        : { finish: dice.chance(0.1) ? 'length' : 'stop' }),
      ...usage,
    },
  };
}

const afterDone: Step = { do: 'raw', bytes: '7\r\ndata: x\r\n' };

/** The script of one behaviour. Pauses are drawn from `dice`, up to `slowMs` each. */
export function scriptOf(
  behaviour: Behaviour,
  call: {
    readonly asked: ChatRequest;
    readonly answer: MachineAnswer;
    readonly slowMs: number;
    readonly retryAfter: string | number | undefined;
  },
  dice: Dice,
): Script {
  const { asked, answer, slowMs } = call;
  const pause = (): Step => ({ do: 'delay', ms: dice.chance(0.6) ? dice.int(0, 40) : dice.int(0, slowMs) });
  const refusal = refusalOf(behaviour, call, dice);
  if (refusal) return [pause(), ...refusal];
  const said = lieOf(behaviour, answer.chat);
  const options = { includeUsage: asked.includeUsage };
  const events = (chunks: readonly Json[]): Script => chunks.flatMap((chunk): Script => [pause(), { do: 'sse', events: [chunk] }]);
  const chunks = chatChunks(said, options);
  // The last event with a finish reason may be followed by one with the usage.
  const unfinished = chunks.filter(
    (chunk) => !JSON.stringify(chunk).includes('"finish_reason":"') && !JSON.stringify(chunk).includes('"choices":[]'),
  );
  const begun = unfinished.slice(0, dice.int(0, unfinished.length));
  const stream = (behaviour === 'answer_as_stream') !== asked.stream && behaviour !== 'answer_as_body';
  if (!stream) return [pause(), ...wholeScript(behaviour, said, dice)];
  const head = [pause(), ...chatStreamHead()];
  const whole = [...head, ...events([...chunks])];
  const done = events(['[DONE]']);
  switch (behaviour) {
    case 'answer_without_done':
      return whole;
    case 'bytes_after_done':
      return [...whole, ...done, dice.chance(0.5) ? afterDone : { do: 'sse', events: [chunks[0] ?? null] }];
    case 'end_without_finish':
      return [...head, ...events(unfinished), ...(dice.chance(0.5) ? done : [])];
    case 'held_open_after_done':
      return [...whole, ...done, { do: 'stall' }];
    case 'babble_after_finish':
      return [
        ...whole,
        {
          do: 'repeat',
          times: 40,
          steps: [
            { do: 'delay', ms: 400 },
            { do: 'sse', events: [{ object: 'chat.completion.chunk', choices: [] }] },
          ],
        },
      ];
    case 'silent_after_head':
      return [...head, { do: 'stall' }];
    case 'reset_after_head':
      return [...head, pause(), { do: 'rst' }];
    case 'cut_reset':
      return [...head, ...events(begun), pause(), { do: 'rst' }];
    case 'cut_closed':
      return [
        ...head,
        ...events(begun),
        ...(dice.chance(0.2) ? [{ do: 'chunk', bytes: 'data: {"choi' } as const] : []),
        pause(),
        { do: 'fin' },
      ];
    case 'cut_stall':
      return [...head, ...events(begun), { do: 'stall' }];
    case 'malformed_event':
      return [...head, ...events([...begun, dice.pick(['{"choices":[{', 'oops', '{"choices":7}'])]), ...done];
    case 'error_event':
      return [
        ...head,
        ...events([...begun, openaiError('the engine gave up', { type: 'server_error', code: null })]),
        ...(dice.chance(0.5) ? done : []),
      ];
    default:
      return [...head, ...(dice.chance(0.2) ? [{ do: 'body', bytes: ': ping\n\ndata:\n\n' } as const] : []), ...events(chunks), ...done];
  }
}

/** A whole body, or what comes instead of it. */
function wholeScript(behaviour: Behaviour, said: ChatAnswer, dice: Dice): Script {
  const body = chatWholeBody(said);
  const bytes = Buffer.from(JSON.stringify(body));
  const part = bytes.subarray(0, dice.int(0, bytes.length - 1));
  const cut: Script = [
    { do: 'status', code: 200 },
    { do: 'header', name: 'content-type', value: 'application/json' },
    { do: 'header', name: 'content-length', value: String(bytes.length) },
    { do: 'body', bytes: part },
  ];
  switch (behaviour) {
    case 'short_body':
    case 'cut_closed':
      return [...cut, { do: 'fin' }];
    case 'cut_reset':
    case 'reset_after_head':
      return [...cut, { do: 'rst' }];
    case 'cut_stall':
    case 'silent_after_head':
      return [...cut, { do: 'stall' }];
    case 'malformed_event':
      return [
        { do: 'status', code: 200 },
        { do: 'header', name: 'content-type', value: 'application/json' },
        { do: 'body', bytes: part },
      ];
    case 'error_event':
      return [{ do: 'json', value: openaiError('the engine gave up', { type: 'server_error', code: null }) }];
    case 'empty':
    case 'only_reasoning':
    case 'only_reasoning_length':
    default:
      return [{ do: 'json', value: body }];
  }
}

function lieOf(behaviour: Behaviour, chat: ChatAnswer): ChatAnswer {
  const { model, id } = chat;
  const named = { model, ...(id === undefined ? {} : { id }) };
  if (behaviour === 'empty') return { ...named, text: ['', ' ', '\n'], finish: 'stop' };
  if (behaviour === 'only_reasoning') return { ...named, reasoning: 'hm', finish: 'stop' };
  if (behaviour === 'only_reasoning_length') return { ...named, reasoning: ['hm', 'hm'], finish: 'length' };
  return chat;
}

function refusalOf(
  behaviour: Behaviour,
  { asked, retryAfter }: { readonly asked: ChatRequest; readonly retryAfter: string | number | undefined },
  dice: Dice,
): Script | null {
  switch (behaviour) {
    case 'busy':
      return busyScript(retryAfter);
    case 'queue_full':
      return queueFullScript();
    case 'loading':
      return loadingScript();
    case 'absent':
      return modelNotFoundScript(asked.model, dice.pick(['openai', 'vllm', 'llamacpp', 'lmstudio']));
    case 'too_long':
      return contextLengthScript(dice.pick(['openai', 'vllm', 'llamacpp', 'lmstudio']), { prompt: 9_000, window: 8_000 });
    case 'policy':
      return contentPolicyScript();
    case 'unauthorised':
      return unauthorisedScript();
    case 'redirect':
      return redirectScript('http://169.254.169.254/');
    case 'server_error':
      return serverErrorScript('something went wrong');
    case 'crash':
      return serverErrorScript();
    case 'html_error':
      return htmlErrorScript(dice.pick([502, 504]));
    case 'reset_before_head':
      return [{ do: 'rst' }];
    case 'closed_before_head':
      return [{ do: 'fin' }];
    case 'silent_before_head':
      return [{ do: 'stall' }];
    case 'not_http':
      return [{ do: 'raw', bytes: 'SSH-2.0-OpenSSH_9.6\r\n\r\n' }];
    default:
      return null;
  }
}

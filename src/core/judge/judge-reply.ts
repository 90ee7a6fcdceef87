import type { FinishReason, ReplyEvent, Usage } from '#core/reply/event.ts';

/**
 * What the judge says of a reply.
 *
 * - `empty`: a proper end, not for length, and no choice has a character, a tool call or a refusal;
 * - `reasoning_exhausted`: the same for length, with reasoning: the budget was eaten;
 * - `truncated`: ended without a finish reason, or short of its length;
 * - `stream_broken`: reset, an error in band, or an event that does not parse;
 * - `stalled`: a clock ran out;
 * - `not_as_asked`: whole, but not what the request asked for: no JSON, or not the vectors;
 * - `synthetic`: not a model's answer at all: the profile's own reply.
 */
export type Verdict = 'ok' | 'empty' | 'reasoning_exhausted' | 'truncated' | 'stream_broken' | 'stalled' | 'not_as_asked' | 'synthetic';

/** What a request asks of its reply, as far as the judge can see whether it got that. */
export interface ReplyAsked {
  /** How many answers make the reply whole; null where fewer or more do too. */
  readonly answers: number | null;
  /** How many numbers a vector has; null where any count does. */
  readonly vectorLength: number | null;
  /** What is said has to be JSON. */
  readonly json: boolean;
}

interface ChoiceSeen {
  readonly answered: boolean;
  readonly reasoned: boolean;
  /** Everything it said, kept only where that has to be JSON; null once it called a tool or refused. */
  readonly text: string | null;
  readonly finish: FinishReason | null;
}

/** What the judge has seen of a reply so far. */
export interface Judgement {
  readonly choices: readonly ChoiceSeen[];
  /** The dialect's terminator was seen. */
  readonly ended: boolean;
  readonly malformed: boolean;
  readonly error: { readonly message: string; readonly status: number | null } | null;
  readonly usage: Usage | null;
  /** The model the server says answered. */
  readonly model: string | null;
  readonly asked: ReplyAsked;
  /** A vector is longer or shorter than it was asked to be. */
  readonly otherLength: boolean;
}

export const noJudgement: Judgement = {
  asked: { answers: null, vectorLength: null, json: false },
  otherLength: false,
  choices: [],
  ended: false,
  malformed: false,
  error: null,
  usage: null,
  model: null,
};

const nothingSeen: ChoiceSeen = { answered: false, reasoned: false, text: '', finish: null };

/** Takes one event. A steady stream changes nothing, so that the state stays the same object; what follows the terminator is no part of the reply. */
export function judgeEvent(judgement: Judgement, event: ReplyEvent): Judgement {
  if (judgement.ended) return judgement;
  if (event.kind === 'malformed') return judgement.malformed ? judgement : { ...judgement, malformed: true };
  let next = judgement;
  for (const delta of event.deltas) {
    switch (delta.type) {
      case 'content':
      case 'refusal':
        if (hasCharacter(delta.text)) next = withChoice(next, delta.choice, 'answered');
        else next = withChoice(next, delta.choice, null);
        if (next.asked.json) next = withText(next, delta.choice, delta.type === 'content' ? delta.text : null);
        break;
      case 'tool':
        next = withChoice(next, delta.choice, 'answered');
        if (next.asked.json) next = withText(next, delta.choice, null);
        break;
      case 'vector':
        next = withChoice(next, delta.choice, 'answered');
        if (delta.length !== (next.asked.vectorLength ?? delta.length)) next = { ...next, otherLength: true };
        break;
      case 'reasoning':
        if (delta.text !== '') next = withChoice(next, delta.choice, 'reasoned');
        break;
      case 'finish':
        next = withFinish(next, delta.choice, delta.reason);
        break;
      case 'usage':
        next = { ...next, usage: { input: delta.input, output: delta.output, cachedInput: delta.cachedInput, reasoning: delta.reasoning } };
        break;
      case 'model':
        next = { ...next, model: delta.name };
        break;
      case 'error':
        next = { ...next, error: { message: delta.message, status: delta.status } };
        break;
      case 'end':
        next = { ...next, ended: true };
        break;
    }
  }
  return next;
}

/** Whether a text holds a character that is not white space. */
export function hasCharacter(text: string): boolean {
  return /\S/u.test(text);
}

/** How many choices have said why they ended. */
export function finishedChoices(judgement: Judgement): number {
  return judgement.choices.filter((choice) => choice.finish !== null).length;
}

/** How a reply's bytes ended. `proper`: the transport says it is whole; `short`: closed before its end; `broken`: reset or garbled; `clock`: we gave up. */
export type ReplyEnd = 'proper' | 'short' | 'broken' | 'clock';

/**
 * The verdict of a reply whose bytes have ended. A stream that said why it ended is complete however its connection closed; a whole
 * body must also be as long as its head promised.
 */
export function judgeEnd(judgement: Judgement, end: ReplyEnd, form: 'stream' | 'whole'): Verdict {
  const { choices } = judgement;
  const finished = choices.length > 0 && choices.every((choice) => choice.finish !== null);
  const complete = finished && (form === 'stream' || end === 'proper');
  if (!complete && end === 'clock') return 'stalled';
  if (!complete && end === 'short') return judgement.error === null ? 'truncated' : 'stream_broken';
  if (judgement.malformed || judgement.error !== null || (!complete && end === 'broken')) return 'stream_broken';
  return complete ? answerVerdict(judgement) : 'truncated';
}

function answerVerdict(judgement: Judgement): Verdict {
  if (judgement.choices.some((choice) => choice.answered)) return isAsAsked(judgement) ? 'ok' : 'not_as_asked';
  if (judgement.choices.some((choice) => choice.finish !== 'length')) return 'empty';
  return judgement.choices.some((choice) => choice.reasoned) ? 'reasoning_exhausted' : 'ok';
}

function isAsAsked({ asked, choices, otherLength }: Judgement): boolean {
  if (otherLength || (asked.answers ?? choices.length) !== choices.length) return false;
  // One that was cut for length says so itself; its caller asked for no more.
  return !asked.json || choices.every(({ text, finish }) => text === null || finish !== 'stop' || isJson(text));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withText(judgement: Judgement, index: number, text: string | null): Judgement {
  const choice = judgement.choices[index] ?? nothingSeen;
  return replaceChoice(judgement, index, { ...choice, text: text === null || choice.text === null ? null : choice.text + text });
}

function withChoice(judgement: Judgement, index: number, seen: 'answered' | 'reasoned' | null): Judgement {
  const choice = judgement.choices[index];
  if (choice && (seen === null || choice[seen])) return judgement;
  return replaceChoice(judgement, index, seen === null ? nothingSeen : { ...(choice ?? nothingSeen), [seen]: true });
}

function withFinish(judgement: Judgement, index: number, finish: FinishReason): Judgement {
  return replaceChoice(judgement, index, { ...(judgement.choices[index] ?? nothingSeen), finish });
}

function replaceChoice(judgement: Judgement, index: number, choice: ChoiceSeen): Judgement {
  const choices = [...judgement.choices];
  while (choices.length < index) choices.push(nothingSeen);
  choices[index] = choice;
  return { ...judgement, choices };
}

import type { FinishReason, ReplyEvent, Usage } from '#core/reply/event.ts';

/**
 * What the judge says of a reply.
 *
 * - `empty`: a proper end, not for length, and no choice has a character, a tool call or a refusal;
 * - `reasoning_exhausted`: the same for length, with reasoning: the budget was eaten;
 * - `truncated`: ended without a finish reason, or short of its length;
 * - `stream_broken`: reset, an error in band, or an event that does not parse;
 * - `stalled`: a clock ran out;
 * - `synthetic`: not a model's answer at all: the profile's own reply.
 */
export type Verdict = 'ok' | 'empty' | 'reasoning_exhausted' | 'truncated' | 'stream_broken' | 'stalled' | 'synthetic';

interface ChoiceSeen {
  readonly answered: boolean;
  readonly reasoned: boolean;
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
  /** How many answers make the reply whole; null where fewer or more do too. */
  readonly answersAsked: number | null;
}

export const noJudgement: Judgement = {
  answersAsked: null,
  choices: [],
  ended: false,
  malformed: false,
  error: null,
  usage: null,
  model: null,
};

const nothingSeen: ChoiceSeen = { answered: false, reasoned: false, finish: null };

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
        break;
      case 'tool':
        next = withChoice(next, delta.choice, 'answered');
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
  const { choices, answersAsked } = judgement;
  const finished =
    choices.length > 0 && choices.every((choice) => choice.finish !== null) && (answersAsked ?? choices.length) === choices.length;
  const complete = finished && (form === 'stream' || end === 'proper');
  if (!complete && end === 'clock') return 'stalled';
  if (!complete && end === 'short') return judgement.error === null ? 'truncated' : 'stream_broken';
  if (judgement.malformed || judgement.error !== null || (!complete && end === 'broken')) return 'stream_broken';
  return complete ? answerVerdict(judgement) : 'truncated';
}

function answerVerdict(judgement: Judgement): Verdict {
  if (judgement.choices.some((choice) => choice.answered)) return 'ok';
  if (judgement.choices.some((choice) => choice.finish !== 'length')) return 'empty';
  return judgement.choices.some((choice) => choice.reasoned) ? 'reasoning_exhausted' : 'ok';
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

import { hasCharacter } from '#core/judge/judge-reply.ts';
import type { ReplyEvent } from '#core/reply/event.ts';

/** What a caller's request and profile ask of the release of a stream. */
export interface ReleaseRules {
  /** `hold`: reasoning is kept back so that a rescue stays possible. */
  readonly reasoning: 'hold' | 'release';
  /** `end`: nothing is released before the whole reply is judged. */
  readonly commit: 'answer' | 'end';
  /** The caller asked for the usage event. */
  readonly wantsUsage: boolean;
  /** Choices the caller asked for; the last one's finish reason is held for the record. */
  readonly choices: number;
}

/**
 * The caller's side of one attempt: what of its reply has been released, what is kept back and why. Reasoning is held to 64 kB, a
 * reply without an answer likewise.
 *
 * The answer is committed by the first content that is not white space, tool call, refusal or (unless it is held) reasoning byte
 * that goes out. Before that another model may still answer; after it nothing is replayed.
 */
export interface Exchange {
  readonly committed: boolean;
  /** Events before the commit. */
  readonly held: readonly ReplyEvent[];
  readonly heldBytes: number;
  /** The event with the last finish reason and all after it, until the record is durable; null before it comes. */
  readonly final: readonly ReplyEvent[] | null;
  readonly finished: number;
  /** The terminator was seen: what follows is dropped. */
  readonly ended: boolean;
}

export const newExchange: Exchange = { committed: false, held: [], heldBytes: 0, final: null, finished: 0, ended: false };

const heldBytesMax = 64_000;

/** What may go out now. */
export interface Release {
  readonly exchange: Exchange;
  readonly events: readonly ReplyEvent[];
}

const nothing: readonly ReplyEvent[] = [];

/** Takes one event of the reply; returns what it releases. */
export function takeEvent(exchange: Exchange, event: ReplyEvent, rules: ReleaseRules): Release {
  if (exchange.ended || event.kind !== 'data') return { exchange, events: nothing };
  const ended = event.deltas.some((delta) => delta.type === 'end');
  if (!ended && !rules.wantsUsage && isUsageOnly(event)) return { exchange, events: nothing };
  const finished = exchange.finished + countFinishes(event);
  const final = exchange.final !== null || finished >= rules.choices || ended;
  const moved = ended || finished !== exchange.finished ? { ...exchange, ended, finished } : exchange;
  if (final) return { exchange: holdFinal(moved, event), events: nothing };
  if (exchange.committed) return { exchange: moved, events: [event] };
  if (rules.commit === 'answer' && (answers(event, rules) || exchange.heldBytes + event.raw.length > heldBytesMax)) {
    return { exchange: { ...moved, committed: true, held: nothing, heldBytes: 0 }, events: [...exchange.held, event] };
  }
  return { exchange: { ...moved, held: [...exchange.held, event], heldBytes: exchange.heldBytes + event.raw.length }, events: nothing };
}

/** The reply was judged good and recorded: everything that is left goes out. */
export function releaseRest(exchange: Exchange): Release {
  const events = [...exchange.held, ...(exchange.final ?? nothing)];
  return { exchange: { ...exchange, committed: true, held: nothing, heldBytes: 0, final: nothing }, events };
}

/** The event with the finish reason may hold the answer too; it stays back all the same, and so does the commit. */
function holdFinal(exchange: Exchange, event: ReplyEvent): Exchange {
  return { ...exchange, final: [...(exchange.final ?? nothing), event] };
}

function answers(event: ReplyEvent, rules: ReleaseRules): boolean {
  return event.deltas.some((delta) => {
    if (delta.type === 'content' || delta.type === 'refusal') return hasCharacter(delta.text);
    if (delta.type === 'reasoning') return rules.reasoning === 'release' && delta.text !== '';
    return delta.type === 'tool';
  });
}

function countFinishes(event: ReplyEvent): number {
  let finishes = 0;
  for (const delta of event.deltas) if (delta.type === 'finish') finishes++;
  return finishes;
}

/** A usage event that nobody asked for is ours, not the caller's. */
function isUsageOnly(event: ReplyEvent): boolean {
  return (
    event.deltas.some((delta) => delta.type === 'usage') && event.deltas.every((delta) => delta.type === 'usage' || delta.type === 'model')
  );
}

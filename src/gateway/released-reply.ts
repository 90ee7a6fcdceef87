import { gatewayError } from '#core/errors/gateway-error.ts';
import { newExchange, releaseRest, takeEvent } from '#core/exchange/exchange.ts';
import type { Exchange, ReleaseRules } from '#core/exchange/exchange.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { Verdict } from '#core/judge/judge-reply.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { Dialect, ReplyEvent } from '#core/reply/event.ts';
import type { ReplyTranslator } from '#surfaces/kind.ts';
import type { RunningAttempt } from './attempt.ts';
import type { House } from './house.ts';
import type { Journey } from './request.ts';

/** Above this much unread, the upstream is paused; what was read of it by then may come on top. */
const waitingBytesMax = 128_000;
/** A caller that blocks a slot others wait for is cut after this long. */
const blockedMs = 10_000;

/**
 * The caller's consumer of one attempt's reply: releases a stream's events under the commit rule, keeps a whole reply until it is
 * judged, and leaves when the caller does. Nothing goes out before the intent is durable.
 */
export class ReleasedReply {
  readonly #attempt: RunningAttempt;
  readonly #journey: Journey;
  readonly #house: House;
  readonly #target: TargetId;
  readonly #upstreamModel: string;
  readonly #rules: ReleaseRules;
  /** Everything the caller's answer is made of, where it did not ask for a stream. */
  readonly #whole: ReplyEvent[] = [];
  /** The one body of a reply that was asked for as a stream; if it is translated, the events that say the same. */
  #unasked: readonly ReplyEvent[] = [];
  /** For an upstream whose dialect is not the caller's. */
  readonly #translator: ReplyTranslator | null;
  #exchange: Exchange = newExchange;
  /** Events released before the intent was durable. */
  #early: ReplyEvent[] | null = [];
  #over = false;
  #paused = false;
  #cancelBlocked: () => void = () => {};
  #leave: () => void = () => {};

  constructor(
    attempt: RunningAttempt,
    journey: Journey,
    of: { readonly target: TargetId; readonly upstreamModel: string; readonly dialect: Dialect; readonly house: House },
  ) {
    this.#attempt = attempt;
    this.#journey = journey;
    this.#house = of.house;
    this.#target = of.target;
    this.#upstreamModel = of.upstreamModel;
    const { profile, asked, surface } = journey.request;
    const identity = { model: of.upstreamModel, id: journey.request.responder.requestId, createdAt: of.house.clock.wallNow() };
    this.#translator = of.dialect === surface.dialect ? null : (surface.translator?.(identity, asked) ?? null);
    this.#rules = { reasoning: profile.reasoning, commit: profile.commit, wantsUsage: asked.wantsUsage, choices: asked.choices };
    this.#leave = attempt.reply.attach(
      { event: (event) => this.#event(event), ended: (verdict) => this.#ended(verdict) },
      { keepsAlive: true },
    );
    journey.stopReply = (): void => this.#leave();
    journey.drained = (): void => this.#resume();
    journey.begun.then(
      () => this.#flushEarly(),
      () => this.#leave(),
    );
  }

  /** Something of the answer has reached the caller: no other model may answer now. */
  get committed(): boolean {
    return this.#exchange.committed && this.#early === null;
  }

  /** The events are no longer the upstream's own. */
  get translated(): boolean {
    return this.#translator !== null;
  }

  /** The events of a reply that the caller wants whole. */
  get events(): readonly ReplyEvent[] {
    return this.#whole;
  }

  /** The attempt is over: what has not gone out by now goes out through `finish` or never. */
  stop(): void {
    this.#over = true;
    this.#cancelBlocked();
  }

  /** The reply was judged good and its record is durable: releases what was held, and says whether the terminator was in it. */
  finish(): { readonly terminated: boolean } {
    const { exchange, events } = releaseRest(this.#exchange);
    this.#exchange = exchange;
    this.#send([...(this.#early ?? []), ...events]);
    this.#early = null;
    return { terminated: exchange.ended };
  }

  /** What `finish` will release. */
  get rest(): readonly ReplyEvent[] {
    return [...(this.#early ?? []), ...releaseRest(this.#exchange).events];
  }

  #event(event: ReplyEvent): void {
    const events = this.#translator?.event(event) ?? [event];
    if (!this.#journey.request.asked.stream) this.#whole.push(...events);
    else if (this.#attempt.streamed) for (const each of events) this.#take(each);
    else this.#unasked = events;
  }

  /** A server that answers a request for a stream with one body: once that is judged good, the caller gets the stream it asked for. */
  #ended(verdict: Verdict): void {
    const [body] = this.#unasked;
    if (body === undefined || verdict !== 'ok') return;
    const { surface } = this.#journey.request;
    const parts = this.translated ? this.#unasked : surface.dialect.readStream(Number.MAX_SAFE_INTEGER).push(surface.disassemble(body));
    for (const part of parts) this.#take(part);
  }

  #take(event: ReplyEvent): void {
    const { exchange, events } = takeEvent(this.#exchange, event, this.#rules);
    this.#exchange = exchange;
    if (events.length === 0) return;
    if (this.#early) this.#early.push(...events);
    else this.#send(events);
  }

  #flushEarly(): void {
    const early = this.#early;
    if (!early || this.#over) return;
    this.#early = null;
    this.#send(early);
  }

  #send(events: readonly ReplyEvent[]): void {
    if (events.length === 0) return;
    const { request, attempts } = this.#journey;
    if (!request.responder.headOut) {
      request.responder.describe({
        upstream: this.#target.slice(0, this.#target.indexOf('/')),
        model: this.#upstreamModel,
        attempts: String(attempts.length + 1),
      });
    }
    if (request.responder.release(events) > waitingBytesMax) this.#pause();
  }

  #pause(): void {
    // What is over holds no slot, and there is nothing left to pause.
    if (this.#paused || this.#over) return;
    this.#paused = true;
    this.#attempt.pause();
    this.#watchBlocked();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#cancelBlocked();
    this.#attempt.resume();
  }

  /** A slow reader may keep its slot only while nobody waits for it. */
  #watchBlocked(): void {
    this.#cancelBlocked = this.#house.clock.after(blockedMs, () => {
      const pool = this.#house.tables().targets.get(this.#target)?.pool;
      if (pool !== undefined && this.#house.fleet.waiters.waitsFor(pool)) this.#cutSlow();
      else this.#watchBlocked();
    });
  }

  #cutSlow(): void {
    const message = `The caller read too slowly and held a slot of ${upstreamOf(this.#target)} that others waited for; it was cut.`;
    this.#journey.request.responder.cut(gatewayError('caller_too_slow', message));
  }
}

import { newAttempt, nextDeadline, stepAttempt } from '#core/attempt/attempt.ts';
import type { Attempt, AttemptEvent, ClockName } from '#core/attempt/attempt.ts';
import type { Refusal } from '#core/attempt/refusal.ts';
import { finishedChoices, judgeEnd, judgeEvent, noJudgement } from '#core/judge/judge-reply.ts';
import type { Judgement, ReplyAsked, ReplyEnd, Verdict } from '#core/judge/judge-reply.ts';
import type { Clocks } from '#core/policy/policy.ts';
import type { Dialect, EventReader, ReplyEvent } from '#core/reply/event.ts';
import type { Dialer, EgressPermit, WireCall, WireFault } from '#egress/port.ts';
import type { PreparedRequest, UpstreamKind } from '#upstreams/kind.ts';
import type { Clock, SlotLease } from './ports.ts';
import { Reply } from './reply.ts';

/** An event larger than this ends the attempt. */
const eventBytesMax = 1_000_000;
/** A whole body larger than this ends the attempt, and so does a stream that is held whole. */
const bodyBytesMax = 64_000_000;
const refusalBytesMax = 64_000;
/** After the last finish reason the terminator, the usage or the end may still come; not longer. */
const afterFinishMs = 1_000;

/** What one attempt needs. */
export interface AttemptSpec {
  readonly kind: UpstreamKind;
  /** How it spells replies to this request. */
  readonly dialect: Dialect;
  readonly prepared: PreparedRequest;
  readonly permit: EgressPermit;
  readonly clocks: Clocks;
  /** Streamed from the upstream. */
  readonly stream: boolean;
  /** Choices asked for: a stream is finished when so many have said why they ended. */
  readonly choices: number;
  readonly asked: ReplyAsked;
  /** Nothing of the reply goes out before its end, however it comes. */
  readonly held: boolean;
  /** A new connection only. */
  readonly fresh: boolean;
  readonly lease: SlotLease;
  /** For the lease of a server that goes on after we have left. */
  medianMs(): number | null;
  /** Whether the server is known to be loading, which stops the first-token clock. */
  loading(): boolean;
}

/** How an attempt went: the raw material of its outcome and its record. */
export interface AttemptReport {
  readonly address: string | null;
  readonly reused: boolean;
  readonly attempt: Attempt;
  readonly status: number | null;
  readonly refusal: Refusal | null;
  readonly fault: WireFault | null;
  readonly clock: ClockName | null;
  readonly verdict: Verdict | null;
  readonly judgement: Judgement;
  /** The reply came as a stream of events. */
  readonly streamed: boolean;
  readonly bytes: number;
  /** Nobody wanted the reply any more. */
  readonly abandoned: boolean;
}

/**
 * One try at one target: sends the request, reads the reply into events, keeps the clocks, and holds the lease until the server has
 * stopped. `done` resolves once, when the reply has ended in whatever way; the connection may live a moment longer.
 */
export class RunningAttempt {
  readonly reply: Reply;
  readonly done: Promise<AttemptReport>;
  readonly #spec: AttemptSpec;
  readonly #clock: Clock;
  readonly #resolve: (report: AttemptReport) => void;
  readonly #call: WireCall;
  #attempt: Attempt;
  #judgement: Judgement;
  #reader: EventReader | null = null;
  #body: Uint8Array[] = [];
  #bytes = 0;
  #address: string | null = null;
  #reused = false;
  #status: number | null = null;
  #headers: Readonly<Record<string, string>> = {};
  #settled = false;
  #wireEnded = false;
  #abandoned = false;
  /** The server was loading when the first-token clock was last looked at. */
  #wasLoading = false;
  #cancelClock: () => void = () => {};
  /** When the timer fires; null while there is none. */
  #clockAt: number | null = null;
  #cancelFinish: () => void = () => {};
  #finishing = false;

  constructor(spec: AttemptSpec, ports: { readonly clock: Clock; readonly dialer: Dialer }) {
    const { promise, resolve } = Promise.withResolvers<AttemptReport>();
    this.done = promise;
    this.#resolve = resolve;
    this.#spec = spec;
    this.#judgement = { ...noJudgement, asked: spec.asked };
    this.#clock = ports.clock;
    this.#attempt = newAttempt(ports.clock.now());
    this.reply = new Reply(() => this.#abandon());
    this.#armClock();
    this.#call = ports.dialer.call(
      spec.prepared.request,
      {
        dialled: (peer) => {
          this.#address = peer.address;
          this.#reused = peer.reused;
        },
        sent: () => this.#note('sent'),
        head: (status, headers) => this.#head(status, headers),
        data: (bytes) => this.#data(bytes),
        end: () => this.#wireEnd(null),
        failed: (fault) => this.#wireEnd(fault),
      },
      { permit: spec.permit, fresh: spec.fresh, connectMs: spec.clocks.connectMs },
    );
  }

  /** The reply comes as a stream of events, whatever was asked for. */
  get streamed(): boolean {
    return this.#reader !== null;
  }

  /** The caller does not keep up: stops reading from the upstream. */
  pause(): void {
    if (this.#wireEnded) return;
    this.#call.pause();
    this.#note('paused');
  }

  resume(): void {
    if (this.#wireEnded) return;
    this.#call.resume();
    this.#note('resumed');
  }

  #note(type: AttemptEvent['type']): void {
    this.#attempt = stepAttempt(this.#attempt, { type, at: this.#clock.now() });
    if (type !== 'token' && type !== 'event') this.#armClock();
  }

  /** One timer for the nearest clock. Most of what happens only moves the deadline further away: the timer looks again when it fires. */
  #armClock(): void {
    if (this.#settled) return;
    const deadline = nextDeadline(this.#attempt, this.#spec.clocks, this.#spec.stream);
    if (deadline && (this.#clockAt === null || deadline.at < this.#clockAt)) this.#fireAt(deadline.at);
  }

  #fireAt(at: number): void {
    this.#cancelClock();
    this.#clockAt = at;
    this.#cancelClock = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#clockAt = null;
      this.#clockFired();
    });
  }

  #clockFired(): void {
    const deadline = nextDeadline(this.#attempt, this.#spec.clocks, this.#spec.stream);
    const now = this.#clock.now();
    if (!deadline) return;
    if (deadline.at > now) return this.#armClock();
    if (deadline.clock === 'first_token' && this.#loads(now)) return;
    this.#settle({ end: 'clock', clock: deadline.clock, fault: null });
    this.#leave();
  }

  /** Stops the first-token clock while the server is loading; a model that has just been loaded gets its time once more. */
  #loads(now: number): boolean {
    const { loadMs, firstTokenMs } = this.#spec.clocks;
    const leftMs = this.#attempt.startedAt + loadMs - now;
    const loading = this.#spec.loading();
    if (leftMs <= 0 || (!loading && !this.#wasLoading)) return false;
    this.#wasLoading = loading;
    this.#fireAt(now + Math.min(leftMs, firstTokenMs));
    return true;
  }

  #head(status: number, headers: Readonly<Record<string, string>>): void {
    this.#status = status;
    this.#headers = headers;
    this.#note('head');
    const streamed = (headers['content-type'] ?? '').toLowerCase().startsWith(this.#spec.dialect.streamType);
    if (isSuccess(status) && streamed) this.#reader = this.#spec.dialect.readStream(eventBytesMax);
  }

  #data(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#settled) return;
    if (this.#reader) {
      if (this.#spec.held && this.#bytes > bodyBytesMax) return this.#fail('broken');
      for (const event of this.#reader.push(bytes)) this.#event(event);
      return;
    }
    const bytesMax = isSuccess(this.#status) ? bodyBytesMax : refusalBytesMax;
    if (this.#bytes <= bytesMax) this.#body.push(bytes);
    else this.#fail(isSuccess(this.#status) ? 'broken' : 'proper');
  }

  #event(event: ReplyEvent): void {
    if (this.#settled || event.kind === 'noise') return;
    this.#judgement = judgeEvent(this.#judgement, event);
    this.#note(hasToken(event) ? 'token' : 'event');
    if (this.#attempt.firstTokenAt === this.#attempt.lastAt) this.#armClock();
    if (event.kind === 'malformed' || this.#judgement.error !== null) return this.#fail('broken');
    this.reply.event(event);
    if (this.#judgement.ended) {
      this.#spec.lease.step({ type: 'terminator' });
      this.#settle({ end: 'proper', clock: null, fault: null });
      this.#cancelFinish();
      if (!this.#wireEnded) this.#cancelFinish = this.#clock.after(afterFinishMs, () => this.#call.abort());
    } else if (!this.#finishing && finishedChoices(this.#judgement) >= this.#spec.choices) {
      // Counted from the finish: a server that goes on talking gets no more time by it.
      this.#finishing = true;
      this.#cancelFinish = this.#clock.after(afterFinishMs, () => {
        this.#settle({ end: 'proper', clock: null, fault: null });
        this.#leave();
      });
    }
  }

  /** The reply is beyond use: settles it and leaves the upstream. */
  #fail(end: ReplyEnd): void {
    this.#settle({ end, clock: null, fault: null });
    this.#leave();
  }

  #wireEnd(fault: WireFault | null): void {
    this.#wireEnded = true;
    this.#cancelFinish();
    if (!this.#settled) {
      const end: ReplyEnd = fault === null ? 'proper' : fault.cause === 'closed' ? 'short' : 'broken';
      this.#settle({ end: this.#readRest(end), clock: null, fault });
    }
    this.#endLease(fault);
  }

  /** What the reader or the body still hold, once no more bytes come. */
  #readRest(end: ReplyEnd): ReplyEnd {
    if (!isSuccess(this.#status)) return end;
    if (!this.#reader) {
      this.#wholeBody(end);
      return end;
    }
    const rest = this.#reader.end();
    const cut = rest.some((event) => event.kind === 'malformed');
    for (const event of rest) if (event.kind === 'data') this.#lastEvent(event);
    return cut && end === 'proper' ? 'short' : end;
  }

  #wholeBody(end: ReplyEnd): void {
    const body = joinBytes(this.#body);
    this.#body = [];
    if (end !== 'proper' || body.length === 0) return;
    this.#lastEvent(this.#spec.dialect.readWhole(body));
  }

  #lastEvent(event: ReplyEvent): void {
    this.#judgement = judgeEvent(this.#judgement, event);
    if (hasToken(event)) this.#note('token');
    this.reply.event(event);
  }

  #abandon(): void {
    if (this.#settled) return;
    this.#abandoned = true;
    this.#settle({ end: 'broken', clock: null, fault: null });
    this.#leave();
  }

  #leave(): void {
    if (this.#wireEnded) return;
    this.#call.abort();
  }

  /** The slot comes back when the server has stopped; where nobody can tell, the lease outlives the connection. */
  #endLease(fault: WireFault | null): void {
    const { lease, kind } = this.#spec;
    const sentAt = this.#attempt.sentAt;
    if (sentAt === null || (this.#status !== null && !isSuccess(this.#status))) lease.step({ type: 'not_started' });
    else if (fault === null || fault.cause !== 'aborted') lease.step({ type: 'body_ended' });
    else if (this.#serverIsDone()) lease.step({ type: 'idle' });
    else
      lease.step({ type: 'aborted', honoured: kind.honoursAbort, medianMs: this.#spec.medianMs(), elapsedMs: this.#clock.now() - sentAt });
  }

  /** It has said everything, or that it cannot go on. */
  #serverIsDone(): boolean {
    const { ended, error } = this.#judgement;
    return ended || error !== null || finishedChoices(this.#judgement) >= this.#spec.choices;
  }

  #settle(how: { readonly end: ReplyEnd; readonly clock: ClockName | null; readonly fault: WireFault | null }): void {
    if (this.#settled) return;
    const success = isSuccess(this.#status);
    const form = this.#reader ? 'stream' : 'whole';
    const verdict = success ? judgeEnd(this.#judgement, how.end, form) : null;
    this.#settled = true;
    this.#cancelClock();
    this.#attempt = stepAttempt(this.#attempt, { type: 'ended', at: this.#clock.now() });
    const refusal =
      this.#status === null || success ? null : this.#spec.kind.readRefusal(this.#status, this.#headers, decode(joinBytes(this.#body)));
    if (verdict !== null) this.reply.ended(verdict);
    this.#resolve({
      address: this.#address,
      reused: this.#reused,
      attempt: this.#attempt,
      status: this.#status,
      refusal,
      fault: how.fault,
      clock: how.clock,
      verdict,
      judgement: this.#judgement,
      streamed: this.#reader !== null,
      bytes: this.#bytes,
      abandoned: this.#abandoned,
    });
  }
}

function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

function hasToken(event: ReplyEvent): boolean {
  return event.deltas.some(
    (delta) =>
      ((delta.type === 'content' || delta.type === 'reasoning' || delta.type === 'refusal') && delta.text !== '') ||
      delta.type === 'tool' ||
      delta.type === 'vector',
  );
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

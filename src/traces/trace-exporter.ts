import { partyFlow } from '#core/policy/party-flow.ts';
import type { Party } from '#core/policy/party-flow.ts';
import type { Location, Tier } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { Clock, Digest } from '#gateway/ports.ts';
import { encodeSpans } from './encode-spans.ts';
import type { Span, SpanSource } from './span.ts';
import { spansOfCall } from './spans-of-call.ts';
import type { EndedCall } from './spans-of-call.ts';

/** What became of one batch that was sent. */
export type Posted =
  | { readonly outcome: 'taken' }
  /** It will not be taken however often it is sent. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** It may be taken later. */
  | { readonly outcome: 'not_now'; readonly reason: string };

/** What a batch was put together for: it may be sent to nobody else. */
export interface BatchRight {
  /** The narrowest of the callers it speaks of. */
  readonly tier: Tier;
  readonly location: Location;
  readonly policyHash: string;
}

export interface TraceExporterParts {
  readonly source: SpanSource;
  /** Where traces go under the policy in force; null if nowhere. */
  readonly party: () => Party | null;
  readonly tables: () => PolicyTables;
  /** Sends one batch. Never rejects. */
  readonly post: (body: Uint8Array, right: BatchRight) => Promise<Posted>;
  readonly clock: Clock;
  readonly digest: Digest;
  /** Hears when the exporter begins to fail, with the reason, and when it works again (null). */
  readonly onState: (trouble: string | null) => void;
}

/** Since the start. */
export interface TraceCounts {
  /** Calls whose spans were taken. */
  readonly exported: number;
  /** Calls whose spans were given up: no room in the queue, refused, or still waiting when the house closed. */
  readonly dropped: number;
  readonly waiting: number;
}

interface Waiting {
  readonly call: EndedCall;
  /** The policy it was made under. */
  readonly tables: PolicyTables;
  readonly tier: Tier;
  readonly size: number;
}

const callsMax = 2_048;
/** Characters of text that may wait. */
const sizeMax = 32_000_000;
const batchCalls = 128;
/** Spelling half a megabyte of words takes some 10 ms, and whoever waits for an answer waits for it. */
const batchSize = 520_000;
const gatherMs = 1_000;
/** What waits when the house closes is sent for so long. */
const closingMs = 2_000;
const backoffMs = [1_000, 5_000, 15_000, 60_000];

/**
 * Sends an account of every call to whoever collects traces. It stands beside the request path and costs it nothing: a queue with an
 * end, one batch under way at a time, and whatever does not fit is dropped and counted.
 */
export class TraceExporter {
  readonly #parts: TraceExporterParts;
  #waiting: Waiting[] = [];
  #size = 0;
  #sending = false;
  #failures = 0;
  #trouble: string | null = null;
  #exported = 0;
  #dropped = 0;
  /** The batch that is being sent, until it is taken, refused or to be tried again. */
  #underWay: Promise<void> = Promise.resolve();
  /** Nothing more is taken. */
  #stopped = false;
  /** Nothing more is counted. */
  #closed = false;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: TraceExporterParts) {
    this.#parts = parts;
  }

  /** Takes a call that has ended. At once, and never throws for want of room. */
  take(call: EndedCall): void {
    const to = this.#parts.party();
    if (to === null || this.#stopped) return;
    const tier = call.intent.facts?.tier ?? 'sovereign';
    const flow = partyFlow(to, tier);
    if (flow === 'nothing') return;
    const told = flow === 'text' ? call : { ...call, said: null };
    const size = 4_000 + (told.said?.request.length ?? 0) + (told.said?.reply?.length ?? 0);
    if (this.#waiting.length >= callsMax || this.#size + size > sizeMax) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ call: told, tables: this.#parts.tables(), tier, size });
    this.#size += size;
    if (!this.#sending) this.#wake(gatherMs);
  }

  /** Sends one span of our own, so that a wrong address or key is known at the start and not when the traces are missed. */
  async selfTest(): Promise<Posted | null> {
    const { party, tables, clock, digest } = this.#parts;
    const to = party();
    if (to === null) return null;
    const at = clock.wallNow();
    const id = digest(`self-test ${at}`);
    const span: Span = {
      traceId: id.slice(0, 32),
      spanId: id.slice(32, 48),
      parentSpanId: null,
      name: 'gatehouse self-test',
      kind: 'internal',
      startMs: at,
      endMs: at,
      attributes: { 'openinference.span.kind': 'CHAIN' },
      error: null,
    };
    const right = { tier: 'cloud-explicit', location: to.location, policyHash: tables().hash } as const;
    const posted = await this.#parts.post(encodeSpans([span], this.#parts.source), right);
    if (posted.outcome === 'taken') this.#hurry();
    return posted;
  }

  /** Whoever takes a span now takes what has waited for another try, too. */
  #hurry(): void {
    this.#failures = 0;
    if (this.#waiting.length === 0 || this.#sending || this.#stopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#wake(0);
  }

  counts(): TraceCounts {
    return { exported: this.#exported, dropped: this.#dropped, waiting: this.#waiting.length };
  }

  /** Takes nothing more, and sends what waits, for 2 s at most; what is left then is dropped. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(closingMs, resolve);
    });
    await Promise.race([this.#sendAll(), late]);
    cancel();
    this.#closed = true;
    const left = this.#waiting.length;
    if (left === 0) return;
    this.#forget(() => true);
    this.#tell(`${left} calls were not told before the house closed`);
  }

  /** A receiver that does not take a batch now will not take the next either. */
  async #sendAll(): Promise<void> {
    await this.#underWay;
    for (let failures = this.#failures; this.#waiting.length > 0 && this.#failures <= failures && !this.#closed;) {
      failures = this.#failures;
      this.#underWay = this.#send();
      await this.#underWay;
    }
  }

  #wake(afterMs: number): void {
    this.#cancelTimer ??= this.#parts.clock.after(afterMs, () => {
      this.#cancelTimer = null;
      this.#underWay = this.#send();
    });
  }

  async #send(): Promise<void> {
    const to = this.#parts.party();
    this.#forget(({ tier }) => to === null || partyFlow(to, tier) === 'nothing');
    const batch = this.#nextBatch();
    if (to === null || batch.length === 0) return;
    this.#sending = true;
    const tier = batch.map((each) => each.tier).toSorted((a, b) => tierRank(a) - tierRank(b))[0] ?? 'sovereign';
    const body = encodeSpans(
      batch.flatMap((each) => this.#spansFor(to, each)),
      this.#parts.source,
    );
    const posted = await this.#parts.post(body, { tier, location: to.location, policyHash: this.#parts.tables().hash });
    this.#sending = false;
    if (this.#closed) return;
    if (posted.outcome === 'not_now') this.#notNow(posted.reason);
    else this.#settled(batch, posted);
    if (this.#stopped || this.#waiting.length === 0) return;
    this.#wake(this.#failures === 0 ? 0 : (backoffMs[Math.min(this.#failures, backoffMs.length) - 1] ?? 0));
  }

  /** Who collects may be somebody else than when the call was taken: what it hears is decided when it is sent. */
  #spansFor(to: Party, { call, tables, tier }: Waiting): readonly Span[] {
    return spansOfCall(partyFlow(to, tier) === 'text' ? call : { ...call, said: null }, { tables, digest: this.#parts.digest });
  }

  /** Gives up calls that wait and may not be told any more. */
  #forget(isOver: (waiting: Waiting) => boolean): void {
    const staying = this.#waiting.filter((each) => !isOver(each));
    if (staying.length === this.#waiting.length) return;
    this.#dropped += this.#waiting.length - staying.length;
    this.#waiting = staying;
    this.#size = staying.reduce((sum, { size }) => sum + size, 0);
  }

  /** What goes together: they stay in the queue until they are taken or refused. */
  #nextBatch(): readonly Waiting[] {
    let size = 0;
    const batch: Waiting[] = [];
    for (const each of this.#waiting) {
      if (batch.length > 0 && (batch.length >= batchCalls || size + each.size > batchSize)) break;
      batch.push(each);
      size += each.size;
    }
    return batch;
  }

  #settled(batch: readonly Waiting[], posted: Exclude<Posted, { outcome: 'not_now' }>): void {
    this.#waiting = this.#waiting.slice(batch.length);
    for (const { size } of batch) this.#size -= size;
    if (posted.outcome === 'taken') this.#exported += batch.length;
    else this.#dropped += batch.length;
    this.#failures = 0;
    this.#tell(posted.outcome === 'refused' ? posted.reason : null);
  }

  #notNow(reason: string): void {
    this.#failures++;
    this.#tell(reason);
  }

  /** Once for each trouble, and once when it is over. */
  #tell(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#parts.onState(trouble);
  }
}

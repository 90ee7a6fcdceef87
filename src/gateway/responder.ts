import { errorRow, gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { ToldTape } from '#core/record/told-tape.ts';
import type { ReplyEvent } from '#core/reply/event.ts';
import type { Surface } from '#surfaces/kind.ts';
import type { ClientWire, Clock } from './ports.ts';
import { Silence } from './silence.ts';

/** Silence on an open stream is broken this often. */
const keepAliveMs = 15_000;

/**
 * What one caller is told, in its own API. The head goes out with the first byte of the answer, or on streams after a silence; from
 * then on refusals are in band.
 */
export class Responder {
  readonly requestId: string;
  readonly #surface: Surface;
  readonly #client: ClientWire;
  readonly #clock: Clock;
  readonly #headers: Record<string, string>;
  #stream = false;
  #headOut = false;
  #done = false;
  #gone = false;
  /** Until the head, or the next keep-alive, has to go out. */
  readonly #silence: Silence;
  #firstByteAt: number | null = null;
  #lastRaw: Uint8Array | null = null;
  #told: ToldTape | null = null;
  #cutWhy: GatewayError | null = null;

  constructor(surface: Surface, client: ClientWire, options: { readonly clock: Clock; readonly requestId: string }) {
    this.#surface = surface;
    this.#client = client;
    this.#clock = options.clock;
    this.#silence = new Silence(options.clock, () => this.#breakSilence());
    this.requestId = options.requestId;
    this.#headers = { 'x-gatehouse-request-id': options.requestId, 'x-request-id': options.requestId };
    client.onGone((why) => {
      if (why === 'stalled')
        this.#cutWhy ??= gatewayError('caller_too_slow', 'The caller took nothing of its answer for too long and was cut.');
      this.#gone = true;
      this.#silence.stop();
    });
  }

  /** The caller has left before it was told everything. */
  get gone(): boolean {
    return this.#gone && !this.#done;
  }

  /** Why it was we who ended the connection; null where the caller left by itself. */
  get cutWhy(): GatewayError | null {
    return this.#cutWhy;
  }

  get headOut(): boolean {
    return this.#headOut;
  }

  /** Everything there is to say has been said. */
  get done(): boolean {
    return this.#done;
  }

  /** When the first byte of an answer went out; null before. */
  get firstByteAt(): number | null {
    return this.#firstByteAt;
  }

  /** From here on what is told of an answer is remembered. */
  remember(): void {
    this.#told = new ToldTape();
  }

  /**
   * The stream so far and what is about to be told; nothing after it is remembered. Null where nothing of an answer was told, or nobody asked to
   * remember it.
   */
  told(rest: readonly ReplyEvent[]): ToldTape | null {
    const told = this.#told;
    this.#told = null;
    for (const event of rest) told?.add(event.raw);
    return told !== null && told.length > 0 ? told : null;
  }

  /** Adds response headers; what is not known when the head must go is left out. */
  describe(headers: Readonly<Record<string, string | null>>): void {
    for (const [name, value] of Object.entries(headers)) if (value !== null) this.#headers[`x-gatehouse-${name}`] = headerSafe(value);
  }

  /** The caller asked for a stream: after `headAfterMs` of silence the head goes out, and then keep-alives. */
  startStream(headAfterMs: number): void {
    if (this.#done || this.#gone) return;
    this.#stream = true;
    this.#silence.wait(this.#headOut ? keepAliveMs : headAfterMs);
  }

  /** Sends events as they came. Returns the bytes that wait because the caller does not read. */
  release(events: readonly ReplyEvent[]): number {
    if (this.#done || this.#gone || events.length === 0) return 0;
    // A keep-alive went before: what marks the start of the upstream's stream would be part of a field's name in ours.
    const marked = this.#headOut && this.#firstByteAt === null;
    this.#sendHead();
    this.#firstByteAt ??= this.#clock.now();
    let waiting = 0;
    for (const [at, event] of events.entries()) {
      const raw = marked && at === 0 ? withoutMark(event.raw) : event.raw;
      waiting = this.#client.write(raw);
      this.#told?.add(raw);
    }
    this.#lastRaw = events.at(-1)?.raw ?? this.#lastRaw;
    if (this.#stream) this.#silence.wait(keepAliveMs);
    return waiting;
  }

  /** Ends a stream that is whole. `terminated`: the upstream's own terminator was among the events. */
  finishStream(terminated: boolean): void {
    if (this.#done) return;
    this.#sendHead();
    const rest = `${this.#delimiter()}${terminated ? '' : this.#surface.terminator}`;
    if (rest !== '') this.#client.write(rest);
    this.#end();
  }

  /** Sends a whole stream of our own, its terminator included. */
  streamed(body: string): void {
    if (this.#done) return;
    this.#sendHead();
    this.#firstByteAt ??= this.#clock.now();
    this.#client.write(body);
    this.#end();
  }

  /** Sends a whole answer. */
  whole(body: Uint8Array | string): void {
    if (this.#done) return;
    this.#done = true;
    this.#silence.stop();
    this.#firstByteAt ??= this.#clock.now();
    if (!this.#headOut)
      this.#client.head(200, { ...this.#headers, 'content-type': this.#surface.wholeType, 'content-length': String(byteLength(body)) });
    this.#client.write(body);
    this.#client.end();
  }

  /** Says that it failed: as an answer of its own, or in band if the head is out; then the stream has no terminator. */
  fail(error: GatewayError): void {
    if (this.#done) return;
    if (this.#headOut) {
      this.#client.write(`${this.#delimiter()}${this.#surface.errorEvent(error, this.requestId)}`);
      this.#end();
      return;
    }
    this.#done = true;
    this.#silence.stop();
    const row = errorRow(error);
    const body = this.#surface.errorBody(error, this.requestId);
    this.#client.head(row.status, {
      ...this.#headers,
      'content-type': this.#surface.wholeType,
      'content-length': String(byteLength(body)),
      ...(error.retryAfterMs === null ? {} : { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) }),
      ...(row.retry ? {} : { 'x-should-retry': 'false' }),
    });
    this.#client.write(body);
    this.#client.end();
  }

  /** No keep-alive from here on: what is being recorded of the answer must stay true until it goes out. */
  settle(): void {
    this.#silence.stop();
  }

  /** Cuts the connection. `why` is for the record: the caller sees no more than a connection that breaks. */
  cut(why: GatewayError): void {
    this.#cutWhy ??= why;
    this.#silence.stop();
    this.#client.destroy();
  }

  /** An upstream's last event may have ended without its own delimiter; ours must not run into it. */
  #delimiter(): string {
    const end = this.#lastRaw === null ? '\n\n' : Buffer.from(this.#lastRaw.subarray(-4)).toString('latin1');
    if (/(?:\n\n|\r\r|\r\n\r\n)$/.test(end)) return '';
    return /[\r\n]$/.test(end) ? '\n' : '\n\n';
  }

  #sendHead(): void {
    if (this.#headOut || this.#done) return;
    this.#headOut = true;
    this.#client.head(200, {
      ...this.#headers,
      'content-type': this.#surface.streamType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
  }

  /** After a silence: the head if it is not out yet, and a keep-alive. */
  #breakSilence(): void {
    if (this.#done || this.#gone) return;
    this.#sendHead();
    this.#client.write(this.#surface.keepAlive);
    this.#silence.wait(keepAliveMs);
  }

  #end(): void {
    this.#done = true;
    this.#silence.stop();
    this.#client.end();
  }
}

function byteLength(body: Uint8Array | string): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
}

function withoutMark(raw: Uint8Array): Uint8Array {
  return raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? raw.subarray(3) : raw;
}

const visible = /^[\x20-\x7e]*$/;

/** Header values hold visible Latin-1 only; a name from the policy or a client may hold more. */
function headerSafe(value: string): string {
  return (visible.test(value) ? value : value.replace(/[^\x20-\x7e]/gu, '?')).slice(0, 200);
}

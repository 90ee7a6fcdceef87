import type { Dispatcher } from 'undici';
import type { Connection } from './connection.ts';
import type { WireCall, WireFault, WireHandler } from './port.ts';
import { faultCause } from './wire-fault.ts';
import { replyHeaders, replyRefusal } from './wire-headers.ts';

/** Most 1xx heads before the real one. */
const maxInterim = 8;

/**
 * One call from its start to its end: hears the parser, tells the caller's handler. `failed` is never told from inside a call of the
 * caller's, so that a handler need not be ready for it while it aborts.
 */
export class Exchange implements WireCall, Dispatcher.DispatchHandler {
  readonly #handler: WireHandler;
  readonly #over: () => void;
  #connection: Connection | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #cancelDial: (() => void) | null = null;
  #released: (() => void) | null = null;
  #bytesBefore = 0;
  #interim = 0;
  #headSeen = false;
  #paused = false;
  #finished = false;

  /** `over` hears that the call has ended, however it did, just before its handler does. */
  constructor(handler: WireHandler, over: () => void) {
    this.#handler = handler;
    this.#over = over;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** While the connection is being opened; `cancel` gives up on it. */
  dialling(cancel: () => void): void {
    this.#cancelDial = cancel;
  }

  /** Sends the request on a connection. `released` hears, after its proper end, that the connection is free if it still lives. */
  begin(
    connection: Connection,
    request: Dispatcher.DispatchOptions,
    { reused, released }: { readonly reused: boolean; readonly released: () => void },
  ): void {
    this.#cancelDial = null;
    this.#connection = connection;
    this.#bytesBefore = connection.bytesRead;
    this.#released = released;
    this.#tell(() => this.#handler.dialled({ address: connection.address, reused }));
    if (!this.#finished) connection.send(request, this);
  }

  pause(): void {
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    this.#paused = false;
    // The parser cannot be entered twice, and this may be called from inside another call's data.
    queueMicrotask(() => {
      if (!this.#paused && !this.#finished) this.#controller?.resume();
    });
  }

  abort(): void {
    this.fail('aborted', 'aborted');
  }

  /** Ends the call for a reason and closes what it holds. */
  fail(cause: WireFault['cause'], message: string): void {
    if (this.#finished) return;
    this.#finished = true;
    const receivedBytes = this.#receivedBytes();
    this.#cancelDial?.();
    this.#controller?.abort(new Error(message));
    this.#connection?.destroy();
    this.#over();
    queueMicrotask(() => this.#handler.failed({ cause, message, receivedBytes }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#finished) controller.abort(new Error('aborted'));
    else if (this.#paused) controller.pause();
  }

  onRequestSent(): void {
    this.#tell(() => this.#handler.sent());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#finished) return;
    const raw = Array.isArray(controller.rawHeaders) ? controller.rawHeaders : [];
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > maxInterim) this.fail('protocol', `${this.#interim} interim replies`);
      return;
    }
    const headers = replyHeaders(raw);
    const refusal = replyRefusal(headers, raw.length / 2);
    if (refusal !== null) return this.fail('protocol', `unreadable reply: ${refusal}`);
    this.#headSeen = true;
    this.#tell(() => this.#handler.head(status, headers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    this.#tell(() => this.#handler.data(bytes));
  }

  onResponseEnd(): void {
    if (this.#finished) return;
    if (this.#connection?.wasReset === true) return this.fail('reset', 'reset before the reply was whole');
    this.#finished = true;
    // First in line: whoever hears of the end and calls again finds the connection free. Not now: bytes behind the end close it.
    if (this.#released !== null) queueMicrotask(this.#released);
    this.#over();
    try {
      this.#handler.end();
    } catch (error) {
      // An end that was not taken is none; left alone, its caller would wait for ever.
      queueMicrotask(() => this.#handler.failed({ cause: 'aborted', message: handlerFailed(error), receivedBytes: this.#receivedBytes() }));
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const socketReset = this.#connection?.wasReset === true;
    this.fail(faultCause(error, { headSeen: this.#headSeen, socketReset }), error.message);
  }

  /** Tells the handler something, unless the call is over. A handler that throws has ended its call. */
  #tell(what: () => void): void {
    if (this.#finished) return;
    try {
      what();
    } catch (error) {
      this.fail('aborted', handlerFailed(error));
    }
  }

  #receivedBytes(): number {
    return this.#connection === null ? 0 : this.#connection.bytesRead - this.#bytesBefore;
  }
}

function handlerFailed(error: unknown): string {
  return `the handler failed: ${error instanceof Error ? error.message : String(error)}`;
}

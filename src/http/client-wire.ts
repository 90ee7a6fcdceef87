import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientWire, Clock } from '#gateway/ports.ts';
import { smallBodyBytes } from './body-budget.ts';

export interface WireOptions {
  readonly clock: Clock;
  /** Length of the request's body as it said itself; null if it did not. */
  readonly declaredBytes: number | null;
  readonly lingerMs: number;
  /** A caller that takes nothing of what waits for it for so long is cut. */
  readonly writeStallMs: number;
  /** No further request is wanted on this connection. */
  closing(): boolean;
}

/** The caller's side of one exchange on a `node:http` response. */
export class HttpWire implements ClientWire {
  /** Resolves when the answer has been handed over or the connection is gone. */
  readonly closed: Promise<void>;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: WireOptions;
  readonly #goneListeners: ((why?: 'stalled') => void)[] = [];
  /** The answer has no end of its own: it need not be waited for when the listener closes. */
  endless = false;
  /** The answer's length is not known when its head goes: every piece of it says its own. */
  #chunked = false;
  #bodyRead: boolean;
  #bodyGivenUp = false;
  #over = false;
  #gone = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: WireOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#bodyRead = options.declaredBytes === 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    const { socket } = request;
    const onClose = (): void => {
      this.#leave();
      resolve();
    };
    socket.once('close', onClose);
    response.once('finish', () => {
      socket.off('close', onClose);
      resolve();
    });
    // Nothing was written or read on the connection for so long; that is somebody's fault only where something waits to be taken.
    response.setTimeout(options.writeStallMs, () => {
      if (response.writableLength > 0 || socket.writableLength > 0) this.#stall();
    });
    // A caller that breaks off shows in `close`; the error itself says no more.
    response.on('error', () => {});
    request.on('error', () => {});
    if (socket.destroyed) onClose();
  }

  get headOut(): boolean {
    return this.#response.headersSent;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Nobody waits for the rest of the body: the connection ends with the answer. */
  noteBodyGivenUp(): void {
    this.#bodyGivenUp = true;
  }

  /** The body has been taken in whole: the connection can carry another request. */
  noteBodyRead(): void {
    this.#bodyRead = true;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.#over || this.#gone || this.#response.headersSent) return;
    this.#request.socket.setNoDelay(true);
    const last = this.#options.closing() || this.#isBodyPending();
    this.#response.writeHead(status, last ? { ...headers, connection: 'close' } : { ...headers });
    // Node would hand over every chunk in four pieces, which costs a stream of small events more than the events do.
    this.#chunked = this.#response.chunkedEncoding;
    this.#response.chunkedEncoding = false;
  }

  write(bytes: Uint8Array | string): number {
    if (this.#over || this.#gone) return 0;
    this.#response.write(this.#chunked ? chunkOf(bytes) : bytes);
    return this.#response.writableLength;
  }

  end(): void {
    if (this.#over || this.#gone) return;
    this.#over = true;
    if (!this.#isBodyPending()) {
      this.#endResponse();
      return;
    }
    // Closing while a caller is still sending resets the connection, and the answer is lost with it. The answer's length is known
    // to the caller, so it can read it and leave first; nothing more of its body is read meanwhile.
    const cancel = this.#options.clock.after(this.#options.lingerMs, () => this.#endResponse());
    this.#request.socket.once('close', cancel);
  }

  #endResponse(): void {
    this.#response.end(this.#chunked ? lastChunk : undefined);
  }

  /** Ends an endless answer from our side; to whoever writes it, the caller has gone. */
  stop(): void {
    this.end();
    this.#leave();
  }

  destroy(): void {
    if (!this.#gone) this.#cut();
  }

  #stall(): void {
    this.#leave('stalled');
    this.#cut();
  }

  #cut(): void {
    this.#over = true;
    const { socket } = this.#request;
    // Only TCP has a reset.
    if (socket.remoteAddress === undefined) socket.destroy();
    else socket.resetAndDestroy();
  }

  onGone(listener: (why?: 'stalled') => void): void {
    if (this.#gone) listener();
    else this.#goneListeners.push(listener);
  }

  onDrained(listener: () => void): void {
    this.#response.on('drain', listener);
  }

  /** A large body, or one of unknown length, that nobody will read any more. A small one is skipped by the server itself. */
  #isBodyPending(): boolean {
    const { declaredBytes } = this.#options;
    return !this.#bodyRead && (this.#bodyGivenUp || declaredBytes === null || declaredBytes > smallBodyBytes);
  }

  #leave(why?: 'stalled'): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const listener of this.#goneListeners) listener(why);
  }
}

const lastChunk = '0\r\n\r\n';

/** A piece of an answer of unknown length (RFC 9112, 7.1). An empty one would read as the last. */
function chunkOf(bytes: Uint8Array | string): Uint8Array | string {
  if (bytes.length === 0) return bytes;
  if (typeof bytes === 'string') return `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`;
  const size = bytes.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + 2 + bytes.length + 2);
  chunk.write(`${size}\r\n`, 'latin1');
  chunk.set(bytes, size.length + 2);
  chunk[chunk.length - 2] = 0x0d;
  chunk[chunk.length - 1] = 0x0a;
  return chunk;
}

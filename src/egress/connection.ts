import type { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';
import UndiciClient from 'undici/lib/dispatcher/client.js';
import type { Origin } from './origins.ts';

/** Longer than any process lives: the parser's own timers are never ours. */
const neverMs = 0x7fff_ffff;

/** Largest head of a reply, names and values together. */
const maxHeadBytes = 16_384;

/** One open socket to one upstream and the HTTP/1.1 parser on it. It is used for one call at a time and never opens another socket. */
export class Connection {
  /** Numeric `ip:port`. */
  readonly address: string;
  readonly #socket: Socket;
  readonly #client: Client;
  #reset = false;

  constructor(origin: Origin, socket: Socket, address: string) {
    this.address = address;
    this.#socket = socket;
    // Before the parser's own listeners: it takes a reset after a reply without length for its proper end.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.#reset = true;
    });
    let given = false;
    this.#client = new UndiciClient(origin.origin, {
      connect: (_options, done) => {
        const first = !given;
        given = true;
        // Not at once: the client starts nothing from inside its own call.
        queueMicrotask(() => (first ? done(null, socket) : done(closedError(), null)));
      },
      pipelining: 1,
      allowH2: false,
      useMilo: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      // Idle connections are closed by the dialer's own clock, or earlier where the server says so.
      keepAliveTimeout: neverMs,
      keepAliveMaxTimeout: neverMs,
      keepAliveTimeoutThreshold: 1000,
      maxHeaderSize: maxHeadBytes,
      strictContentLength: true,
    });
  }

  /** Whether a request can be written to it, as far as can be seen from here. */
  get alive(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && !this.#socket.readableEnded;
  }

  /** The socket ended by a reset. */
  get wasReset(): boolean {
    return this.#reset;
  }

  /** Bytes received so far, all calls together. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Writes one request. What is wrong with it reaches the handler. */
  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(request, handler);
  }

  /** Calls `hear` once the socket has closed. */
  onClose(hear: () => void): void {
    this.#socket.once('close', hear);
  }

  /** Closes the socket at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}

function closedError(): Error {
  return Object.assign(new Error('the connection closed before the request was written'), { code: 'ECONNRESET' });
}

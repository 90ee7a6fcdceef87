import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Gates } from './gates.ts';
import { receiveBody } from './request-log.ts';
import type { RequestLog, WritableRequestLog } from './request-log.ts';
import { createRequestParser } from './request-parser.ts';
import type { RequestHead } from './request-parser.ts';
import type { ScriptClock, ScriptWire } from './reply-writer.ts';
import { runScript } from './run-script.ts';
import type { Script } from './script.ts';

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly gates: Gates;
  readonly closing: AbortSignal;
  /** A head was read: begin its log. */
  onHead(head: RequestHead, connection: Connection): WritableRequestLog;
  /** The request is complete: which script answers it? */
  scriptFor(log: WritableRequestLog): Script;
  /** The request is complete, or will never be. */
  onRequest(log: RequestLog): void;
  /** A script came to its end, or the connection was closed. */
  onChange(): void;
}

const WALL_CLOCK: ScriptClock = {
  async wait(ms, signal) {
    try {
      await sleep(ms, undefined, { signal });
    } catch {
      // The wait was cut short; the script looks at the signal itself.
    }
  },
  async turn() {
    await turn();
  },
};

/** One accepted connection: reads requests, answers them one after the other, and sees the peer leave. */
export class Connection {
  readonly index: number;
  /** The name the peer asked for in the TLS handshake. */
  readonly serverName: string | null;
  readonly closed: Promise<void>;
  bytesIn = 0;
  bytesOut = 0;
  readonly openedAt = performance.now();
  closedAt: number | null = null;
  /** Why the peer's bytes were not HTTP/1.1; null as long as they are. */
  malformed: string | null = null;
  /** The script that is running now. */
  running: WritableRequestLog | null = null;

  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  readonly #reset: () => void;
  readonly #parser = createRequestParser();
  readonly #left = new AbortController();
  readonly #queue: WritableRequestLog[] = [];
  #reading: WritableRequestLog | null = null;
  /** We have said goodbye: nothing more is answered here. */
  #ended = false;

  constructor(socket: Socket, host: ConnectionHost, options: { index: number; serverName: string | null; reset: () => void }) {
    this.#socket = socket;
    this.#host = host;
    this.#reset = options.reset;
    this.index = options.index;
    this.serverName = options.serverName;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('end', () => this.#peerLeft());
    socket.on('error', () => this.#peerLeft());
    socket.on('close', () => {
      this.closedAt = performance.now();
      this.#peerLeft();
      closed.resolve();
      host.onChange();
    });
  }

  /** Half-closes as a server does with a connection it has no more use for. */
  end(): void {
    this.#ended = true;
    this.#socket.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#ended = true;
    this.#reset();
  }

  #take(bytes: Uint8Array): void {
    this.bytesIn += bytes.length;
    for (const event of this.#parser.push(bytes)) {
      if (event.type === 'head') this.#reading = this.#host.onHead(event.head, this);
      else if (event.type === 'bad') this.#refuse(event.why);
      else if (this.#reading !== null) {
        receiveBody(this.#reading, event.body, { wireBytes: event.bytes });
        this.#queue.push(this.#reading);
        this.#host.onRequest(this.#reading);
        this.#reading = null;
      }
    }
    void this.#answerQueue();
  }

  #refuse(why: string): void {
    this.malformed = why;
    if (this.running !== null) return;
    this.#ended = true;
    this.#socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  }

  /** Answers what is waiting, in order: replies of pipelined requests never overtake each other. */
  async #answerQueue(): Promise<void> {
    while (this.running === null && !this.#ended) {
      const log = this.#queue.shift();
      if (log === undefined) return;
      this.running = log;
      await this.#answer(log);
      this.running = null;
      if (this.#left.signal.aborted) this.#socket.destroy();
      log.resolveFinished();
      this.#host.onChange();
    }
  }

  async #answer(log: WritableRequestLog): Promise<void> {
    const { gates, closing } = this.#host;
    const onReplyEnd = (): void => {
      log.finishedAt ??= performance.now();
      log.end ??= 'finished';
    };
    const end = await runScript(
      this.#host.scriptFor(log),
      {
        wire: this.#wireOf(log),
        clock: WALL_CLOCK,
        left: this.#left.signal,
        closing,
        gate: (name, signal) => gates.pass(name, signal),
        stall: (signal) => gates.stall(signal),
        onReplyEnd,
      },
      { close: wantsClose(log) },
    );
    log.finishedAt ??= performance.now();
    log.end ??= end;
  }

  #wireOf(log: WritableRequestLog): ScriptWire {
    return {
      write: (bytes, signal) => this.#write(bytes, { log, signal }),
      end: () => this.end(),
      reset: () => this.reset(),
    };
  }

  async #write(bytes: Uint8Array, options: { log: WritableRequestLog; signal: AbortSignal }): Promise<void> {
    const { log, signal } = options;
    if (!this.#socket.writable || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    // A peer that reads nothing may block a write for ever.
    const giveUp = (): void => resolve();
    signal.addEventListener('abort', giveUp);
    this.#socket.write(bytes, (error) => {
      if (!error) {
        log.firstByteAt ??= performance.now();
        log.bytesOut += bytes.length;
        this.bytesOut += bytes.length;
      }
      resolve();
    });
    await promise;
    signal.removeEventListener('abort', giveUp);
  }

  /** The peer half-closed, closed or reset. Whoever does that to an HTTP server no longer waits for an answer. */
  #peerLeft(): void {
    if (this.#left.signal.aborted) return;
    const unanswered = [this.running, ...this.#queue, this.#reading].filter((log) => log !== null);
    for (const log of unanswered) {
      // What we broke off or closed ourselves is not the peer's abort.
      if (this.#ended || log.finishedAt !== null) continue;
      log.abortSeenAt = performance.now();
      log.resolveAborted();
    }
    if (this.#reading !== null) this.#host.onRequest(this.#reading);
    for (const log of unanswered) if (log !== this.running) this.#abandon(log);
    this.#queue.length = 0;
    this.#reading = null;
    this.#left.abort();
    if (this.running === null) this.#socket.destroy();
  }

  #abandon(log: WritableRequestLog): void {
    log.finishedAt ??= performance.now();
    log.end ??= 'stopped';
    log.resolveFinished();
  }

  /** Frees everything at once. */
  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }
}

/** RFC 9112 §9.3. */
function wantsClose(log: RequestLog): boolean {
  return log.headers['connection']?.toLowerCase() === 'close';
}

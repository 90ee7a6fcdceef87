import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';
import type { ConnectionHost } from './connection.ts';
import { createGates } from './gates.ts';
import { startRequestLog } from './request-log.ts';
import type { RequestLog, WritableRequestLog } from './request-log.ts';
import type { Script } from './script.ts';

/** Says which script answers a request; pure. If it throws, the request gets a 500 and the error is kept in `handlerErrors`. */
export type ScriptHandler = (request: RequestLog) => Script;

/** What happens to a new connection: served, reset at once, or accepted and never read. */
export type AcceptMode = 'serve' | 'reset' | 'deaf';

export interface ScriptedServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** PEM texts; with them the server speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly accept?: AcceptMode;
  /** How many finished requests are remembered; default all. A server that runs for long needs a bound. */
  readonly logsMax?: number;
}

/** Starts a fake server that can lie about every byte, on a real socket. */
export async function startScriptedServer(handler: ScriptHandler, options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const server = new ScriptedServer(handler, options);
  await server.listen();
  return server;
}

const HANDLER_FAILED: Script = [
  { do: 'status', code: 500 },
  { do: 'json', value: { error: { message: 'The script handler threw; see handlerErrors.' } } },
];

/** A fake server on a real socket: it plays scripts, and remembers what it saw. */
export class ScriptedServer {
  readonly host: string;
  /** Known once it has listened; kept over `refuse` and `listen`. */
  port: number;
  /** What new connections meet. */
  accept: AcceptMode;
  /** What the handler threw. */
  readonly handlerErrors: unknown[] = [];

  readonly #tls: ScriptedServerOptions['tls'];
  readonly #logsMax: number;
  readonly #gates = createGates();
  readonly #closing = new AbortController();
  readonly #connections = new Set<Connection>();
  readonly #unserved = new Set<Socket>();
  readonly #logs = new Map<number, WritableRequestLog>();
  readonly #unclaimed: RequestLog[] = [];
  readonly #claims: ((log: RequestLog) => void)[] = [];
  #changed = Promise.withResolvers<void>();
  #handler: ScriptHandler;
  #listener: Server | null = null;
  #connectionCount = 0;
  #requestCount = 0;

  constructor(handler: ScriptHandler, options: ScriptedServerOptions) {
    this.#handler = handler;
    this.host = options.host ?? '127.0.0.1';
    this.port = options.port ?? 0;
    this.accept = options.accept ?? 'serve';
    this.#tls = options.tls;
    this.#logsMax = options.logsMax ?? Number.POSITIVE_INFINITY;
  }

  /** Where it listens, without a slash at the end. */
  get url(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `${this.#tls === undefined ? 'http' : 'https'}://${host}:${this.port}`;
  }

  /** The connections open now. */
  get connections(): readonly Connection[] {
    return [...this.#connections].filter((connection) => connection.closedAt === null);
  }

  /** How many connections were ever accepted, whatever became of them. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** The remembered requests, oldest first. */
  get requests(): readonly RequestLog[] {
    return [...this.#logs.values()];
  }

  /** How many scripts are running, those that ignored their abort included. */
  get running(): number {
    return [...this.#connections].filter((connection) => connection.running !== null).length;
  }

  /** Lets another handler answer from the next request on. */
  handle(handler: ScriptHandler): void {
    this.#handler = handler;
  }

  /** The request with this index. Throws if it has not come, or is no longer remembered. */
  request(index: number): RequestLog {
    const log = this.#logs.get(index);
    if (log === undefined) throw new Error(`no request ${index}; ${this.#requestCount} came so far`);
    return log;
  }

  /** The next request that nobody has asked for yet, as soon as its body is complete (or its upload was given up). */
  async nextRequest(): Promise<RequestLog> {
    const log = this.#unclaimed.shift();
    if (log !== undefined) return log;
    const { promise, resolve } = Promise.withResolvers<RequestLog>();
    this.#claims.push(resolve);
    return promise;
  }

  /** Opens a gate: for the scripts that wait at it, and for all to come. */
  open(gate: string): void {
    this.#gates.open(gate);
  }

  /** Closes a gate again. */
  shut(gate: string): void {
    this.#gates.shut(gate);
  }

  /** Lets the scripts go on that are stalled now. */
  release(): void {
    this.#gates.release();
  }

  /** Resolves when so many connections were accepted since the start. */
  async accepted(count: number): Promise<void> {
    await this.#until(() => this.#connectionCount >= count);
  }

  /** Resolves when no script is running. */
  async idle(): Promise<void> {
    await this.#until(() => this.running === 0);
  }

  /** Resolves when no connection is open. */
  async disconnected(): Promise<void> {
    await this.#until(() => this.connections.length === 0);
  }

  /** Ends every kept connection that has no request in work, as servers do after some idle time. */
  closeIdle(): void {
    for (const connection of this.#connections) if (connection.running === null) connection.end();
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const socket of this.#unserved) socket.resetAndDestroy();
    for (const connection of this.#connections) connection.reset();
  }

  /** Stops listening: connecting is refused from now on. Open connections stay. */
  async refuse(): Promise<void> {
    const listener = this.#listener;
    if (listener === null) return;
    this.#listener = null;
    const { promise, resolve } = Promise.withResolvers<void>();
    // `close` stops the listening at once and calls back when the last connection is gone; 'close' of the connections is not what we wait for.
    listener.close();
    setImmediate(resolve);
    await promise;
  }

  /** Listens (again, on the same port). Rejects with the system's error if the port cannot be had. */
  async listen(): Promise<void> {
    if (this.#listener !== null) return;
    for (let tries = 1; ; tries += 1) {
      try {
        this.#listener = await listenOnce(this.host, this.port, { onSocket: (socket) => this.#onSocket(socket) });
        const address = this.#listener.address();
        if (isAddressInfo(address)) this.port = address.port;
        return;
      } catch (error) {
        // While we refused, somebody may have borrowed the port for a moment.
        if (this.#connectionCount === 0 || tries === 5) throw error;
        await sleep(50);
      }
    }
  }

  /** Stops listening, stops every script, closes every connection; resolves when all are gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.refuse();
    for (const socket of this.#unserved) socket.destroy();
    for (const connection of this.#connections) connection.destroy();
    await this.disconnected();
    await this.idle();
  }

  #onSocket(raw: Socket): void {
    const index = this.#connectionCount;
    this.#connectionCount += 1;
    this.#announce();
    if (this.accept !== 'serve' || this.#closing.signal.aborted) {
      this.#unserved.add(raw);
      raw.on('error', () => raw.destroy());
      raw.on('close', () => this.#unserved.delete(raw));
      if (this.accept === 'reset') raw.resetAndDestroy();
      return;
    }
    if (this.#tls === undefined) return this.#serve(raw, { index, serverName: null, reset: () => raw.resetAndDestroy() });
    this.#handshake(raw, { index, tls: this.#tls });
  }

  #handshake(raw: Socket, options: { index: number; tls: { key: string; cert: string } }): void {
    this.#unserved.add(raw);
    raw.on('error', () => raw.destroy());
    raw.on('close', () => this.#unserved.delete(raw));
    let serverName: string | null = null;
    const secured = new TLSSocket(raw, {
      isServer: true,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        serverName = name;
        done(null);
      },
      secureContext: createSecureContext(options.tls),
    });
    secured.on('error', () => raw.destroy());
    secured.once('secure', () => {
      this.#unserved.delete(raw);
      this.#serve(secured, { index: options.index, serverName, reset: () => raw.resetAndDestroy() });
    });
  }

  #serve(socket: Socket, options: { index: number; serverName: string | null; reset: () => void }): void {
    const connection = new Connection(socket, this.#connectionHost(), options);
    this.#connections.add(connection);
  }

  #connectionHost(): ConnectionHost {
    return {
      gates: this.#gates,
      closing: this.#closing.signal,
      onHead: (head, connection) => {
        const log = startRequestLog(head, { index: this.#requestCount, connection: connection.index, closed: connection.closed });
        this.#requestCount += 1;
        this.#logs.set(log.index, log);
        this.#forgetOld();
        return log;
      },
      scriptFor: (log) => this.#scriptFor(log),
      onRequest: (log) => {
        const claim = this.#claims.shift();
        if (claim !== undefined) claim(log);
        else this.#unclaimed.push(log);
      },
      onChange: () => {
        for (const connection of this.#connections) {
          if (connection.closedAt !== null && connection.running === null) this.#connections.delete(connection);
        }
        this.#announce();
      },
    };
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #scriptFor(log: WritableRequestLog): Script {
    // The asker itself is already counted as running.
    log.alsoRunning = this.running - 1;
    try {
      return this.#handler(log);
    } catch (error) {
      this.handlerErrors.push(error);
      return HANDLER_FAILED;
    }
  }

  #forgetOld(): void {
    for (const log of this.#logs.values()) {
      if (this.#logs.size <= this.#logsMax) break;
      if (log.end !== null) this.#logs.delete(log.index);
    }
    while (this.#unclaimed.length > this.#logsMax) this.#unclaimed.shift();
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) await this.#changed.promise;
  }
}

async function listenOnce(host: string, port: number, options: { onSocket: (socket: Socket) => void }): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  // Half-open: a script may go on writing although the peer has closed its side, and the other way round.
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, options.onSocket);
  listener.once('error', reject);
  listener.listen(port, host, () => {
    listener.off('error', reject);
    listener.on('error', () => listener.close());
    resolve(listener);
  });
  return promise;
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return address !== null && typeof address === 'object';
}

import type { Dispatcher } from 'undici';
import { LiveList } from '#core/units/live-list.ts';
import { Connection } from './connection.ts';
import { Exchange } from './exchange.ts';
import { keyBindings, type KeyBindings, type KeyHeaders } from './key-binding.ts';
import { openSocket, tcpConnect, type After, type Opened, type TcpConnect } from './open-socket.ts';
import { closeIdle, forget, newEntry, release, retire, takeIdle, type Entry } from './entry.ts';
import { judgeAddresses, originOf, type DialUpstream, type Origin, type Resolution } from './origins.ts';
import { permitRefusal } from './permit.ts';
import type { Dialer, EgressPermit, WireCall, WireHandler, WireRequest } from './port.ts';
import { addressesWithoutLookup, boundedLookup, type Resolver } from './resolver.ts';
import { requestHeaders } from './wire-headers.ts';

/** Something the operator must see: an upstream is not where, or not what, the policy says. */
export interface EgressAlarm {
  readonly upstream: string;
  readonly reason: 'wrong_peer' | 'wrong_location' | 'key_void';
  readonly message: string;
}

export interface DialerOptions {
  readonly upstreams: readonly DialUpstream[];
  /** The headers that carry an upstream's key. Asked once per upstream and `setUpstreams`. */
  readonly keyFor: (upstream: string) => KeyHeaders;
  /** Whether a permit may still be used: planned on the policy in force, or allowed by it all the same. */
  readonly inForce: (permit: EgressPermit) => boolean;
  readonly resolver: Resolver;
  readonly after: After;
  readonly onAlarm: (alarm: EgressAlarm) => void;
  /** PEM of the authority to trust instead of the system's. */
  readonly ca?: string;
  /** Instead of the operating system's sockets; for tests. */
  readonly connect?: TcpConnect;
}

/** Connections of one upstream at the moment. */
export interface ConnectionCounts {
  readonly upstream: string;
  readonly dialling: number;
  readonly active: number;
  readonly idle: number;
}

/** The dialer with what the process that owns it needs besides. */
export interface HouseDialer extends Dialer {
  /**
   * Replaces the upstreams, at once and as a whole. What stays at its origin keeps its address and connections; the connections of
   * the others are closed, busy ones when their call ends. New names need `resolve`. Throws, changing nothing, on a broken URL.
   */
  setUpstreams(upstreams: readonly DialUpstream[]): void;
  /**
   * Looks an upstream's host up and pins it. At load and by the prober only. A failed lookup leaves a former pin in place; an answer
   * elsewhere than the policy says, or across the door from the former, refuses the upstream until it is back.
   */
  resolve(upstream: string): Promise<Resolution>;
  /** Where an upstream is dialled at the moment. */
  resolution(upstream: string): Resolution;
  connections(): readonly ConnectionCounts[];
  /** Closes every connection; calls under way fail as aborted. Nothing is dialled afterwards. */
  close(): void;
}

/** Opens the only way out of the process. */
export function createDialer(options: DialerOptions): HouseDialer {
  return new PinnedDialer(options);
}

class PinnedDialer implements HouseDialer {
  readonly #options: DialerOptions;
  readonly #bindings: KeyBindings = keyBindings();
  readonly #calls = new LiveList<Exchange>();
  #entries: ReadonlyMap<string, Entry> = new Map();
  #closed = false;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.setUpstreams(options.upstreams);
  }

  call(
    request: WireRequest,
    handler: WireHandler,
    options: { readonly permit: EgressPermit; readonly fresh: boolean; readonly connectMs: number },
  ): WireCall {
    const exchange: Exchange = new Exchange(handler, () => over());
    const over = this.#calls.add(exchange);
    // Not from inside this call: the handler hears nothing before its owner holds the `WireCall`.
    queueMicrotask(() => this.#start(exchange, request, options));
    return exchange;
  }

  #start(
    exchange: Exchange,
    request: WireRequest,
    { permit, fresh, connectMs }: { permit: EgressPermit; fresh: boolean; connectMs: number },
  ): void {
    if (exchange.finished) return;
    const entry = this.#admit(exchange, permit);
    if (entry === null) return;
    const sent = wireOptions(entry, request);
    if (sent === null) return exchange.fail('protocol', `not a path: ${JSON.stringify(request.path.slice(0, 80))}`);
    const idle = fresh ? null : takeIdle(entry);
    if (idle !== null) return this.#run(exchange, entry, { connection: idle, sent, reused: true });
    const opened = (result: Opened): void => {
      entry.dialling.delete(exchange);
      if (!result.ok) return this.#notOpened(exchange, entry, result);
      const connection = new Connection(entry.origin, result.socket, result.address);
      // The policy may have changed meanwhile; a reload narrows what is under way.
      if (this.#admit(exchange, permit) === entry) return this.#run(exchange, entry, { connection, sent, reused: false });
      connection.destroy();
      exchange.fail('no_permit', 'the upstream was replaced while it was dialled');
    };
    entry.dialling.add(exchange);
    const { after, ca, connect = tcpConnect } = this.#options;
    const cancel = openSocket(entry.origin, { addresses: entry.pins ?? [], connectMs, after, connect, ca }, opened);
    exchange.dialling(() => {
      entry.dialling.delete(exchange);
      cancel();
    });
  }

  /** The entry a permit opens at this moment; null if it opens none, which the exchange has been told. */
  #admit(exchange: Exchange, permit: EgressPermit): Entry | null {
    const refuse = (cause: 'aborted' | 'no_permit' | 'wrong_peer' | 'unresolved', message: string): null => {
      exchange.fail(cause, message);
      return null;
    };
    if (this.#closed) return refuse('aborted', 'the dialer is closed');
    const entry = this.#entries.get(permit.upstream);
    if (entry === undefined) return refuse('no_permit', `no upstream ${permit.upstream}`);
    const refusal = permitRefusal(permit, entry.origin.upstream, this.#options.inForce);
    if (refusal !== null) return refuse('no_permit', refusal);
    if (entry.keyVoid) return refuse('no_permit', keyVoidMessage(entry.origin));
    if (entry.resolution.state === 'refused') return refuse('wrong_peer', entry.resolution.message);
    if (entry.resolution.state === 'unresolved') return refuse('unresolved', entry.resolution.message);
    return entry;
  }

  #notOpened(exchange: Exchange, entry: Entry, { cause, message }: Opened & { readonly ok: false }): void {
    if (cause === 'wrong_peer') this.#options.onAlarm({ upstream: entry.origin.upstream.name, reason: 'wrong_peer', message });
    exchange.fail(cause, message);
  }

  #run(
    exchange: Exchange,
    entry: Entry,
    { connection, sent, reused }: { connection: Connection; sent: Dispatcher.DispatchOptions; reused: boolean },
  ): void {
    entry.active.add(connection);
    if (!reused) connection.onClose(() => forget(entry, connection));
    exchange.begin(connection, sent, { reused, released: () => release(entry, connection, { after: this.#options.after }) });
  }

  setUpstreams(upstreams: readonly DialUpstream[]): void {
    const { keyFor, onAlarm } = this.#options;
    const fresh = upstreams.map((upstream) => ({ origin: originOf(upstream), key: keyFor(upstream.name) }));
    const entries = new Map<string, Entry>();
    for (const { origin, key } of fresh) {
      const name = origin.upstream.name;
      const former = this.#entries.get(name);
      const stays =
        former !== undefined && former.origin.origin === origin.origin && former.origin.upstream.location === origin.upstream.location;
      const entry = stays ? former : newEntry(origin);
      entry.origin = origin;
      entry.key = key;
      entry.keyVoid = !this.#bindings.bind(name, origin.origin, key);
      entries.set(name, entry);
      if (entry.keyVoid) onAlarm({ upstream: name, reason: 'key_void', message: keyVoidMessage(origin) });
      if (!stays && entry.resolution.state === 'refused')
        onAlarm({ upstream: name, reason: 'wrong_location', message: entry.resolution.message });
    }
    const gone = [...this.#entries.values()].filter((entry) => !new Set(entries.values()).has(entry));
    this.#entries = entries;
    for (const entry of gone) retire(entry);
  }

  resolve(upstream: string): Promise<Resolution> {
    const entry = this.#entries.get(upstream);
    if (entry === undefined || addressesWithoutLookup(entry.origin.host) !== null) return Promise.resolve(this.resolution(upstream));
    entry.resolving ??= this.#lookUp(entry).finally(() => {
      entry.resolving = null;
    });
    return entry.resolving;
  }

  async #lookUp(entry: Entry): Promise<Resolution> {
    const { resolver, after, onAlarm } = this.#options;
    const { host, upstream } = entry.origin;
    const looked = await boundedLookup(resolver, host, after);
    if (entry.retired) return { state: 'unresolved', message: `${upstream.name} was replaced while ${host} was looked up` };
    const judged = looked.ok
      ? judgeAddresses(entry.origin, looked.addresses, entry.pins)
      : ({ state: 'unresolved', message: looked.message } as const);
    // A resolver that is down for a while must not take down what still answers at its pin.
    if (judged.state === 'unresolved' && entry.resolution.state === 'pinned') return entry.resolution;
    // Still refused: a silent resolver does not make a wrong answer right.
    if (judged.state === 'unresolved' && entry.resolution.state === 'refused') return entry.resolution;
    if (judged.state === 'refused') onAlarm({ upstream: upstream.name, reason: 'wrong_location', message: judged.message });
    const moved = judged.state === 'pinned' && judged.addresses.join() !== entry.pins?.join();
    if (judged.state === 'refused' || moved) closeIdle(entry);
    if (judged.state === 'pinned') entry.pins = judged.addresses;
    entry.resolution = judged;
    return judged;
  }

  resolution(upstream: string): Resolution {
    return this.#entries.get(upstream)?.resolution ?? { state: 'refused', message: `no upstream ${upstream}` };
  }

  connections(): readonly ConnectionCounts[] {
    return [...this.#entries].map(([upstream, { dialling, active, idle }]) => ({
      upstream,
      dialling: dialling.size,
      active: active.size,
      idle: idle.length,
    }));
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#calls.list()) call.fail('aborted', 'the dialer was closed');
    for (const entry of this.#entries.values()) retire(entry);
  }
}

/** The request as the parser takes it; null if its path would not stay one. */
function wireOptions(entry: Entry, request: WireRequest): Dispatcher.DispatchOptions | null {
  if (!/^\/[!-"$-~]*$/.test(request.path)) return null;
  return {
    method: request.method,
    path: entry.origin.basePath + request.path,
    headers: requestHeaders(request.headers, entry.key),
    body: request.body,
  };
}

function keyVoidMessage({ upstream, origin }: Origin): string {
  return `${upstream.name} moved to ${origin} but its key was given for another origin; give it a new key, or start anew`;
}

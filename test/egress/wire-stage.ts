import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TestContext } from 'node:test';
import { createDialer, type DialerOptions, type EgressAlarm, type HouseDialer } from '#egress/dialer.ts';
import type { After } from '#egress/open-socket.ts';
import type { DialUpstream } from '#egress/origins.ts';
import type { EgressPermit, WireCall, WireFault, WireRequest } from '#egress/port.ts';

/** A certificate of an authority made for these tests, for `upstream.test` and `127.0.0.1`. */
export const fixture = (name: string): string => readFileSync(new URL(`./fixtures/test-only-${name}.pem`, import.meta.url), 'utf8');

/** A server that says what it is told to, byte for byte. */
export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** Everything each connection has sent so far, in the order they were accepted. */
  readonly heard: string[];
  /** Connections in the order they were accepted. */
  readonly sockets: Socket[];
}

/** Answers each whole request of a connection; `nth` counts them over all connections from 0. */
export type Answer = (socket: Socket, nth: number) => void;

/** Starts a raw server on loopback for one test. `answer` is called at the end of each request's head. */
export async function rawServer(
  t: TestContext,
  answer: Answer,
  { tls = false, greeting = '' }: { readonly tls?: boolean; readonly greeting?: string } = {},
): Promise<RawServer> {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  let nth = 0;
  const accept = (socket: Socket): void => {
    const index = sockets.push(socket) - 1;
    let head = '';
    heard[index] = '';
    if (greeting !== '') socket.write(greeting);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      heard[index] += bytes.toString('latin1');
      head += bytes.toString('latin1');
      for (let end = head.indexOf('\r\n\r\n'); end >= 0; end = head.indexOf('\r\n\r\n')) {
        head = head.slice(end + 4);
        answer(socket, nth++);
      }
    });
  };
  const server: Server = tls ? createTlsServer({ cert: fixture('upstream'), key: fixture('upstream.key') }, accept) : createServer(accept);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http${tls ? 's' : ''}://127.0.0.1:${port}`, heard, sockets };
}

/** A reply with a length. */
export const whole = (body: string, head = ''): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${head}\r\n${body}`;

/** Timers that only move when a test says so. */
export interface HandTimers {
  readonly after: After;
  /** Runs what is due within the next `ms`. */
  pass(ms: number): void;
  readonly waiting: number;
}

export function handTimers(): HandTimers {
  let now = 0;
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      due.add(timer);
      return () => due.delete(timer);
    },
    pass(ms) {
      now += ms;
      for (const timer of [...due].filter((each) => each.at <= now)) {
        if (due.delete(timer)) timer.run();
      }
    },
    get waiting() {
      return due.size;
    },
  };
}

export interface Stage {
  readonly dialer: HouseDialer;
  readonly timers: HandTimers;
  readonly alarms: EgressAlarm[];
  readonly lookups: string[];
}

export const upstream = (url: string, fields: Partial<DialUpstream> = {}): DialUpstream => ({
  name: 'spark',
  url,
  location: 'house',
  models: [{ name: 'model', location: fields.location ?? 'house' }],
  ...fields,
});

/** A dialer for one test. `answers` are the resolver's, per host, one after the other; the last stays. */
export function stage(
  t: TestContext,
  upstreams: readonly DialUpstream[],
  { answers = {}, ...options }: Partial<DialerOptions> & { readonly answers?: Record<string, (readonly string[])[]> } = {},
): Stage {
  const timers = handTimers();
  const alarms: EgressAlarm[] = [];
  const lookups: string[] = [];
  const dialer = createDialer({
    upstreams,
    keyFor: () => ({}),
    inForce: () => true,
    resolver: {
      lookup(host) {
        lookups.push(host);
        const given = answers[host] ?? [];
        const answer = given.length > 1 ? given.shift() : given[0];
        return answer === undefined ? Promise.reject(new Error(`getaddrinfo ENOTFOUND ${host}`)) : Promise.resolve(answer);
      },
    },
    after: timers.after,
    onAlarm: (alarm) => alarms.push(alarm),
    ...options,
  });
  t.after(() => dialer.close());
  return { dialer, timers, alarms, lookups };
}

/** What a call's handler heard. */
export interface Heard {
  /** The names of the events in order, data runs once. */
  readonly events: string[];
  readonly peers: { readonly address: string; readonly reused: boolean }[];
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
  fault: WireFault | null;
}

export interface Called {
  readonly call: WireCall;
  readonly heard: Heard;
  /** Resolves at `end` or `failed`. */
  readonly over: Promise<Heard>;
  /** Resolves when this event has been heard, or the call is over. */
  until(event: string): Promise<void>;
}

export const permit = (fields: Partial<EgressPermit> = {}): EgressPermit => ({
  upstream: 'spark',
  target: `${fields.upstream ?? 'spark'}/model`,
  location: 'house',
  tier: 'sovereign',
  policyHash: 'p1',
  ...fields,
});

/** Calls, and listens. */
export function ask(
  dialer: HouseDialer,
  {
    request = {},
    permitted = permit(),
    fresh = false,
    onData,
  }: { request?: Partial<WireRequest>; permitted?: EgressPermit; fresh?: boolean; onData?: (call: WireCall) => void } = {},
): Called {
  const heard: Heard = { events: [], peers: [], status: 0, headers: {}, body: '', fault: null };
  const waiting: { readonly event: string; readonly go: () => void }[] = [];
  const done = Promise.withResolvers<Heard>();
  const note = (event: string): void => {
    if (heard.events.at(-1) !== event) heard.events.push(event);
    for (const each of waiting) if (each.event === event || event === 'end' || event === 'failed') each.go();
    if (event === 'end' || event === 'failed') done.resolve(heard);
  };
  const call = dialer.call(
    { method: 'POST', path: '/v1/chat/completions', headers: { 'content-type': 'application/json' }, body: '{}', ...request },
    {
      dialled(peer) {
        heard.peers.push(peer);
        note('dialled');
      },
      sent: () => note('sent'),
      head(status, headers) {
        heard.status = status;
        heard.headers = headers;
        note('head');
      },
      data(bytes) {
        heard.body += Buffer.from(bytes).toString('latin1');
        onData?.(call);
        note('data');
      },
      end: () => note('end'),
      failed(fault) {
        heard.fault = fault;
        note('failed');
      },
    },
    { permit: permitted, fresh, connectMs: 1000 },
  );
  return {
    call,
    heard,
    over: done.promise,
    until: (event) => (heard.events.includes(event) ? Promise.resolve() : new Promise((resolve) => waiting.push({ event, go: resolve }))),
  };
}

/** Resolves when the socket has closed. */
export const closed = (socket: Socket | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (socket === undefined || socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });

/** Lets everything that is already on its way arrive: a few whole turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

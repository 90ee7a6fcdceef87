import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import type { Control, OperatorChange } from '#control/control.ts';
import type { Endpoint } from '#control/endpoint.ts';
import { endpoints } from '#control/endpoints.ts';
import { operatorPrincipal } from '#control/operator.ts';
import type { ErrorCode } from '#core/errors/catalog.ts';
import { errorRow, isGatewayError } from '#core/errors/gateway-error.ts';
import type { Drain } from '#core/fleet/health.ts';
import { houseOf } from '#core/policy/policy-fixture.ts';
import type { HouseParts } from '#core/policy/policy-fixture.ts';
import type { Principal } from '#core/record/record.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { Clock, Incoming } from '#gateway/ports.ts';
import type { Door, ListenerLimits } from '#http/door.ts';
import { tcpPlace } from '#http/listen-place.ts';
import type { ListenPlace } from '#http/listen-place.ts';
import { openListener } from '#http/listener.ts';
import type { Listener } from '#http/listener.ts';
import { identifyCaller } from '#identity/identify-caller.ts';
import type { Surface } from '#surfaces/kind.ts';
import { surfaces } from '#surfaces/registry.ts';
import type { Happening } from '#telemetry/ports.ts';
import { recordOfOneCall } from './one-call.ts';

export const goodKey = 'gh_good';
export const revokedKey = 'gh_revoked';

const clock: Clock = {
  now: () => performance.now(),
  wallNow: () => 0,
  after: (delayMs, what) => {
    const timer = setTimeout(what, delayMs);
    return () => clearTimeout(timer);
  },
};

const house: HouseParts = {
  upstreams: {
    big: { recover: ['true'], models: { coder: { context: 128_000, tools: true } } },
    small: { slots: 1, models: { seer: { context: 8_000, input: ['image'] } } },
  },
  routes: { code: { target: ['big/coder'] }, vision: { target: ['small/seer'], failover: ['big/coder'] } },
  secondNames: [{ name: 'fast', route: 'vision' }],
  profiles: [{ name: 'personal' }, { name: 'cameras', routes: ['vision'], fallback: 'never' }],
};

/** What a test does in place of the stages; a body that is not taken is answered before it gets to see it. */
export type Serve = (surface: Surface, incoming: BodyIncoming, principal: Principal) => Promise<void>;
interface BodyIncoming extends Incoming {
  readBody(maxBytes: number): Promise<Uint8Array | null>;
}

export interface StageOptions {
  readonly limits?: Partial<ListenerLimits>;
  readonly hosts?: readonly string[];
  readonly serve?: Serve;
  readonly control?: Partial<Control>;
  readonly identify?: Door['identify'];
  readonly moreEndpoints?: readonly Endpoint[];
}

export interface Stage {
  readonly place: ListenPlace & { readonly type: 'tcp' };
  readonly operator: ListenPlace & { readonly type: 'unix' };
  readonly listener: Listener;
  readonly operatorListener: Listener;
  readonly endpoints: readonly Endpoint[];
  readonly faults: { readonly id: string; readonly error: unknown }[];
  readonly refused: ErrorCode[];
  readonly changes: OperatorChange[];
  tell(happening: Happening): void;
}

/** Both doors of a house over real sockets: its control is real, its keys and its model requests are not. */
export async function startStage(t: TestContext, options: StageOptions = {}): Promise<Stage> {
  const tables = houseOf(house);
  const listeners = new Set<(happening: Happening) => void>();
  const tell = (happening: Happening): void => {
    for (const listener of listeners) listener(happening);
  };
  const fleet = new FleetState(tables, { clock, watch: { tell } });
  const changes: OperatorChange[] = [];
  const control: Control = {
    version: '9.9.9',
    surfaces,
    tables: () => tables,
    policyPath: () => 'gatehouse.yaml',
    listening: () => ['127.0.0.1:8484'],
    fleet,
    setDrain: (drain: Drain, drained) => {
      fleet.setDrain(drain, drained);
      return Promise.resolve();
    },
    keys: {
      list: () => [
        { id: 'k_1', name: 'phone', profile: 'personal', createdAt: 1, revokedAt: null },
        { id: 'k_0', name: 'old', profile: 'personal', createdAt: 0, revokedAt: 1 },
      ],
      create: ({ name }) => Promise.resolve({ id: 'k_2', name, key: 'gh_new' }),
      revoke: () => Promise.resolve(true),
    },
    reload: () => Promise.resolve({ outcome: 'loaded', hash: tables.hash, warnings: [] }),
    recover: (upstream) => Promise.resolve({ ran: true, event: { upstream, by: 'operator', outcome: 'done', exitCode: 0, durationMs: 1 } }),
    demo: { names: () => ['big'], broken: () => [], break: () => Promise.resolve(), mend: () => Promise.resolve() },
    clock,
    startedAt: clock.now(),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    recordWritable: () => true,
    metricsText: () => '# nothing\n',
    stats: () => ({ requests: 0 }),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    askRecord: recordOfOneCall(t),
    score: () => Promise.resolve(),
    erase: () => Promise.resolve({ records: 1, texts: 2, bytes: 3, shared: 0, unknown: [], emptied: true }),
    noteOperator: (change) => {
      changes.push(change);
      return Promise.resolve();
    },
    ...options.control,
  };
  const faults: Stage['faults'] = [];
  const refused: ErrorCode[] = [];
  let requests = 0;
  const rows = [...endpoints(control), ...(options.moreEndpoints ?? [])];
  const keyRing = {
    identify: (key: string): Principal | null => (key === goodKey ? { id: 'k_1', profile: 'personal', operator: false } : null),
  };
  const base: Omit<Door, 'identify' | 'hosts'> = {
    endpoints: rows,
    serve: (surface, incoming, principal) => served(options.serve ?? serveEcho, { surface, incoming, principal }),
    clock,
    ids: { requestId: () => `req-${++requests}` },
    refused: (code) => void refused.push(code),
    fault: (id, error) => void faults.push({ id, error }),
  };
  const client: Door = {
    ...base,
    identify: options.identify ?? (({ headers }) => identifyCaller(headers, keyRing)),
    hosts: () => ({ hosts: options.hosts ?? null, machineName: 'attic.example' }),
  };
  const operator: Door = { ...base, identify: (head) => operatorPrincipal(head, tables), hosts: null };
  const folder = mkdtempSync(join(tmpdir(), 'gate-'));
  const socket = { type: 'unix', path: join(folder, 'operator.sock') } as const;
  const listener = await openListener(tcpPlace('127.0.0.1:0'), client, options.limits);
  const operatorListener = await openListener(socket, operator, options.limits);
  t.after(async () => {
    await Promise.all([listener.close(0), operatorListener.close(0)]);
    rmSync(folder, { recursive: true, force: true });
  });
  const port = Number(listener.address.split(':')[1]);
  const place = { type: 'tcp', host: '127.0.0.1', port } as const;
  return { place, operator: socket, listener, operatorListener, endpoints: rows, faults, refused, changes, tell };
}

class BodyRefused extends Error {}

/** The stages tell a caller whose body is not taken; so does whatever stands in for them. */
async function served(
  serve: Serve,
  { surface, incoming, principal }: { readonly surface: Surface; readonly incoming: Incoming; readonly principal: Principal },
): Promise<void> {
  const { client } = incoming;
  const readBody = async (maxBytes: number): Promise<Uint8Array | null> => {
    const body = await incoming.readBody(maxBytes);
    if (body === null || !isGatewayError(body)) return body;
    client.head(errorRow(body).status, { 'content-type': 'text/plain', 'content-length': String(Buffer.byteLength(body.message)) });
    client.write(body.message);
    client.end();
    throw new BodyRefused(body.message);
  };
  try {
    await serve(surface, { ...incoming, readBody }, principal);
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
  }
}

/** Stands in for the stages: says who asked and how long the body was. */
async function serveEcho(surface: Surface, incoming: BodyIncoming, principal: Principal): Promise<void> {
  const body = await incoming.readBody(surface.maxBodyBytes).catch(() => 'left' as const);
  if (body === 'left') return;
  const text = body === null ? 'too large' : `${principal.id} ${body.byteLength}`;
  incoming.client.head(body === null ? 413 : 200, { 'content-type': 'text/plain', 'content-length': String(text.length) });
  incoming.client.write(text);
  incoming.client.end();
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on a connection of its own. */
export function ask(place: ListenPlace, path: string, { method = 'GET', key, headers = {}, body }: Ask = {}): Promise<Answered> {
  const where = place.type === 'tcp' ? { host: place.host, port: place.port } : { socketPath: place.path };
  const all = { ...headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ ...where, path, method, headers: all, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A raw connection that remembers what it was told. */
export interface RawClient {
  readonly socket: Socket;
  text(): string;
  send(bytes: string | Uint8Array): void;
  /** Resolves once what was received matches. Rejects if the connection ends before. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything once the connection is over. */
  ended(): Promise<string>;
}

export async function rawClient(t: TestContext, place: ListenPlace): Promise<RawClient> {
  const socket = place.type === 'tcp' ? connect(place.port, place.host) : connect(place.path);
  t.after(() => socket.destroy());
  let received = '';
  const wakes = new Set<() => void>();
  const wake = (): void => {
    for (const each of wakes) each();
  };
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    over = true;
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const waitFor = (is: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (is()) resolve(received);
        else if (over) reject(new Error(`the connection ended after ${JSON.stringify(received)}`));
        else return;
        wakes.delete(look);
      };
      wakes.add(look);
      look();
    });
  return {
    socket,
    text: () => received,
    send: (bytes) => void socket.write(bytes),
    until: (pattern) => waitFor(() => pattern.test(received)),
    ended: () => waitFor(() => over),
  };
}

/** Sends bytes on a connection of their own and returns everything that came back before its end. */
export async function rawAsk(t: TestContext, place: ListenPlace, bytes: string | Uint8Array): Promise<string> {
  const client = await rawClient(t, place);
  client.send(bytes);
  return client.ended();
}

/** The status codes in a raw conversation, in order. */
export function statuses(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}

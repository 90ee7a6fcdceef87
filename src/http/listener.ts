import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerRequest } from './answer-request.ts';
import type { Shared } from './answer-request.ts';
import { BodyBudget } from './body-budget.ts';
import { claimSocketPath } from './claim-socket-path.ts';
import { answerClientError } from './client-error.ts';
import type { HttpWire } from './client-wire.ts';
import { listenerLimitsDefault } from './door.ts';
import type { Door, ListenerLimits } from './door.ts';
import { CannotListen } from './listen-place.ts';
import type { ListenPlace } from './listen-place.ts';
import { endpointTable } from './match-endpoint.ts';
import { headersMax } from './read-headers.ts';

const headBytesMax = 16_384;
/** Requests that one connection may send ahead of their answers. */
const aheadMax = 16;

/** A running listener. */
export interface Listener {
  /** `host:port` as it really is, or the path of the socket. */
  readonly address: string;
  /** Requests under way. */
  running(): number;
  /** Takes no more connections, lets requests end for `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** The requests of one connection: answered one after the other, in the order in which they came. */
interface Line {
  /** A request has come on it. */
  used: boolean;
  waiting: number;
  last: Promise<void>;
  wire: HttpWire | null;
  broken: boolean;
}

/** Opens a listener. Throws `CannotListen` with one line for whoever started it. */
export async function openListener(place: ListenPlace, door: Door, limits: Partial<ListenerLimits> = {}): Promise<Listener> {
  const bounds = { ...listenerLimitsDefault, ...limits };
  let closing = false;
  const shared: Shared = {
    door,
    table: endpointTable(door.endpoints),
    limits: bounds,
    budget: new BodyBudget(bounds.bodiesBytesMax),
    closing: () => closing,
  };
  const server = serverWith(bounds);
  const lines = new Map<Socket, Line>();
  const take = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    const { socket } = request;
    const line = lineOf(lines, socket);
    line.used = true;
    if (line.waiting > aheadMax) {
      socket.destroy();
      return;
    }
    const run = async (): Promise<void> => {
      if (!socket.destroyed && !line.broken) {
        const { wire, done } = answerRequest(request, response, { shared, expectsContinue });
        line.wire = wire;
        await done;
        line.wire = null;
      }
      if (--line.waiting === 0 && closing) socket.end();
    };
    line.last = line.waiting++ === 0 ? run() : line.last.then(run);
  };
  server.on('connection', (socket) => {
    if (lines.size >= bounds.connectionsMax && !makeRoom(lines)) socket.destroy();
    else lineOf(lines, socket);
  });
  server.on('request', (request, response) => take(request, response, false));
  server.on('checkContinue', (request, response) => take(request, response, true));
  server.on('clientError', (error, duplex) => {
    for (const [socket, line] of lines) {
      if (socket !== duplex || line.broken) continue;
      line.broken = true;
      answerClientError(error, socket, { answerBegun: line.wire?.headOut ?? false, clock: door.clock });
    }
  });
  await listen(server, place);
  server.on('error', (error) => door.fault('listener', error));
  return {
    address: addressOf(server, place),
    running: () => [...lines.values()].reduce((sum, line) => sum + line.waiting, 0),
    close: async (graceMs) => {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const [socket, line] of lines) {
        if (line.waiting === 0) socket.destroy();
        else if (line.wire?.endless === true) line.wire.stop();
      }
      const cancel = door.clock.after(graceMs, () => {
        for (const socket of lines.keys()) socket.destroy();
      });
      await closed;
      cancel();
    },
  };
}

function lineOf(lines: Map<Socket, Line>, socket: Socket): Line {
  const known = lines.get(socket);
  if (known) return known;
  const line: Line = { used: false, waiting: 0, last: Promise.resolve(), wire: null, broken: false };
  lines.set(socket, line);
  socket.once('close', () => lines.delete(socket));
  return line;
}

/** Closes a connection without a request: the oldest that never had one, else the one that had none for longest. A flood of them keeps nobody out. */
function makeRoom(lines: Map<Socket, Line>): boolean {
  let spare: Socket | null = null;
  for (const [socket, line] of lines) {
    if (line.waiting > 0) continue;
    if (!line.used) return drop(lines, socket);
    spare ??= socket;
  }
  return spare !== null && drop(lines, spare);
}

function drop(lines: Map<Socket, Line>, socket: Socket): true {
  lines.delete(socket);
  socket.destroy();
  return true;
}

function serverWith(bounds: ListenerLimits): Server {
  const server = createServer({
    maxHeaderSize: headBytesMax,
    headersTimeout: bounds.headMs,
    // Ours is first: it knows what to tell and to record.
    requestTimeout: bounds.requestMs + 2 * bounds.checkEveryMs,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: bounds.checkEveryMs,
    // Looked at here, so that the answer has our envelope.
    requireHostHeader: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  // One more than allowed: beyond this Node drops headers in silence.
  server.maxHeadersCount = headersMax + 1;
  server.timeout = 0;
  return server;
}

async function listen(server: Server, place: ListenPlace): Promise<void> {
  if (place.type === 'unix') await claimSocketPath(place.path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.once('listening', resolve);
  if (place.type === 'tcp') server.listen({ host: place.host, port: place.port });
  else listenPrivately(server, place.path);
  try {
    await promise;
  } catch (error) {
    throw cannotListen(place, error);
  } finally {
    server.off('error', reject);
  }
  if (place.type === 'unix') chmodSync(place.path, 0o600);
}

/** The socket file is made within `listen`, so the narrow mask is in force for exactly that long. */
function listenPrivately(server: Server, path: string): void {
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

function cannotListen(place: ListenPlace, error: unknown): CannotListen {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = place.type === 'tcp' ? `${bracketed(place.host)}:${place.port}` : place.path;
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'this user may not',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'that name has no address',
  };
  const reason = Object.hasOwn(why, code) ? why[code] : code || String(error);
  return new CannotListen(`cannot listen on ${where}: ${reason}`, { taken: code === 'EADDRINUSE', cause: error });
}

function addressOf(server: Server, place: ListenPlace): string {
  if (place.type === 'unix') return place.path;
  const address = server.address();
  return `${bracketed(place.host)}:${typeof address === 'object' ? (address?.port ?? place.port) : place.port}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

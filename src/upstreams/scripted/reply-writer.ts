import type { Json } from './script.ts';

/** Where a script's bytes go. A real socket, or a virtual one in the simulator. */
export interface ScriptWire {
  /** Resolves when the bytes were taken, when there is nobody left to take them, or with the signal. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Half-closes after what was written. */
  end(): void;
  /** Resets the connection. */
  reset(): void;
}

/** How time passes for a script. Every wait also ends, without an error, when its signal does. */
export interface ScriptClock {
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Lets everybody else run once, so that two writes are two. */
  turn(): Promise<void>;
}

/** How the body in hand is delimited. `raw`: the script took it into its own hands. */
type Framing = 'length' | 'chunked' | 'close' | 'raw';

/** The state of one reply on the wire. */
export interface Reply {
  readonly wire: ScriptWire;
  readonly clock: ScriptClock;
  /** Aborted when the script is to stop; read anew each time, because a script may stop listening to it. */
  readonly signal: () => AbortSignal;
  code: number;
  reason: string | null;
  version: '1.0' | '1.1';
  readonly headers: [name: string, value: string | null][];
  /** The script has said something about the head that is not sent yet. */
  headPrepared: boolean;
  headSent: boolean;
  framing: Framing | null;
  ended: boolean;
  sliceBytes: number;
  sliceDelayMs: number;
  bytesPerSecond: number;
}

export function startReply(wire: ScriptWire, clock: ScriptClock, options: { signal: () => AbortSignal }): Reply {
  return {
    wire,
    clock,
    signal: options.signal,
    code: 200,
    reason: null,
    version: '1.1',
    headers: [],
    headPrepared: false,
    headSent: false,
    framing: null,
    ended: false,
    sliceBytes: 0,
    sliceDelayMs: 0,
    bytesPerSecond: 0,
  };
}

/** Sends a piece of the body; `typeIfUnsaid` is the content type if the script set none. */
export async function writeBody(reply: Reply, bytes: Uint8Array, typeIfUnsaid: string | null = null): Promise<void> {
  await sendHead(reply, { type: typeIfUnsaid, lengthBytes: null });
  await sendWire(reply, reply.framing === 'chunked' ? asChunk(bytes) : bytes);
}

/** Sends bytes as one chunk, whatever the head says. */
export async function writeChunk(reply: Reply, bytes: Uint8Array): Promise<void> {
  await sendHead(reply, { type: null, lengthBytes: null });
  await sendWire(reply, asChunk(bytes));
}

/** Sends a whole JSON body, with its true length unless the script promised something else. */
export async function writeJson(reply: Reply, value: Json): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(value));
  await sendHead(reply, { type: 'application/json', lengthBytes: bytes.length });
  await sendWire(reply, reply.framing === 'chunked' ? asChunk(bytes) : bytes);
}

/** Sends bytes in no framing at all; a prepared head goes first, exactly as prepared. */
export async function writeRaw(reply: Reply, bytes: Uint8Array): Promise<void> {
  const head = reply.headPrepared && !reply.headSent ? renderHead(reply) : Buffer.alloc(0);
  reply.headSent = true;
  reply.framing ??= 'raw';
  await sendWire(reply, Buffer.concat([head, bytes]));
}

/** Sends the head alone, if it is not out yet. */
export async function flushHead(reply: Reply): Promise<void> {
  await sendHead(reply, { type: null, lengthBytes: null });
}

/** Finishes the reply as its framing asks. True if the connection must be closed for that. */
export async function endReply(reply: Reply): Promise<boolean> {
  if (!reply.ended) {
    await sendHead(reply, { type: null, lengthBytes: 0 });
    if (reply.framing === 'chunked') await sendWire(reply, Buffer.from('0\r\n\r\n'));
    reply.ended = true;
  }
  const said = header(reply, 'connection');
  return reply.framing === 'close' || said?.toLowerCase() === 'close';
}

async function sendHead(reply: Reply, body: { type: string | null; lengthBytes: number | null }): Promise<void> {
  if (reply.headSent) return;
  reply.headSent = true;
  if (body.type !== null) addUnlessSaid(reply, 'content-type', body.type);
  reply.framing = chooseFraming(reply, body.lengthBytes);
  await sendWire(reply, renderHead(reply));
}

/** What the script said counts; else a known length, else chunks, else (HTTP/1.0) the end of the connection. Adds the header that says so. */
function chooseFraming(reply: Reply, lengthBytes: number | null): Framing {
  if (typeof header(reply, 'transfer-encoding') === 'string') return 'chunked';
  if (typeof header(reply, 'content-length') === 'string') return 'length';
  const bodiless = reply.code === 204 || reply.code === 304 || reply.code < 200;
  if (bodiless) return 'length';
  if (lengthBytes !== null && header(reply, 'content-length') === undefined) {
    reply.headers.push(['content-length', String(lengthBytes)]);
    return 'length';
  }
  if (reply.version === '1.0' || header(reply, 'transfer-encoding') === null) {
    addUnlessSaid(reply, 'connection', 'close');
    return 'close';
  }
  reply.headers.push(['transfer-encoding', 'chunked']);
  return 'chunked';
}

/** The value said for a header: undefined if nothing was, null if the script wants it left out. */
function header(reply: Reply, name: string): string | null | undefined {
  return reply.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

function addUnlessSaid(reply: Reply, name: string, value: string): void {
  if (header(reply, name) === undefined) reply.headers.push([name, value]);
}

const REASONS: { readonly [code: number]: string } = {
  200: 'OK',
  204: 'No Content',
  307: 'Temporary Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function renderHead(reply: Reply): Buffer {
  const lines = [`HTTP/${reply.version} ${reply.code} ${reply.reason ?? REASONS[reply.code] ?? ''}`.trimEnd()];
  for (const [name, value] of reply.headers) if (value !== null) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function asChunk(bytes: Uint8Array): Uint8Array {
  // A chunk of no bytes would be the last one.
  if (bytes.length === 0) return bytes;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** How long a piece may be when only a rate is set: about twenty pieces a second. */
const PIECES_PER_SECOND = 20;

/** Writes bytes in the pieces and at the pace the script asked for. Stops early when the script is to stop. */
async function sendWire(reply: Reply, bytes: Uint8Array): Promise<void> {
  const { wire, clock, bytesPerSecond } = reply;
  if (bytes.length === 0) return;
  const paced = reply.sliceBytes > 0 || bytesPerSecond > 0;
  if (!paced) return wire.write(bytes, reply.signal());
  const size = reply.sliceBytes > 0 ? reply.sliceBytes : Math.max(1, Math.floor(bytesPerSecond / PIECES_PER_SECOND));
  for (let from = 0; from < bytes.length && !reply.signal().aborted; from += size) {
    const piece = bytes.subarray(from, from + size);
    await wire.write(piece, reply.signal());
    const pauseMs = Math.max(reply.sliceDelayMs, bytesPerSecond > 0 ? (piece.length * 1_000) / bytesPerSecond : 0);
    await (pauseMs > 0 ? clock.wait(pauseMs, reply.signal()) : clock.turn());
  }
}

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** Bytes in a script: a string is sent as UTF-8; `base64` and `latin1` spell bytes that no UTF-8 string can, and stay plain JSON. */
export type Bytes = string | Uint8Array | { readonly base64: string } | { readonly latin1: string };

/**
 * One thing the fake server does while it answers one request. Steps run in order. A script without byte arrays is plain JSON, so that faults can be
 * kept in files and sent through a control port.
 *
 * The head: `status` and `header` only prepare it; it goes out with the first body step, or at `flush`, or at the end. Unless the script sets
 * `content-length` or `transfer-encoding` itself, the engine frames the body rightly: a length for `json`, chunks for everything else.
 * What the script does set is sent as it is, however wrong.
 *
 * At the end of its steps a reply is finished properly (last chunk, connection kept). `fin` and `rst` leave it unfinished.
 */
export type Step =
  | { readonly do: 'delay'; readonly ms: number }
  /** The status line. Version 1.0 has no chunks: the body ends with the connection. */
  | { readonly do: 'status'; readonly code: number; readonly reason?: string; readonly version?: '1.0' | '1.1' }
  /** One header line, or the same one `times` over. A null value keeps the engine from adding that header by itself. */
  | { readonly do: 'header'; readonly name: string; readonly value: string | null; readonly times?: number }
  /** Sends the head now, before any body. */
  | { readonly do: 'flush' }
  /** A whole JSON body. */
  | { readonly do: 'json'; readonly value: Json }
  /** The next bytes of the body, in the framing the head promised. */
  | { readonly do: 'body'; readonly bytes: Bytes }
  /** The next bytes of the body as one chunk, whatever the head promised. */
  | { readonly do: 'chunk'; readonly bytes: Bytes }
  /** Server-sent events: a string is the data as it is (`[DONE]`), anything else is sent as JSON. `event` names each of them; `everyMs` paces them. */
  | { readonly do: 'sse'; readonly events: readonly Json[]; readonly event?: string; readonly everyMs?: number }
  /** Bytes straight onto the wire, in no framing. A prepared head goes out before them exactly as prepared. */
  | { readonly do: 'raw'; readonly bytes: Bytes }
  /** Finishes the reply properly now; steps behind it happen on an idle connection. */
  | { readonly do: 'end' }
  /** Cuts everything that follows into pieces of `size` bytes, each its own write, `delayMs` apart. Size 0 turns it off. */
  | { readonly do: 'slice'; readonly size: number; readonly delayMs?: number }
  /** Slows everything that follows. 0 turns it off. */
  | { readonly do: 'rate'; readonly bytesPerSecond: number }
  /** Nothing more, connection open, until the peer leaves, `server.release()` or `server.close()`. */
  | { readonly do: 'stall' }
  /** TCP reset; the rest of the script is void. */
  | { readonly do: 'rst' }
  /** Half-closes: whatever was promised, no more bytes come; the rest of the script is void. */
  | { readonly do: 'fin' }
  /** From here on the peer's leaving does not stop the script (a server that generates to the end for nobody). */
  | { readonly do: 'ignoreAbort' }
  | { readonly do: 'repeat'; readonly times: number | 'forever'; readonly steps: Script }
  /** Waits until the test calls `server.open(name)`. */
  | { readonly do: 'gate'; readonly name: string };

/** What the fake server does with one request. */
export type Script = readonly Step[];

const TEXT_ENCODER = new TextEncoder();

/** The bytes a script means. */
export function toBytes(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return TEXT_ENCODER.encode(bytes);
  if (bytes instanceof Uint8Array) return bytes;
  if ('base64' in bytes) return Buffer.from(bytes.base64, 'base64');
  return Buffer.from(bytes.latin1, 'latin1');
}

export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import type { RequestHead } from './request-parser.ts';
import type { ScriptEnd } from './run-script.ts';
import type { Json } from './script.ts';

/**
 * What the fake server saw and did of one request. Times are `performance.now()` milliseconds; null means "has not happened".
 */
export interface RequestLog {
  /** Counts the server's requests from 0 in the order their heads arrived. */
  readonly index: number;
  /** Which connection it came on, counted from 0. */
  readonly connection: number;
  readonly method: string;
  /** The request target, undecoded. */
  readonly path: string;
  /** As received: order, case and repetition kept. */
  readonly rawHeaders: readonly (readonly [string, string])[];
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly bodyText: string;
  /** The parsed body; undefined if it is not JSON. */
  readonly json: Json | undefined;
  /** How many other scripts were running when this request's began, those that ignored their abort included. */
  readonly alsoRunning: number;
  /** What the request took on the wire, head and framing included. */
  readonly bytesIn: number;
  /** Bytes the system took from us for the reply; it takes no more while the peer does not read. */
  readonly bytesOut: number;
  /** The head was complete. */
  readonly requestAt: number;
  /** The body was complete; null if the peer left while uploading. */
  readonly receivedAt: number | null;
  readonly firstByteAt: number | null;
  /** The peer closed or reset before our reply was done. */
  readonly abortSeenAt: number | null;
  /** The reply was complete, or the script came to its end, whichever was first. For a script that ignores aborts this is when it really stopped. */
  readonly finishedAt: number | null;
  /** Null while running. */
  readonly end: ScriptEnd | null;
  /** Resolves when the peer left before our reply was done; never otherwise. */
  readonly aborted: Promise<void>;
  /** Resolves when the script came to its end. */
  readonly finished: Promise<void>;
  /** Resolves when the request's connection is closed. */
  readonly closed: Promise<void>;
}

/** The engine's own side of a log: the same object, writable. */
export interface WritableRequestLog extends RequestLog {
  body: Uint8Array;
  bodyText: string;
  json: Json | undefined;
  alsoRunning: number;
  bytesIn: number;
  bytesOut: number;
  receivedAt: number | null;
  firstByteAt: number | null;
  abortSeenAt: number | null;
  finishedAt: number | null;
  end: ScriptEnd | null;
  readonly resolveAborted: () => void;
  readonly resolveFinished: () => void;
}

/** Begins the log of a request whose head has just been read. */
export function startRequestLog(
  head: RequestHead,
  options: { index: number; connection: number; closed: Promise<void> },
): WritableRequestLog {
  const aborted = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  return {
    index: options.index,
    connection: options.connection,
    method: head.method,
    path: head.path,
    rawHeaders: head.rawHeaders,
    headers: joinHeaders(head.rawHeaders),
    body: new Uint8Array(0),
    bodyText: '',
    json: undefined,
    alsoRunning: 0,
    bytesIn: head.bytes,
    bytesOut: 0,
    requestAt: performance.now(),
    receivedAt: null,
    firstByteAt: null,
    abortSeenAt: null,
    finishedAt: null,
    end: null,
    aborted: aborted.promise,
    finished: finished.promise,
    closed: options.closed,
    resolveAborted: aborted.resolve,
    resolveFinished: finished.resolve,
  };
}

/** Takes in the complete body. */
export function receiveBody(log: WritableRequestLog, body: Uint8Array, options: { wireBytes: number }): void {
  log.receivedAt = performance.now();
  log.bytesIn += options.wireBytes;
  log.body = body;
  log.bodyText = Buffer.from(body).toString('utf8');
  log.json = parseJson(log.bodyText);
}

function joinHeaders(rawHeaders: RequestHead['rawHeaders']): Record<string, string> {
  // No prototype: a header may be called anything.
  const joined: Record<string, string> = Object.create(null);
  for (const [name, value] of rawHeaders) {
    const key = name.toLowerCase();
    joined[key] = key in joined ? `${joined[key]}, ${value}` : value;
  }
  return joined;
}

function parseJson(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

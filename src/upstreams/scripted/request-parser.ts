/** The head of one request as it came over the wire. */
export interface RequestHead {
  readonly method: string;
  /** The request target, undecoded. */
  readonly path: string;
  readonly version: '1.0' | '1.1';
  /** Name and value pairs in order and case as received; values trimmed. */
  readonly rawHeaders: readonly (readonly [string, string])[];
  /** The head's bytes, its empty line included. */
  readonly bytes: number;
}

export type ParserEvent =
  | { readonly type: 'head'; readonly head: RequestHead }
  /** The request whose head came last is complete. `bytes` is what the body took on the wire, framing included. */
  | { readonly type: 'body'; readonly body: Uint8Array; readonly bytes: number }
  /** Not HTTP/1.1 as RFC 9112 has it. Nothing after it is read. */
  | { readonly type: 'bad'; readonly why: string };

/** Reads HTTP/1.1 requests from a byte stream; the same events come out for every split of the bytes. */
export interface RequestParser {
  push(bytes: Uint8Array): readonly ParserEvent[];
}

const HEAD_BYTES_MAX = 1_048_576;
const LINE_BYTES_MAX = 4_096;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/(1\.[01])$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'bad';

interface Reading {
  state: State;
  /** Bytes not yet understood: the start of a head or of a line. */
  held: Buffer;
  /** Body bytes still to come in the states `length` and `chunk-data`. */
  left: number;
  parts: Buffer[];
  bodyBytes: number;
  readonly events: ParserEvent[];
}

/** Strict on purpose: what this fake refuses, a real server might read in another way than we meant it. */
export function createRequestParser(): RequestParser {
  const reading: Reading = { state: 'head', held: Buffer.alloc(0), left: 0, parts: [], bodyBytes: 0, events: [] };
  return {
    push(bytes) {
      if (reading.state === 'bad') return [];
      reading.held = reading.held.length === 0 ? Buffer.from(bytes) : Buffer.concat([reading.held, bytes]);
      while (advance(reading));
      return reading.events.splice(0);
    },
  };
}

/** One step of the state machine; false when it needs more bytes. */
function advance(reading: Reading): boolean {
  switch (reading.state) {
    case 'head':
      return advanceHead(reading);
    case 'length':
    case 'chunk-data':
      return advanceData(reading);
    case 'chunk-size':
    case 'chunk-end':
    case 'trailer':
      return advanceLine(reading, reading.state);
    case 'bad':
      return false;
  }
}

function advanceHead(reading: Reading): boolean {
  // RFC 9112 §2.2: empty lines before a request line are ignored.
  while (reading.held.length >= 2 && reading.held[0] === 13 && reading.held[1] === 10) reading.held = reading.held.subarray(2);
  const end = reading.held.indexOf('\r\n\r\n');
  if (end < 0) return reading.held.length > HEAD_BYTES_MAX ? fail(reading, 'head too large') : false;
  const lines = reading.held.toString('latin1', 0, end).split('\r\n');
  reading.held = reading.held.subarray(end + 4);

  const requestLine = REQUEST_LINE.exec(lines[0] ?? '');
  if (requestLine === null) return fail(reading, `request line: ${lines[0] ?? ''}`);
  const [, method = '', path = '', version] = requestLine;
  const rawHeaders: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const header = HEADER_LINE.exec(line);
    if (header === null || /[\r\n\0]/.test(line)) return fail(reading, `header line: ${line}`);
    rawHeaders.push([header[1] ?? '', header[2] ?? '']);
  }
  const head: RequestHead = { method, path, version: version === '1.0' ? '1.0' : '1.1', rawHeaders, bytes: end + 4 };
  return startBody(reading, head);
}

/** How long the body is, RFC 9112 §6.3. Both a length and chunks, or two lengths, are how requests are smuggled: refused. */
function startBody(reading: Reading, head: RequestHead): boolean {
  const values = (name: string): string[] => head.rawHeaders.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length + codings.length > 1) return fail(reading, 'more than one body length');
  if (codings.length === 1 && codings[0]?.toLowerCase() !== 'chunked') return fail(reading, `transfer-encoding: ${codings[0] ?? ''}`);
  const length = lengths[0] ?? '0';
  if (!/^\d{1,15}$/.test(length)) return fail(reading, `content-length: ${length}`);

  reading.parts = [];
  reading.bodyBytes = 0;
  reading.left = Number(length);
  reading.events.push({ type: 'head', head });
  if (codings.length === 1) reading.state = 'chunk-size';
  else if (reading.left > 0) reading.state = 'length';
  else finishBody(reading);
  return true;
}

function advanceData(reading: Reading): boolean {
  if (reading.held.length === 0) return false;
  const part = reading.held.subarray(0, reading.left);
  reading.held = reading.held.subarray(part.length);
  reading.parts.push(part);
  reading.bodyBytes += part.length;
  reading.left -= part.length;
  if (reading.left > 0) return false;
  if (reading.state === 'chunk-data') reading.state = 'chunk-end';
  else finishBody(reading);
  return true;
}

function advanceLine(reading: Reading, state: 'chunk-size' | 'chunk-end' | 'trailer'): boolean {
  const end = reading.held.indexOf('\r\n');
  if (end < 0) return reading.held.length > LINE_BYTES_MAX ? fail(reading, 'line too long') : false;
  const line = reading.held.toString('latin1', 0, end);
  reading.held = reading.held.subarray(end + 2);
  reading.bodyBytes += end + 2;
  if (state === 'chunk-end') {
    if (line !== '') return fail(reading, `chunk longer than its size: ${line}`);
    reading.state = 'chunk-size';
  } else if (state === 'trailer') {
    if (line === '') finishBody(reading);
  } else {
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined) return fail(reading, `chunk size: ${line}`);
    reading.left = Number.parseInt(size, 16);
    reading.state = reading.left === 0 ? 'trailer' : 'chunk-data';
  }
  return true;
}

function finishBody(reading: Reading): void {
  reading.events.push({ type: 'body', body: Buffer.concat(reading.parts), bytes: reading.bodyBytes });
  reading.parts = [];
  reading.state = 'head';
}

function fail(reading: Reading, why: string): boolean {
  reading.state = 'bad';
  reading.events.push({ type: 'bad', why });
  return false;
}

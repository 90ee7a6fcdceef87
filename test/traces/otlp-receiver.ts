import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A span as a receiver reads it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: bigint;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly status: { readonly code: bigint; readonly message: string };
}

export interface ReceivedTraces {
  readonly resource: ReadonlyMap<string, unknown>;
  readonly spans: readonly ReceivedSpan[];
}

type Field =
  | { readonly wire: 0; readonly value: bigint }
  | { readonly wire: 1; readonly value: bigint }
  | { readonly wire: 2; readonly value: Buffer };
type Message = ReadonlyMap<number, readonly Field[]>;

/** Reads one message of the protobuf encoding: fields by their numbers. Throws on whatever the encoding does not allow. */
function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, Field[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error('a varint has no end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const list = fields.get(number) ?? [];
    fields.set(number, list);
    switch (tag & 7) {
      case 0:
        list.push({ wire: 0, value: varint() });
        break;
      case 1:
        list.push({ wire: 1, value: bytes.readBigUInt64LE(at) });
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        if (at + length > bytes.length) throw new Error('a field is longer than its message');
        list.push({ wire: 2, value: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      default:
        throw new Error(`wire type ${tag & 7} is not in these definitions`);
    }
  }
  return fields;
}

const blocks = (message: Message, number: number): readonly Buffer[] =>
  (message.get(number) ?? []).map((field) => (field.wire === 2 ? field.value : fail(`field ${number} is not of wire type 2`)));
const text = (message: Message, number: number): string => new TextDecoder('utf-8', { fatal: true }).decode(blocks(message, number)[0]);
const integer = (message: Message, number: number, wire: 0 | 1): bigint => {
  const field = message.get(number)?.[0];
  if (field !== undefined && field.wire !== wire) return fail(`field ${number} is not of wire type ${wire}`);
  return field?.wire === 0 || field?.wire === 1 ? field.value : 0n;
};

function fail(problem: string): never {
  throw new Error(problem);
}

/** `opentelemetry.proto.common.v1.AnyValue`. */
function valueOf(bytes: Buffer | undefined): unknown {
  const message = readMessage(bytes ?? fail('a key without a value'));
  if (message.has(1)) return text(message, 1);
  if (message.has(2)) return integer(message, 2, 0) === 1n;
  if (message.has(3)) return Number(BigInt.asIntN(64, integer(message, 3, 0)));
  if (message.has(4)) {
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64LE(integer(message, 4, 1));
    return bits.readDoubleLE();
  }
  if (message.has(5)) return blocks(readMessage(blocks(message, 5)[0] ?? fail('no array')), 1).map(valueOf);
  return fail('a value of no kind');
}

function attributesOf(message: Message, number: number): ReadonlyMap<string, unknown> {
  const entries = blocks(message, number).map((bytes): [string, unknown] => {
    const pair = readMessage(bytes);
    return [text(pair, 1), valueOf(blocks(pair, 2)[0])];
  });
  const map = new Map(entries);
  if (map.size !== entries.length) fail('an attribute twice');
  return map;
}

/** Reads an `ExportTraceServiceRequest` by the numbers of OTLP 1.x; throws on an id or a time that a receiver refuses. */
export function readTraces(body: Buffer): ReceivedTraces {
  const [resourceSpans = fail('no resource')] = blocks(readMessage(body), 1);
  const resource = readMessage(resourceSpans);
  const [scopeSpans = fail('no scope')] = blocks(resource, 2);
  return {
    resource: attributesOf(readMessage(blocks(resource, 1)[0] ?? fail('no resource')), 1),
    spans: blocks(readMessage(scopeSpans), 2).map(readSpan),
  };
}

function readSpan(bytes: Buffer): ReceivedSpan {
  const span = readMessage(bytes);
  const [traceId, spanId, parent] = [1, 2, 4].map((number) => blocks(span, number)[0] ?? Buffer.alloc(0));
  if (traceId?.length !== 16 || spanId?.length !== 8 || (parent?.length !== 0 && parent?.length !== 8)) fail('an id of a wrong length');
  const status = readMessage(blocks(span, 15)[0] ?? Buffer.alloc(0));
  const read = {
    traceId: traceId?.toString('hex') ?? '',
    spanId: spanId?.toString('hex') ?? '',
    parentSpanId: parent?.toString('hex') ?? '',
    name: text(span, 5),
    kind: integer(span, 6, 0),
    startNs: integer(span, 7, 1),
    endNs: integer(span, 8, 1),
    attributes: attributesOf(span, 9),
    status: { message: status.has(2) ? text(status, 2) : '', code: integer(status, 3, 0) },
  };
  if (read.endNs < read.startNs) fail('a span ends before it begins');
  return read;
}

/** One request that came to the receiver. */
export interface ReceivedPost {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly posts: readonly ReceivedPost[];
  /** Everything read from all posts. */
  spans(): readonly ReceivedSpan[];
  /** Resolves at the next post; at once if there are more than were waited for. */
  nextPost(): Promise<ReceivedPost>;
  /** How posts are answered from now on: a status, or not at all. */
  answer: number | 'never';
}

/** A receiver of traces on loopback, as Phoenix is one: it takes protobuf only, and reads every span. */
export async function startOtlpReceiver(t: TestContext): Promise<OtlpReceiver> {
  const posts: ReceivedPost[] = [];
  const waiting: ((post: ReceivedPost) => void)[] = [];
  let waited = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const post = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) };
      posts.push(post);
      waiting.shift()?.(post);
      if (receiver.answer === 'never') return;
      const status = request.headers['content-type'] === 'application/x-protobuf' ? receiver.answer : 415;
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end(status === 200 ? '' : 'not today');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = addressOf(server.address());
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${port}`,
    posts,
    answer: 200,
    spans: () => posts.flatMap((post) => readTraces(post.body).spans),
    nextPost: () => {
      const there = posts[waited++];
      return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push(resolve));
    },
  };
  return receiver;
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  return typeof address === 'object' && address !== null ? address : fail('the receiver does not listen');
}

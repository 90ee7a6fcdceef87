import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ClientScript } from '#upstreams/scripted/faults/fault.ts';

const watchedParts = 200;
const slowEveryParts = 100;
const slowMs = 2;

/** What a caller heard, to the end of it. */
export interface Heard {
  /** Null if no head came. */
  readonly status: number | null;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The reply came to the end that HTTP promises. */
  readonly proper: boolean;
  /** The caller went away itself. */
  readonly left: boolean;
}

export interface FaultClient {
  /** Resolves when nothing more can come. Never rejects. */
  readonly heard: Promise<Heard>;
  /** The head has come, or never will. */
  readonly headSeen: Promise<void>;
  /** The id that the house gave to its request; null while none has come. */
  id(): string | null;
  /** Reads what it did not want to read before. */
  read(): void;
  leave(): void;
}

/** Sends one request on a connection of its own, and behaves as `client` says. `onText` hears all that came so far, at each piece. */
export function sendAsClient(
  origin: string,
  {
    key,
    body,
    client,
    onText,
    onEnd,
  }: {
    readonly key: string;
    readonly body: string;
    readonly client: ClientScript | undefined;
    readonly onText: (text: string) => void;
    /** In the very moment in which the reply ended. */
    readonly onEnd: () => void;
  },
): FaultClient {
  const parts: Buffer[] = [];
  const textSoFar = (): string => Buffer.concat(parts).toString('utf8');
  const heard = Promise.withResolvers<Heard>();
  const headSeen = Promise.withResolvers<void>();
  let reply: IncomingMessage | null = null;
  let left = false;
  const finish = (proper: boolean): void => {
    headSeen.resolve();
    heard.resolve({ status: reply?.statusCode ?? null, headers: reply?.headers ?? {}, text: textSoFar(), proper, left });
  };
  const bytes = Buffer.from(body);
  const sent = httpRequest(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': String(bytes.length), authorization: `Bearer ${key}` },
    agent: false,
  });
  const leave = (): void => {
    left = true;
    sent.destroy();
    finish(false);
  };
  const take = (response: IncomingMessage, part: Buffer): void => {
    parts.push(part);
    // Only the beginning is of interest while it comes: a long answer is put together once.
    if (parts.length < watchedParts) onText(textSoFar());
    if (client?.does === 'leaves' && (client.at === 'words' || (client.at === 'end' && textSoFar().includes('[DONE]')))) return leave();
    if (client?.does !== 'reads_slowly' || parts.length % slowEveryParts !== 0) return;
    response.pause();
    setTimeout(() => response.resume(), slowMs);
  };
  sent.on('response', (response) => {
    reply = response;
    headSeen.resolve();
    response.on('end', () => {
      onEnd();
      finish(response.complete);
    });
    response.on('error', () => finish(false));
    response.on('close', () => finish(response.complete));
    if (client?.does !== 'reads_nothing') response.on('data', (part: Buffer) => take(response, part));
  });
  sent.on('error', () => finish(false));
  if (client?.does === 'leaves' && client.at === 'upload') sent.write(bytes.subarray(0, bytes.length >> 1), () => setImmediate(leave));
  else sent.end(bytes);
  const id = (): string | null => {
    const said = reply?.headers['x-request-id'];
    return typeof said === 'string' ? said : null;
  };
  return { id, heard: heard.promise, headSeen: headSeen.promise, read: () => reply?.on('data', (part: Buffer) => parts.push(part)), leave };
}

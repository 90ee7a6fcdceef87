import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** One raw exchange over HTTP, its reply's bytes as they come: what no client library has made nicer. */
export interface RawExchange {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Everything of the body so far. */
  text(): string;
  /** Resolves with the body so far as soon as that holds `wanted`. Rejects if the body ends before. */
  until(wanted: string): Promise<string>;
  /** The whole body, and whether it came to a proper end. */
  readonly ended: Promise<{ readonly text: string; readonly proper: boolean }>;
  leave(): void;
}

/** What is sent. */
export interface RawAsk {
  readonly key?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is. */
  readonly body?: unknown;
}

/** Sends one request on a connection of its own; resolves with the head of the reply. */
export function rawExchange(url: string, { key, method, headers = {}, body }: RawAsk = {}): Promise<RawExchange> {
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    ...(text === null ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: method ?? (text === null ? 'GET' : 'POST'), headers: all, agent: false }, (response) => {
      const parts: Buffer[] = [];
      const waiting = new Set<() => void>();
      const soFar = (): string => Buffer.concat(parts).toString('utf8');
      const over = Promise.withResolvers<{ text: string; proper: boolean }>();
      let ended = false;
      const finish = (proper: boolean): void => {
        ended = true;
        over.resolve({ text: soFar(), proper });
        for (const look of waiting) look();
      };
      response.on('data', (part: Buffer) => {
        parts.push(part);
        for (const look of waiting) look();
      });
      response.on('end', () => finish(response.complete));
      response.on('error', () => finish(false));
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: soFar,
        until: (wanted) =>
          new Promise((found, missing) => {
            const look = (): void => {
              if (soFar().includes(wanted)) found(soFar());
              else if (ended) missing(new Error(`the body ended without ${JSON.stringify(wanted)}: ${JSON.stringify(soFar())}`));
              else return void waiting.add(look);
              waiting.delete(look);
            };
            look();
          }),
        ended: over.promise,
        leave: () => void sent.destroy(),
      });
    });
    sent.on('error', reject);
    sent.end(text ?? undefined);
  });
}

/** The same, read to its end. */
export async function rawAnswer(
  url: string,
  ask: RawAsk = {},
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string; readonly proper: boolean }> {
  const exchange = await rawExchange(url, ask);
  return { status: exchange.status, headers: exchange.headers, ...(await exchange.ended) };
}

/** The data of each event of a stream, in order; comments are left out. */
export function eventsOf(text: string): readonly string[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length));
}

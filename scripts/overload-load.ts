import { Agent, request as httpRequest } from 'node:http';
import { performance } from 'node:perf_hooks';

/** What became of one request: sent at `atMs` after the beginning of its load, over after `tookMs`. */
export interface Shot {
  readonly atMs: number;
  readonly tookMs: number;
  /** The status; 0 where the connection broke. */
  readonly status: number;
  readonly retryAfter: boolean;
}

/** Who asks what. */
export interface Aim {
  readonly origin: string;
  readonly path: string;
  readonly key: string;
  /** Posted; null for a GET. */
  readonly body: string | null;
  readonly agent: Agent;
}

/** Connections that are kept, as many as are needed. */
export function openAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 512 });
}

/** Asks so many times a second, evenly, whatever becomes of the earlier requests. Resolves when the last one is over. */
export async function fire(aim: Aim, load: { readonly perSecond: number; readonly seconds: number }): Promise<readonly Shot[]> {
  const count = Math.round(load.perSecond * load.seconds);
  const began = performance.now();
  const shots: Promise<Shot>[] = [];
  await new Promise<void>((resolve) => {
    const due = (): void => {
      const elapsed = performance.now() - began;
      while (shots.length < count && (shots.length * 1000) / load.perSecond <= elapsed) shots.push(shoot(aim, began));
      if (shots.length < count) setTimeout(due, 1);
      else resolve();
    };
    due();
  });
  return Promise.all(shots);
}

function shoot({ origin, path, key, body, agent }: Aim, began: number): Promise<Shot> {
  const sentAt = performance.now();
  return new Promise((resolve) => {
    const over = (status: number, retryAfter: boolean): void =>
      resolve({ atMs: sentAt - began, tookMs: performance.now() - sentAt, status, retryAfter });
    const posted = body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const headers = { authorization: `Bearer ${key}`, ...posted };
    const sent = httpRequest(`${origin}${path}`, { method: body === null ? 'GET' : 'POST', agent, headers }, (response) => {
      response.on('error', () => over(0, false));
      response.on('end', () => over(response.statusCode ?? 0, response.headers['retry-after'] !== undefined));
      response.resume();
    });
    sent.on('error', () => over(0, false));
    sent.end(body ?? undefined);
  });
}

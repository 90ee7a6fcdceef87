import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';

/** One request to the house that runs on this machine, as its operator. */
export interface OperatorRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Its answer; read it once, as a whole or line by line. */
export interface OperatorReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  text(): Promise<string>;
  /** The lines of the body as they come, without their ends. */
  lines(): AsyncIterable<string>;
}

/** Nobody answers on the socket. */
export class OperatorUnreachable extends Error {
  override readonly name = 'OperatorUnreachable';
  /** `absent`: no such socket; `silent`: nobody listens on it any more; `forbidden`: it is another user's. */
  readonly why: 'absent' | 'silent' | 'forbidden' | 'broken';

  constructor(why: OperatorUnreachable['why'], message: string) {
    super(message);
    this.why = why;
  }
}

/** Where a running house listens for its operator. Who may open it is decided by the folder's mode, 0700. */
export function operatorSocketPath(dataFolder: string): string {
  return join(dataFolder, 'operator.sock');
}

/** Asks over the unix socket: the only way out beside the dialer, and it does not leave the machine. Rejects with `OperatorUnreachable`. */
export function askOperator(socketPath: string, asked: OperatorRequest): Promise<OperatorReply> {
  return new Promise((resolve, reject) => {
    const body = asked.body === undefined ? null : JSON.stringify(asked.body);
    const request = httpRequest({
      socketPath,
      method: asked.method,
      path: asked.path,
      headers: {
        host: 'localhost',
        ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...asked.headers,
      },
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    });
    request.on('response', (response) => resolve(replyOf(response)));
    request.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(error, socketPath)));
    request.end(body ?? undefined);
  });
}

function replyOf(response: IncomingMessage): OperatorReply {
  response.setEncoding('utf8');
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return {
    status: response.statusCode ?? 0,
    headers,
    async text() {
      let text = '';
      for await (const chunk of response) text += String(chunk);
      return text;
    },
    async *lines() {
      let rest = '';
      for await (const chunk of response) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield line.replace(/\r$/, '');
      }
      if (rest !== '') yield rest;
    },
  };
}

function unreachable(error: NodeJS.ErrnoException, socketPath: string): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new OperatorUnreachable('absent', `there is no ${socketPath}`);
    case 'ECONNREFUSED':
      return new OperatorUnreachable('silent', `nobody listens on ${socketPath}`);
    case 'EACCES':
    case 'EPERM':
      return new OperatorUnreachable('forbidden', `this user may not open ${socketPath}`);
    case undefined:
      return error;
    default:
      return error.name === 'AbortError'
        ? error
        : new OperatorUnreachable('broken', `the connection to ${socketPath} broke (${error.code})`);
  }
}

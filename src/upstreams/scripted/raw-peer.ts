import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** How the server's side of a connection came to its end, as the peer saw it. */
export type PeerEnd = 'fin' | 'reset' | 'refused';

/** A byte-level client for the tests: sends exactly what it is told, shows exactly what came back. */
export interface RawPeer {
  send(bytes: string | Uint8Array): void;
  /** Everything received so far, as latin1. */
  text(): string;
  /** Resolves with everything received as soon as that satisfies the condition; rejects if the connection ends before. */
  until(reached: (text: string) => boolean): Promise<string>;
  /** How many reads brought data; small pieces are counted at most once each. */
  reads(): number;
  /** Resolves when the server has closed its side, or reset. */
  readonly ended: Promise<PeerEnd>;
  /** Half-closes our side. */
  fin(): void;
  reset(): void;
  destroy(): void;
  /** Stops reading, so that the server's writes back up. */
  pause(): void;
}

/** Connects to a server on loopback. */
export function rawPeer(port: number): RawPeer {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const ended = Promise.withResolvers<PeerEnd>();
  const waiting = new Set<() => void>();
  const parts: Buffer[] = [];
  const text = (): string => Buffer.concat(parts).toString('latin1');
  let over: PeerEnd | null = null;
  const finish = (end: PeerEnd): void => {
    over ??= end;
    ended.resolve(over);
    for (const check of waiting) check();
  };
  socket.on('data', (bytes) => {
    parts.push(bytes);
    for (const check of waiting) check();
  });
  socket.on('end', () => finish('fin'));
  socket.on('error', (error) => finish('code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'reset'));
  socket.on('close', () => finish('fin'));
  return {
    send: (bytes) => void socket.write(bytes),
    text,
    until: async (reached) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const check = (): void => {
        if (reached(text())) resolve(text());
        else if (over !== null) reject(new Error(`connection ended (${over}) after: ${text()}`));
        else return void waiting.add(check);
        waiting.delete(check);
      };
      check();
      return promise;
    },
    reads: () => parts.length,
    ended: ended.promise,
    fin: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
  };
}

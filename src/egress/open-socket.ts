import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import { wrongPeer, type Origin } from './origins.ts';
import type { WireFault } from './port.ts';

/** Runs something later, once; the answer takes it back. */
export type After = (delayMs: number, run: () => void) => () => void;

/** Starts a TCP connection to a numeric address. */
export type TcpConnect = (peer: { readonly address: string; readonly port: number }) => Socket;

export interface OpenSocketOptions {
  /** The pins, in the order they are tried; the next is tried only where the one before refused. */
  readonly addresses: readonly string[];
  /** For TCP and TLS together, over all addresses. */
  readonly connectMs: number;
  readonly after: After;
  readonly connect: TcpConnect;
  /** PEM of an authority to trust instead of the system's. */
  readonly ca: string | undefined;
}

export type Opened =
  | { readonly ok: true; readonly socket: Socket; readonly address: string }
  | { readonly ok: false; readonly cause: WireFault['cause']; readonly message: string };

/** A socket as the operating system makes it. The address is numeric, so nothing is looked up. */
export const tcpConnect: TcpConnect = ({ address, port }) =>
  connectTcp({
    host: address,
    port,
    family: isIP(address),
    autoSelectFamily: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });

/**
 * Opens a connection to an upstream's pinned address. The peer is compared with pin and location before a byte is sent, TLS included.
 * `done` is called once, unless the answer was called before: that closes what was opened so far.
 */
export function openSocket(origin: Origin, options: OpenSocketOptions, done: (opened: Opened) => void): () => void {
  let current: Socket | null = null;
  let settled = false;
  const settle = (opened: Opened | null): void => {
    if (settled) return;
    settled = true;
    cancelDeadline();
    if (opened?.ok !== true) current?.destroy();
    if (opened !== null) done(opened);
  };
  const fail = (cause: WireFault['cause'], message: string): void => settle({ ok: false, cause, message });
  const cancelDeadline = options.after(options.connectMs, () => fail('connect_timeout', `no connection within ${options.connectMs} ms`));

  const dial = (index: number): void => {
    const address = options.addresses[index];
    if (settled || address === undefined) return;
    let socket: Socket;
    try {
      socket = options.connect({ address, port: origin.port });
    } catch (error) {
      return fail('refused', error instanceof Error ? error.message : String(error));
    }
    current = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (current !== socket || settled) return;
      if (error.code === 'ECONNREFUSED' && options.addresses[index + 1] !== undefined) dial(index + 1);
      else fail(error.code === 'ETIMEDOUT' ? 'connect_timeout' : error.code === 'ECONNRESET' ? 'reset' : 'refused', error.message);
    });
    socket.once('connect', () => {
      if (settled) return;
      const peer = socket.remoteAddress;
      // A connection reset before we look has no peer any more; that is no stranger's doing.
      if (peer === undefined) return fail('reset', 'closed as it was opened');
      const wrong = wrongPeer(origin, address, peer);
      if (wrong !== null) return fail('wrong_peer', wrong);
      const at = peerName(address, origin.port);
      if (!origin.secure) return settle({ ok: true, socket, address: at });
      current = secure(origin, socket, options.ca, {
        ready: (tls) => settle({ ok: true, socket: tls, address: at }),
        failed: (message) => fail('tls', message),
      });
    });
  };
  dial(0);
  return () => settle(null);
}

/** TLS over an open socket. The identity is the policy's host name, whatever address it is reached at. */
function secure(
  origin: Origin,
  socket: Socket,
  ca: string | undefined,
  hear: { ready: (tls: Socket) => void; failed: (message: string) => void },
): Socket {
  const tls = connectTls({
    socket,
    host: origin.host,
    // An address is not a server name (RFC 6066); it is compared with the certificate all the same.
    ...(isIP(origin.host) === 0 ? { servername: origin.host } : {}),
    checkServerIdentity: (_name, certificate) => checkServerIdentity(origin.host, certificate),
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED cannot take it away.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...(ca === undefined ? {} : { ca }),
  });
  tls.once('secureConnect', () => hear.ready(tls));
  tls.on('error', (error) => hear.failed(error.message));
  tls.once('close', () => {
    socket.destroy();
    hear.failed('closed during the handshake');
  });
  return tls;
}

/** `ip:port`, as records have it. */
export function peerName(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

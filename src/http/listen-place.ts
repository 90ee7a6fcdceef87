/** Where to listen: a TCP address, or a socket in a private folder. */
export type ListenPlace =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string };

/** Reads `host:port` or `[v6]:port`; port 0 means any free one. The policy has checked it, so anything else is a broken invariant. */
export function tcpPlace(listen: string): ListenPlace {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(listen);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  if (host === undefined) throw new Error(`no place to listen: ${listen}`);
  return { type: 'tcp', host, port: Number(match?.groups?.['port']) };
}

/** A listener cannot be opened; the message is one line for the person who started it. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
  readonly taken: boolean;

  constructor(message: string, options: { readonly taken: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.taken = options.taken;
  }
}

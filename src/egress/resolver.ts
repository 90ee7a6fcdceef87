import { lookup } from 'node:dns/promises';
import { normalAddress } from './normal-address.ts';
import type { After } from './open-socket.ts';

/** Names to numeric addresses. Asked at load and by the prober; never on a request's path. */
export interface Resolver {
  /** All addresses of a name, in any order. Rejects, or gives none, if it has none. */
  lookup(host: string): Promise<readonly string[]>;
}

/** The operating system's resolver. */
export function systemResolver(): Resolver {
  return {
    async lookup(host) {
      const answers = await lookup(host, { all: true, order: 'ipv4first' });
      return answers.map((answer) => answer.address);
    },
  };
}

/**
 * The addresses of a host that needs no lookup, in the order they are tried: a numeric one, or `localhost`, which servers bind on
 * either family. Null for a name.
 */
export function addressesWithoutLookup(host: string): readonly string[] | null {
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1'];
  const address = normalAddress(host);
  return address === null ? null : [address];
}

/** A lookup that takes longer has failed. */
const lookupMs = 5000;

export type Looked = { readonly ok: true; readonly addresses: readonly string[] } | { readonly ok: false; readonly message: string };

/** Asks a resolver, for a bounded time. Never rejects. */
export function boundedLookup(resolver: Resolver, host: string, after: After): Promise<Looked> {
  return new Promise((resolve) => {
    const cancel = after(lookupMs, () => resolve({ ok: false, message: `no answer within ${lookupMs} ms` }));
    const settle = (looked: Looked): void => {
      cancel();
      resolve(looked);
    };
    resolver.lookup(host).then(
      (addresses) => settle({ ok: true, addresses }),
      (error: unknown) => settle({ ok: false, message: error instanceof Error ? error.message : String(error) }),
    );
  });
}

import { createDialer } from '#egress/dialer.ts';
import type { DialUpstream, Resolution } from '#egress/origins.ts';
import type { WireFault } from '#egress/port.ts';
import { systemResolver } from '#egress/resolver.ts';
import type { PlaceAnswer } from './recognise.ts';

/** Asks servers outside of a running house: by GET alone, with nobody's data, through the dialer and its locks. */
export interface ServerAsker {
  /** One GET, below the server's base path. Never rejects. */
  ask(upstream: string, path: string): Promise<PlaceAnswer | { readonly fault: WireFault }>;
  /** Looks the server's name up; without it only numeric addresses and `localhost` are dialled. */
  resolve(upstream: string): Promise<Resolution>;
  /** Ends what is under way. */
  close(): void;
}

export interface AskerOptions {
  readonly connectMs: number;
  /** The headers that carry a server's key; default: none. */
  readonly keyFor?: (upstream: string) => Readonly<Record<string, string>>;
}

const bodyMax = 4_000_000;
const policyHash = 'no policy in force';

/** Opens an asker for the given servers; it asks nobody by itself. */
export function openServerAsker(upstreams: readonly DialUpstream[], { connectMs, keyFor }: AskerOptions): ServerAsker {
  const dialer = createDialer({
    upstreams,
    keyFor: keyFor ?? (() => ({})),
    inForce: () => true,
    resolver: systemResolver(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    onAlarm: () => {},
  });
  const locations = new Map(upstreams.map(({ name, location }) => [name, location]));
  const ask: ServerAsker['ask'] = (upstream, path) =>
    new Promise((resolve) => {
      let head: Pick<PlaceAnswer, 'status' | 'headers'> = { status: 0, headers: {} };
      const chunks: Uint8Array[] = [];
      let received = 0;
      const call = dialer.call(
        { method: 'GET', path, headers: { accept: 'application/json' }, body: null },
        {
          dialled: () => {},
          sent: () => {},
          head: (status, headers) => {
            head = { status, headers };
          },
          data: (bytes) => {
            received += bytes.byteLength;
            if (received > bodyMax) call.abort();
            else chunks.push(bytes.slice());
          },
          end: () => resolve({ ...head, body: Buffer.concat(chunks).toString('utf8') }),
          failed: (fault) => resolve({ fault }),
        },
        {
          permit: { upstream, target: null, location: locations.get(upstream) ?? 'house', tier: 'probe', policyHash },
          fresh: true,
          connectMs,
        },
      );
    });
  return { ask, resolve: (upstream) => dialer.resolve(upstream), close: () => dialer.close() };
}

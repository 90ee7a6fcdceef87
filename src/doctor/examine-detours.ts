import type { Upstream } from '#core/policy/policy.ts';
import { openServerAsker } from '#discovery/server-asker.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import type { Finding } from './finding.ts';

/**
 * Says which servers of the house answer without a key at an address that other machines can reach: whoever knows it goes round the
 * gatehouse, its keys, tiers and record. One GET for the list of models, at the url of the policy, or for a server on loopback at this machine's own addresses.
 */
export async function examineDetours(
  upstreams: readonly Upstream[],
  { ownAddresses, budgetMs }: { readonly ownAddresses: readonly string[]; readonly budgetMs: number },
): Promise<readonly Finding[]> {
  const places = upstreams.filter(({ location }) => location === 'house').flatMap((upstream) => placesOf(upstream, ownAddresses));
  const asker = openServerAsker(
    places.map(({ name, url }) => ({ name, url, location: 'house', models: [] })),
    { connectMs: budgetMs / 2 },
  );
  const timer = setTimeout(() => asker.close(), budgetMs);
  const found = await Promise.all(
    places.map(async ({ name, url, upstream, path }) => {
      await asker.resolve(name);
      const answer = await asker.ask(name, path);
      return 'fault' in answer || answer.status !== 200 ? [] : [findingOf(upstream, url)];
    }),
  );
  clearTimeout(timer);
  asker.close();
  return found.flat();
}

function findingOf(upstream: Upstream, url: string): Finding {
  const mine = url !== upstream.url;
  return {
    about: upstream.name,
    problem: `it is reachable without the gatehouse: ${url} answers without a key`,
    remedy: mine
      ? 'let the server listen on 127.0.0.1 only'
      : 'let the server’s firewall take connections from this machine only, or have it want a key and name that in the policy',
  };
}

interface Detour {
  readonly name: string;
  readonly url: string;
  readonly upstream: Upstream;
  readonly path: string;
}

function placesOf(upstream: Upstream, ownAddresses: readonly string[]): readonly Detour[] {
  const path = upstreamKindNamed(upstream.kind)?.catalogue.path ?? '/v1/models';
  const detour = (url: string): Detour => ({ name: `${upstream.name} ${url}`, url, upstream, path });
  const { protocol, hostname, port, pathname } = new URL(upstream.url);
  if (!isLoopback(hostname)) return [detour(upstream.url)];
  const at = port === '' ? '' : `:${port}`;
  const base = pathname.replace(/\/+$/, '');
  return ownAddresses.map((address) => detour(`${protocol}//${isV6(address) ? `[${address}]` : address}${at}${base}`));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || host.startsWith('127.');
}

function isV6(address: string): boolean {
  return address.includes(':');
}

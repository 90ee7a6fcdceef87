import { isIP } from 'node:net';
import type { Location } from '#core/policy/policy.ts';
import { isHouseAddress, isMetadataAddress } from '#core/units/house-address.ts';
import { normalAddress } from './normal-address.ts';

/** What the dialer needs of an upstream of the policy; a policy's own `Upstream` is one. */
export interface DialUpstream {
  readonly name: string;
  /** Origin and optional base path, no trailing slash. */
  readonly url: string;
  readonly location: Location;
  readonly models: readonly { readonly name: string; readonly location: Location }[];
  /** It serves no model: a party of the policy that is told of calls, and has no targets. */
  readonly party?: true;
}

/** An upstream's URL, taken apart once. */
export interface Origin {
  readonly upstream: DialUpstream;
  /** `scheme://host[:port]`. */
  readonly origin: string;
  /** Host name or numeric address as the policy says it, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Starts with a slash, or is empty. */
  readonly basePath: string;
}

/** What an upstream's host stands for at the moment. */
export type Resolution =
  /** Dialled at these numeric addresses, in this order, and at no other. */
  | { readonly state: 'pinned'; readonly addresses: readonly string[] }
  | { readonly state: 'unresolved'; readonly message: string }
  /** It has addresses, but not where the policy says it is. Nothing is dialled. */
  | { readonly state: 'refused'; readonly message: string };

/** Takes an upstream's URL apart. Throws on what the policy loader would not have let through. */
export function originOf(upstream: DialUpstream): Origin {
  const url = new URL(upstream.url);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new Error(`${upstream.name}: ${url.protocol} is not http: or https:`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new Error(`${upstream.name}: a URL with user, query or fragment is not an upstream`);
  }
  return {
    upstream,
    origin: url.origin,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    secure,
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}

/**
 * Judges the addresses of an upstream's host. A house upstream has house addresses only. A cloud upstream may be anywhere, since its
 * host name and TLS identity are pinned, but without TLS (a proxy in the house that calls a cloud) only in the house. An answer that
 * mixes house and outside is refused for both.
 *
 * @param former The addresses it was pinned to before; they may change within their side of the door, not across it.
 */
export function judgeAddresses(origin: Origin, addresses: readonly string[], former: readonly string[] | null): Resolution {
  const { upstream, host } = origin;
  const normal = addresses.map((address) => normalAddress(address) ?? address);
  const [first] = normal;
  if (first === undefined) return { state: 'unresolved', message: `${host} has no address` };
  const refused = (message: string): Resolution => ({ state: 'refused', message: `${upstream.name}: ${message}` });
  const listed = normal.join(', ');
  if (normal.some((address) => isIP(address) === 0)) return refused(`${host} gave no numeric address (${listed})`);
  if (normal.some(isMetadataAddress)) return refused(`${host} is a cloud metadata address (${listed})`);
  const inHouse = normal.filter(isHouseAddress).length;
  if (inHouse > 0 && inHouse < normal.length) return refused(`${host} is in the house and outside at once (${listed})`);
  if (upstream.location === 'house' && inHouse === 0) return refused(`${host} is declared house but is outside (${listed})`);
  if (!origin.secure && inHouse === 0) return refused(`${host} is outside the house and not https (${listed})`);
  const [was] = former ?? [];
  if (was !== undefined && isHouseAddress(was) !== inHouse > 0) return refused(`${host} moved across the door, from ${was} to ${listed}`);
  // A name is pinned to one address, IPv4 first; `localhost` and literals come in the order they are to be tried.
  const best = normal.find((address) => isIP(address) === 4) ?? first;
  return { state: 'pinned', addresses: host.toLowerCase() === 'localhost' ? normal : [best] };
}

/**
 * The third lock: compares the peer a socket really reached with the pin and with the declared location. Null if it is who it should
 * be, else what is wrong.
 */
export function wrongPeer(origin: Origin, pin: string, remoteAddress: string): string | null {
  const peer = normalAddress(remoteAddress);
  if (peer === null || peer !== normalAddress(pin)) return `dialled ${pin}, reached ${remoteAddress}`;
  const judged = judgeAddresses(origin, [peer], null);
  return judged.state === 'pinned' ? null : judged.message;
}

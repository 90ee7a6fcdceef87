import type { Location } from '#core/policy/policy.ts';
import { isHouseAddress, parseAddress } from '#core/units/house-address.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';
import type { PolicyPath, Report } from './policy-source.ts';
import type { UpstreamFile } from './upstream-schema.ts';

/** Endings of names that no public name server answers for, and of tailnets. */
const houseEndings = [
  '.localhost',
  '.local',
  '.lan',
  '.home',
  '.internal',
  '.intranet',
  '.private',
  '.home.arpa',
  '.localdomain',
  '.test',
  '.ts.net',
];

/** What the gatehouse adds to an address. */
const ourPath = /\/v1(?:\/traces)?\/*$/;

/** Where an upstream listens and where its data goes. */
export interface Address {
  /** Origin and base path, no slash at the end. */
  readonly url: string;
  /** Equal for two upstreams exactly if they are one server. */
  readonly origin: string;
  readonly location: Location;
}

/** What of an entry says where it is, and what is known of such entries. */
type Placed = Pick<UpstreamFile, 'url' | 'location'>;
type PlacedKind = Pick<UpstreamKind, 'name' | 'defaultUrl' | 'locationMustBeSaid'>;

/** Reads the `url` and `location` of an upstream or another party; null, with the reasons in the report, if they will not do. */
export function readAddress(file: Placed, kind: PlacedKind, path: PolicyPath, report: Report): Address | null {
  const url = readUrl(file.url ?? kind.defaultUrl, [...path, 'url'], report);
  if (!url) return null;
  const location = readLocation(file, kind, url.hostname, { path: [...path, 'location'], report });
  if (!location) return null;
  const outside = !isHouseName(url.hostname);
  if (location === 'cloud' && url.protocol === 'http:' && outside)
    report.warn([...path, 'url'], 'what leaves the house goes over http, readable on the way; use https');
  const base = url.pathname.replace(/\/+$/, '');
  return { url: url.origin + base, origin: url.origin.replace('//localhost', '//127.0.0.1'), location };
}

function readUrl(text: string | undefined, path: PolicyPath, report: Report): URL | null {
  if (text === undefined) {
    report.error(path, '"url" is missing: where the server listens, such as http://127.0.0.1:8001');
    return null;
  }
  const url = URL.parse(text);
  // The text is not repeated where it may hold a password.
  const shown = text.includes('@') ? 'this' : JSON.stringify(text);
  const guess = /^[\w.-]+(?::\d+)?(?:\/[^@]*)?$/.test(text) ? `http://${text}` : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    report.error(path, `${shown} is no http or https address`, { suggestion: guess });
    return null;
  }
  if (url.username !== '' || url.password !== '') report.error(path, 'a url holds no user or password; write key: ${NAME}');
  else if (url.search !== '' || url.hash !== '' || /[?#]$/.test(text))
    report.error(path, `a url has no "?" or "#"`, { suggestion: (url.origin + url.pathname).replace(/\/$/, '') });
  else if (ourPath.test(url.pathname)) {
    const [added = ''] = /\/v1[^/]*(?:\/traces)?/.exec(url.pathname) ?? [];
    report.error(path, `the gatehouse adds ${added} itself`, { suggestion: url.origin + url.pathname.replace(ourPath, '') });
  } else if (url.port === '0') report.error(path, 'port 0 is no port');
  else return url;
  return null;
}

function readLocation(
  file: Placed,
  kind: PlacedKind,
  host: string,
  more: { readonly path: PolicyPath; readonly report: Report },
): Location | null {
  const { path, report } = more;
  const literal = parseAddress(host) !== null;
  const inside = isHouseName(host);
  if (file.location === 'house' && literal && !inside) {
    report.error(
      path,
      `${host} is a public address, which is never in the house; write location: cloud, or reach the machine at a private address`,
    );
    return null;
  }
  if (file.location !== undefined) return file.location;
  if (kind.locationMustBeSaid) {
    report.error(path, `must be said for the kind ${kind.name}, which may be anywhere: location: house or location: cloud`);
    return null;
  }
  if (inside) return 'house';
  const why = literal
    ? `${host} is a public address: write location: cloud`
    : `${host} may be outside the house: write location: cloud, or location: house if it is yours`;
  report.error(path, `must be said, because ${why}`);
  return null;
}

/**
 * Whether a host is taken to be in the house without being asked: a private address, or a name that only a house gives (one word, or one of the endings above).
 * It is what the policy means, not what is trusted: the dialer looks at the connected address itself.
 */
function isHouseName(host: string): boolean {
  if (parseAddress(host)) return isHouseAddress(host);
  const name = host.replace(/\.$/, '');
  return !name.includes('.') || houseEndings.some((ending) => name.endsWith(ending));
}

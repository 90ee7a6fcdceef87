import { parseAddress } from '#core/units/house-address.ts';
import { placed } from './compilation.ts';
import type { Report } from './policy-source.ts';

const defaultListen = '127.0.0.1:8484';
const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** Reads `listen:`; each is `host:port` or `[v6]:port`, where port 0 means any free one. */
export function readListen(texts: readonly string[] | undefined, report: Report): readonly string[] {
  if (texts === undefined) return [defaultListen];
  const seen = new Set<string>();
  return placed(texts, ['listen']).map(({ text, path }) => {
    const match = /^(?<host>\[[^\]]+\]|[^:[\]]+):(?<port>\d{1,5})$/.exec(text);
    const host = match?.groups?.['host'] ?? '';
    const port = Number(match?.groups?.['port'] ?? -1);
    const known = host.startsWith('[')
      ? parseAddress(host) !== null
      : /^[\d.]+$/.test(host)
        ? parseAddress(host) !== null
        : hostName.test(host.toLowerCase());
    if (!known || port < 0 || port > 65_535) report.error(path, `"${text}" is no place to listen`, { suggestion: guessOf(text) });
    else if (seen.has(text)) report.error(path, `"${text}" is listed twice`);
    seen.add(text);
    return text;
  });
}

/** What was probably meant: a port alone, an address alone, or a whole URL. */
function guessOf(text: string): string | null {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const port = /^:?(\d{1,5})$/.exec(bare)?.[1];
  if (port !== undefined && Number(port) <= 65_535) return `127.0.0.1:${port}`;
  if (parseAddress(bare)) return bare.includes(':') && !bare.startsWith('[') ? `[${bare}]:8484` : `${bare}:8484`;
  if (hostName.test(bare.toLowerCase())) return `${bare}:8484`;
  return bare !== text && /^[\w.-]+:\d{1,5}$/.test(bare) ? bare : null;
}

/** Reads `hosts:`; names only, in lower case. */
export function readHosts(texts: readonly string[] | undefined, report: Report): readonly string[] | null {
  if (texts === undefined) return null;
  return placed(texts, ['hosts']).map(({ text, path }) => {
    const name = text.toLowerCase();
    if (!hostName.test(name) && parseAddress(name) === null) {
      const guess = name.replace(/^https?:\/\//, '').replace(/[:/].*$/, '');
      report.error(path, `"${text}" is no host name: write it without scheme, port and path`, {
        suggestion: hostName.test(guess) && guess !== name ? guess : null,
      });
    }
    return name;
  });
}

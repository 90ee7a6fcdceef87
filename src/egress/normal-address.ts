import { isIP } from 'node:net';

/**
 * The one spelling of a numeric address: IPv4 dotted, IPv6 compressed in lower case without its zone; an IPv4-mapped address is its
 * IPv4 address. Null if it is not a numeric address in its usual form (decimal, octal and hex IPv4 are for the URL parser).
 */
export function normalAddress(address: string): string | null {
  const bare = address.replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return null;
  if (family === 4) return bare;
  const compressed = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed);
  if (mapped === null) return compressed;
  const high = Number.parseInt(mapped[1] ?? '', 16);
  const low = Number.parseInt(mapped[2] ?? '', 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

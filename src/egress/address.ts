import { BlockList, isIP } from 'node:net';

/**
 * Where a house machine may be: loopback, RFC 1918, unique local, shared address space (the tailnet's), link-local. All else is
 * outside, also what merely leads to one of these (NAT64, 6to4, Teredo) and what is no machine (unspecified, multicast).
 */
const house = new BlockList();
house.addSubnet('127.0.0.0', 8, 'ipv4');
house.addSubnet('10.0.0.0', 8, 'ipv4');
house.addSubnet('172.16.0.0', 12, 'ipv4');
house.addSubnet('192.168.0.0', 16, 'ipv4');
house.addSubnet('100.64.0.0', 10, 'ipv4');
house.addSubnet('169.254.0.0', 16, 'ipv4');
house.addAddress('::1', 'ipv6');
house.addSubnet('fc00::', 7, 'ipv6');
house.addSubnet('fe80::', 10, 'ipv6');

/**
 * Where clouds hand out a machine's own credentials. They lie inside the ranges above, but no model server is there and everything
 * that forges requests aims at them, so they are never dialled, whatever the policy says.
 */
const metadata: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  'fd00:ec2::23',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

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

/** Whether this numeric address is one a house machine may have. False for what is not a numeric address. */
export function isHouseAddress(address: string): boolean {
  const normal = normalAddress(address);
  return normal !== null && !metadata.has(normal) && house.check(normal, isIP(normal) === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a cloud's metadata service listens at this numeric address. */
export function isMetadataAddress(address: string): boolean {
  const normal = normalAddress(address);
  return normal !== null && metadata.has(normal);
}

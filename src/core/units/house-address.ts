const dot = 0x2e;
const digit0 = 0x30;
const digit9 = 0x39;

/**
 * Reads an IP literal into 16 bytes (IPv4 as its mapped IPv6 form); null if it is none. Brackets and a zone (`fe80::1%eth0`) are taken off.
 */
export function parseAddress(text: string): readonly number[] | null {
  const bare = (text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text).replace(/%.*$/u, '');
  const v4 = parseV4(bare);
  if (v4) return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...v4];
  return bare.includes(':') ? parseV6(bare) : null;
}

/**
 * Where clouds hand out a machine's own credentials. They lie inside the ranges of a house, but no model server is there and everything
 * that forges requests aims at them, so they are never dialled, whatever the policy says.
 */
const metadata: ReadonlySet<string> = new Set(
  ['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', 'fd00:ec2::23', 'fd00:ec2::254', 'fd20:ce::254'].map(
    (address) => String(parseAddress(address)),
  ),
);

/** Whether a cloud's metadata service listens at this numeric address. */
export function isMetadataAddress(text: string): boolean {
  return metadata.has(String(parseAddress(text)));
}

/**
 * Whether a house machine may be at this numeric address: loopback, RFC 1918, shared address space (100.64/10, the tailnet's), link-local
 * and fc00::/7. All else is outside, also what merely leads to one of these (NAT64, 6to4, Teredo), what is no machine (unspecified,
 * multicast) and what is no numeric address.
 */
export function isHouseAddress(text: string): boolean {
  const bytes = parseAddress(text);
  if (!bytes || isMetadataAddress(text)) return false;
  const [a = 0, b = 0] = bytes.slice(12);
  if (isMappedV4(bytes)) {
    return (
      a === 127 ||
      a === 10 ||
      (a === 172 && b >> 4 === 1) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >> 6 === 1)
    );
  }
  const [first = 0, second = 0] = bytes;
  const loopback = bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
  return loopback || first >> 1 === 0xfc >> 1 || (first === 0xfe && second >> 6 === 0b10);
}

function isMappedV4(bytes: readonly number[]): boolean {
  return bytes.slice(0, 12).every((byte, at) => byte === (at >= 10 ? 0xff : 0));
}

/** Four decimal numbers without zeros before them. */
function parseV4(text: string): readonly number[] | null {
  const bytes: number[] = [];
  let start = 0;
  // Every request says a host, so this is read digit by digit.
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= digit0 && code <= digit9) continue;
    const digits = at - start;
    if ((code !== dot && at < text.length) || digits === 0 || digits > 3) return null;
    if (digits > 1 && text.charCodeAt(start) === digit0) return null;
    bytes.push(Number(text.slice(start, at)));
    start = at + 1;
  }
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? bytes : null;
}

function parseV6(text: string): readonly number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, at) => readGroups(half, at === halves.length - 1));
  if (!head || (halves.length === 2 && !tail)) return null;
  const known = head.length + (tail?.length ?? 0);
  if (halves.length === 1) return known === 16 ? head : null;
  return known <= 14 ? [...head, ...Array.from({ length: 16 - known }, () => 0), ...(tail ?? [])] : null;
}

/** The bytes of `a:b:c`, or at the address's end `a:b:1.2.3.4`; empty for an empty side of `::`. */
function readGroups(text: string, atEnd: boolean): readonly number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    const v4 = atEnd && at === groups.length - 1 ? parseV4(group) : null;
    if (v4) bytes.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return null;
  }
  return bytes;
}

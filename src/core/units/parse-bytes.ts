import { scaleDecimal } from './parsed.ts';
import type { Parsed } from './parsed.ts';

const units: ReadonlyMap<string, bigint> = new Map([
  ['MB', 1_000_000n],
  ['GB', 1_000_000_000n],
  ['TB', 1_000_000_000_000n],
]);

/** Keeps sums of sizes exact. */
const bytesMax = 1_000_000_000_000_000n;

/** What an amount of storage looks like, for editors; `parseBytes` is the judge. */
export const bytesPattern = '^[0-9]+(\\.[0-9]+)?(MB|GB|TB)$';

/** Reads an amount of storage into bytes: `500MB`, `20GB`, `1.5TB`, in powers of ten. */
export function parseBytes(text: string | number): Parsed {
  const written = String(text).trim();
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?([A-Za-z]*)$/.exec(written);
  if (!match) return { problem: `"${written}" is no amount of storage: write 500MB, 20GB or 1TB` };
  const [, whole = '', fraction = '', unit = ''] = match;
  const factor = units.get(unit);
  if (factor === undefined) return { problem: `"${written}" is no amount of storage: the units are MB, GB and TB` };
  const value = scaleDecimal(whole, fraction, factor);
  if (value === null) return { problem: `"${written}" is finer than a byte` };
  if (value > bytesMax) return { problem: `"${written}" is more than any disk has` };
  return { value: Number(value) };
}

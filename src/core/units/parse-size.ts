import { scaleDecimal } from './parsed.ts';
import type { Parsed } from './parsed.ts';

const units: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['k', 1000n],
  ['M', 1_000_000n],
  ['Ki', 1024n],
  ['Mi', 1_048_576n],
]);

/** The largest size anybody can mean; keeps sums of sizes exact. */
const sizeMax = 1_000_000_000_000n;

/** What a size looks like, for editors; `parseSize` is the judge. */
export const sizePattern = '^[0-9]+(\\.[0-9]+)?(k|M|Ki|Mi)?$';

/** Reads a size in tokens: `32k` is 32,000, `32Ki` is 32,768, a plain number is itself. Whole and at least 1. */
export function parseSize(text: string | number): Parsed {
  const written = String(text).trim();
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?([A-Za-z]*)$/.exec(written);
  if (!match) return { problem: `"${written}" is no size: write 32k, 32Ki or 32000` };
  const [, whole = '', fraction = '', unit = ''] = match;
  const factor = units.get(unit);
  if (factor === undefined) return { problem: `"${written}" is no size: the units are k (1,000), M, Ki (1,024) and Mi` };
  const value = scaleDecimal(whole, fraction, factor);
  if (value === null) return { problem: `"${written}" is not a whole number of tokens` };
  if (value < 1n) return { problem: 'a size is at least 1' };
  if (value > sizeMax) return { problem: `"${written}" is more than any model has` };
  return { value: Number(value) };
}

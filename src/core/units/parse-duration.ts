import { scaleDecimal } from './parsed.ts';
import type { Parsed } from './parsed.ts';

const units: ReadonlyMap<string, bigint> = new Map([
  ['ms', 1n],
  ['s', 1000n],
  ['m', 60_000n],
  ['h', 3_600_000n],
  ['d', 86_400_000n],
]);

/** Timers count milliseconds in 31 bits; a longer one would fire at once. */
const durationMaxMs = 24n * 86_400_000n;

/** What a duration looks like, for editors; `parseDuration` is the judge. */
export const durationPattern = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$';

/** Reads a duration into milliseconds: `500ms`, `30s`, `5m`, `1h`, `2d`. A number without a unit is refused, because nobody knows what it means. */
export function parseDuration(text: string | number, longestMs = Number(durationMaxMs)): Parsed {
  const written = String(text).trim();
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?([A-Za-z]*)$/.exec(written);
  if (!match) return { problem: `"${written}" is no duration: write 500ms, 30s, 5m, 1h or 2d` };
  const [, whole = '', fraction = '', unit = ''] = match;
  if (unit === '') return { problem: `${written} has no unit: write ${written}s, ${written}ms or ${written}m` };
  const factor = units.get(unit);
  if (factor === undefined) return { problem: `"${written}" is no duration: the units are ms, s, m, h and d` };
  const value = scaleDecimal(whole, fraction, factor);
  if (value === null) return { problem: `"${written}" is finer than a millisecond` };
  if (value > BigInt(longestMs)) return { problem: `"${written}" is too long: ${Math.floor(longestMs / 86_400_000)}d at most` };
  return { value: Number(value) };
}

import { scaleDecimal } from './parsed.ts';
import type { Parsed } from './parsed.ts';

/** What an amount looks like, for editors; `parseMoney` is the judge. */
export const moneyPattern = '^[0-9]+(\\.[0-9]{1,9})?$';

/** Reads a decimal amount (`0.80`) into integer nano-units, exactly. Give it the text as written, since a float may have lost digits. */
export function parseMoney(text: string): Parsed {
  const written = text.trim();
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?$/.exec(written);
  if (!match) return { problem: `"${written}" is no amount: write a plain decimal such as 0.80` };
  const value = scaleDecimal(match[1] ?? '', match[2] ?? '', 1_000_000_000n);
  if (value === null) return { problem: `"${written}" is finer than a billionth` };
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return { problem: `"${written}" is more than can be counted exactly` };
  return { value: Number(value) };
}

import { CliStop, exitCodes } from './exit-codes.ts';

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** `12h`, `30d`, `8w` in milliseconds. */
export function ageOf(text: string): number {
  const ms = ageIn(text);
  if (ms === null) throw new CliStop(exitCodes.invalid, `"${text}" is no age: write 12h, 30d or 8w`);
  return ms;
}

/** A moment as people say it: so long ago (`7d`), a day in local time (`2026-11-20`), or to the second. Milliseconds since 1970. */
export function momentOf(text: string, now: number): number {
  const age = ageIn(text);
  if (age !== null) return now - age;
  const written = text.trim();
  const at = /^\d{4}-\d{2}-\d{2}$/.test(written)
    ? Date.parse(`${written}T00:00:00`)
    : /^\d{4}-\d{2}-\d{2}T/.test(written)
      ? Date.parse(written)
      : Number.NaN;
  if (Number.isNaN(at)) throw new CliStop(exitCodes.invalid, `"${text}" is no time: write 7d, 12h, 2026-11-20 or 2026-11-20T18:30`);
  return at;
}

function ageIn(text: string): number | null {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  return factor === undefined ? null : Number(count) * factor;
}

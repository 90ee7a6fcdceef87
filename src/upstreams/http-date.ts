const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The three spellings of RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime. */
const fixdate = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const rfc850 = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const asctime = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

/** Reads an HTTP date into seconds since 1970, without a clock; null for anything else. */
export function httpDateSeconds(text: string): number | null {
  const trimmed = text.trim();
  const short = asctime.exec(trimmed);
  const [, day, month, year, hour, minute, second] =
    short === null
      ? (fixdate.exec(trimmed) ?? rfc850.exec(trimmed) ?? [])
      : [short[0], short[2], short[1], short[6], short[3], short[4], short[5]];
  if (day === undefined || month === undefined || year === undefined) return null;
  const monthIndex = months.indexOf(month.toLowerCase());
  if (monthIndex < 0) return null;
  // Two digits are of this century: the only dates read here lie a minute ahead.
  const fullYear = year.length === 2 ? 2000 + Number(year) : Number(year);
  return daysSince1970(fullYear, monthIndex + 1, Number(day)) * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}

/** Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const daysBeforeMonth = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  return marchYear * 365 + leapDays + daysBeforeMonth + day - 719_469;
}

import type { Paint, Style } from '#cli/shell.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { RecordRow } from '#record/asking/record-row.ts';

const resultStyles: Readonly<Record<string, Style>> = {
  ok: 'green',
  refused: 'yellow',
  failed: 'red',
  cancelled: 'dim',
  interrupted: 'red',
};

/** One call as the cells of a table: when, id, key, where it went, how it ended, how long it took, tokens, money. */
export function recordCells(row: RecordRow, paint: Paint): readonly string[] {
  const style = resultStyles[row.result] ?? 'yellow';
  const end = row.result === 'ok' ? 'ok' : [row.result, row.code].filter((word) => word !== null).join(' ');
  return [
    paint('dim', localTime(row.at)),
    row.id,
    safe(row.principal),
    `${safe(row.route ?? row.model ?? '-')} → ${safe(row.target ?? 'nobody')}`,
    paint(style, end),
    row.durationMs === null ? '' : formatDuration(row.durationMs),
    row.inputTokens === null && row.outputTokens === null ? '' : `${row.inputTokens ?? '?'}+${row.outputTokens ?? '?'} tok`,
    row.costNano === null ? '' : moneyText(row.costNano),
    row.task === null ? '' : paint('cyan', safe(row.task)),
  ];
}

/** Money for a person, from nano-units: as many decimals as show something. */
export function moneyText(nano: number): string {
  const amount = nano / 1e9;
  if (amount === 0) return '0';
  return amount.toFixed(Math.abs(amount) >= 100 ? 0 : Math.abs(amount) >= 0.1 ? 2 : Math.abs(amount) >= 0.0001 ? 4 : 7);
}

/** `2026-11-20 18:30:05`, in local time. */
export function localTime(at: number): string {
  const time = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return time.toISOString().slice(0, 19).replace('T', ' ');
}

/** Callers choose some of these texts: nothing in them may move the cursor or start a line. */
export function safe(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, '?');
}

/** A text of many lines, as a terminal may be given it: nothing in it moves the cursor, changes colours or turns the direction of writing. */
export function safeLines(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?');
}

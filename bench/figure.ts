import { bars } from './bars.ts';

export type Unit = 'µs' | 'ms' | 's' | 'MB' | 'cores' | '×' | 'events' | 'a second' | 'bytes';

/** One figure as it was measured: one value per round. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  readonly bar: number | null;
  /** The bar is to be reached, not to be kept below. */
  readonly atLeast?: true;
  readonly toward: number | null;
  /** Null for a figure without a bar. */
  readonly holds: boolean | null;
}

/** A figure from the values of its rounds. `worst`: it counts as a whole by its worst round, as losses do. */
export function figureOf(name: string, unit: Unit, values: readonly number[], options: { readonly worst?: boolean } = {}): Figure {
  const bar = bars[name] ?? null;
  const [min, median, max] = [0, 0.5, 1].map((share) => rounded(percentile(values, share))) as [number, number, number];
  const judged = options.worst === true ? max : median;
  return {
    name,
    unit,
    median: judged,
    min,
    max,
    rounds: values.length,
    bar: bar?.bar ?? null,
    ...(bar?.atLeast ? { atLeast: true } : {}),
    toward: bar?.toward ?? null,
    holds: bar === null ? null : bar.atLeast ? judged >= bar.bar : judged <= bar.bar,
  };
}

/** The value that so many of the values do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Three digits say all that a bench knows. */
function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** The figures for people: one row each, with the range over the rounds and the bar. */
export function figuresTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, median, min, max, bar, atLeast, holds }) => [
    name,
    `${median} ${unit}`,
    min === max ? '' : `${min} – ${max}`,
    bar === null ? '' : `${atLeast ? '≥' : '≤'} ${bar}`,
    holds === null ? '' : holds ? 'holds' : 'MISSED',
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

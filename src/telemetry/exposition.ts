/**
 * Counters and histograms, and how Prometheus reads them (text format 0.0.4). Label values come from the policy or from our own tables,
 * never from a caller; a family that grows too large all the same counts further values together.
 */

/** Values of a family's labels, in the order of their names. */
type LabelValues = readonly string[];

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** How many of what is added make one of the unit told; for what is counted in whole small units. Default: 1. */
  readonly per?: number;
}

const seriesMax = 1_000;
const foldedValue = 'other';

/** Finds the series of some label values, or the one that stands for all further ones. */
class SeriesMap<T> {
  readonly #byKey = new Map<string, { readonly values: LabelValues; readonly series: T }>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  get(values: LabelValues): T {
    const key = values.join('\u0000');
    const known = this.#byKey.get(key);
    if (known) return known.series;
    if (this.#byKey.size >= seriesMax && values.some((value) => value !== foldedValue)) return this.get(values.map(() => foldedValue));
    const series = this.#make();
    this.#byKey.set(key, { values, series });
    return series;
  }

  all(): readonly { readonly values: LabelValues; readonly series: T }[] {
    return [...this.#byKey.values()];
  }
}

/** Something that only grows. */
export class Counter {
  readonly #family: Family;
  readonly #series = new SeriesMap(() => ({ count: 0 }));

  constructor(family: Family) {
    this.#family = family;
  }

  add(values: LabelValues, by = 1): void {
    if (by > 0 && Number.isFinite(by)) this.#series.get(values).count += by;
  }

  rows(): readonly { readonly values: LabelValues; readonly value: number }[] {
    const { per = 1 } = this.#family;
    return this.#series.all().map(({ values, series }) => ({ values, value: series.count / per }));
  }

  /** The sum over all series that `wanted` picks by their label values. */
  sum(wanted: (values: LabelValues) => boolean = () => true): number {
    return this.rows().reduce((sum, { values, value }) => (wanted(values) ? sum + value : sum), 0);
  }

  text(): string {
    return familyText(this.#family, 'counter', this.rows());
  }
}

/** How something is spread: counts of what was at most so much. */
export class Histogram {
  readonly #family: Family;
  readonly #bounds: readonly number[];
  readonly #series: SeriesMap<{ counts: number[]; sum: number; count: number }>;

  /** `bounds` rise; the last bucket, without a bound, comes by itself. */
  constructor(family: Family, bounds: readonly number[]) {
    this.#family = family;
    this.#bounds = bounds;
    this.#series = new SeriesMap(() => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
  }

  observe(values: LabelValues, value: number): void {
    if (!(value >= 0) || value === Infinity) return;
    const series = this.#series.get(values);
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
    series.count++;
  }

  /** The bound under which this share of all observations lies; null without any, the largest bound for what lies beyond. */
  boundOf(share: number): number | null {
    const all = this.#series.all();
    const total = all.reduce((sum, { series }) => sum + series.count, 0);
    if (total === 0) return null;
    let seen = 0;
    for (const [index, bound] of this.#bounds.entries()) {
      for (const { series } of all) seen += series.counts[index] ?? 0;
      if (seen >= total * share) return bound;
    }
    return this.#bounds.at(-1) ?? null;
  }

  text(): string {
    const { name, labels } = this.#family;
    const lines = this.#series.all().flatMap(({ values, series }) => {
      let below = 0;
      const buckets = this.#bounds.map((bound, index) => {
        below += series.counts[index] ?? 0;
        return sample(`${name}_bucket`, [...labels, 'le'], { values: [...values, numberText(bound)], value: below });
      });
      return [
        ...buckets,
        sample(`${name}_bucket`, [...labels, 'le'], { values: [...values, '+Inf'], value: series.count }),
        sample(`${name}_sum`, labels, { values, value: series.sum }),
        sample(`${name}_count`, labels, { values, value: series.count }),
      ];
    });
    return head(this.#family, 'histogram') + lines.join('');
  }
}

/** A family whose values are read only now. */
export function familyText(
  family: Family,
  type: 'counter' | 'gauge',
  rows: readonly { readonly values: LabelValues; readonly value: number }[],
): string {
  return head(family, type) + rows.map((row) => sample(family.name, family.labels, row)).join('');
}

function head({ name, help }: Family, type: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

function sample(name: string, labels: readonly string[], row: { readonly values: LabelValues; readonly value: number }): string {
  const pairs = labels.map((label, index) => `${label}="${escapeValue(row.values[index] ?? '')}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(row.value)}\n`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

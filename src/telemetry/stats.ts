import type { HouseFigures } from './house-figures.ts';
import { absent } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import type { ProcessFigures } from './process-figures.ts';

/** The metrics since the start for a person, and for scripts without Prometheus: what `/stats` answers. */
export interface Stats {
  readonly uptimeSeconds: number;
  readonly policy: string;
  readonly waiting: number;
  /** By how they ended; `refusedEarly`: before they could be recorded. */
  readonly requests: {
    readonly total: number;
    readonly ok: number;
    readonly refused: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly refusedEarly: number;
  };
  /** Upper bounds of the histogram's buckets: half, and 95 of 100 requests, took at most this long; null before the first. */
  readonly seconds: {
    readonly p50: number | null;
    readonly p95: number | null;
    readonly firstByteP50: number | null;
    readonly firstByteP95: number | null;
  };
  readonly routes: Readonly<Record<string, { readonly requests: number; readonly ok: number }>>;
  readonly upstreams: Readonly<Record<string, UpstreamStats>>;
  readonly pools: Readonly<Record<string, { readonly inUse: number; readonly slots: number | null }>>;
  /** Errors told to callers, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly process: ProcessFigures;
}

export interface UpstreamStats {
  /** Null for one that is not in the policy any more. */
  readonly up: boolean | null;
  readonly served: number;
  readonly attempts: Readonly<Record<string, number>>;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export function statsOf(metrics: Metrics, house: HouseFigures, ours: ProcessFigures): Stats {
  const ended = (result: string): number => metrics.requests.sum((values) => values[2] === result);
  return {
    uptimeSeconds: Math.round(ours.uptimeSeconds),
    policy: house.policyHash,
    waiting: house.waiting,
    requests: {
      total: metrics.requests.sum(),
      ok: ended('ok'),
      refused: ended('refused'),
      failed: ended('failed'),
      cancelled: ended('cancelled'),
      refusedEarly: metrics.refused.sum(),
    },
    seconds: {
      p50: metrics.requestSeconds.boundOf(0.5),
      p95: metrics.requestSeconds.boundOf(0.95),
      firstByteP50: metrics.firstByteSeconds.boundOf(0.5),
      firstByteP95: metrics.firstByteSeconds.boundOf(0.95),
    },
    routes: byName(valuesAt(metrics.requests.rows(), 0), (route) => ({
      requests: metrics.requests.sum((values) => values[0] === route),
      ok: metrics.requests.sum((values) => values[0] === route && values[2] === 'ok'),
    })),
    upstreams: byName([...house.upstreams.map((each) => each.name), ...valuesAt(metrics.attempts.rows(), 0)], (upstream) =>
      upstreamStats(metrics, house, upstream),
    ),
    pools: Object.fromEntries(house.pools.map(({ name, inUse, slots }) => [name, { inUse, slots }])),
    errors: byName(
      [...valuesAt(metrics.requests.rows(), 3).filter((code) => code !== absent), ...valuesAt(metrics.refused.rows(), 0)],
      (code) => metrics.requests.sum((values) => values[3] === code) + metrics.refused.sum((values) => values[0] === code),
    ),
    process: ours,
  };
}

function upstreamStats(metrics: Metrics, house: HouseFigures, upstream: string): UpstreamStats {
  const attempts = metrics.attempts.rows().filter(({ values }) => values[0] === upstream);
  const tokens = (direction: string): number => metrics.tokens.sum((values) => values[0] === upstream && values[1] === direction);
  return {
    up: house.upstreams.find((each) => each.name === upstream)?.up ?? null,
    served: metrics.requests.sum((values) => values[1] === upstream),
    attempts: Object.fromEntries(attempts.map(({ values, value }) => [values[1] ?? absent, value])),
    inputTokens: tokens('input'),
    outputTokens: tokens('output'),
  };
}

function valuesAt(rows: readonly { readonly values: readonly string[] }[], index: number): readonly string[] {
  return rows.map(({ values }) => values[index] ?? absent);
}

function byName<T>(names: readonly string[], valueOf: (name: string) => T): Record<string, T> {
  return Object.fromEntries([...new Set(names)].map((name) => [name, valueOf(name)]));
}

import { statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { House } from '#gateway/house.ts';
import type { LogStore } from '#record/log-store.ts';
import type { HouseFigures, RecordFigures } from '#telemetry/house-figures.ts';
import type { TraceExporter } from '#traces/trace-exporter.ts';

/** What is asked besides the house itself. */
export interface FigureSources {
  readonly store: Pick<LogStore, 'standing' | 'writable'>;
  /** The data folder. */
  readonly folder: string;
  readonly traces: Pick<TraceExporter, 'counts'>;
}

/** Reads how the house stands, for whoever asks for its metrics. */
export function figuresOf(house: House, { store, folder, traces }: FigureSources): HouseFigures {
  const { fleet, active, clock } = house;
  const { policy, hash } = house.tables();
  const drained = new Set(fleet.drains().flatMap((drain) => (drain.type === 'upstream' ? [drain.name] : [])));
  return {
    policyHash: hash,
    waiting: fleet.waiters.count,
    active: active.list().length,
    pools: fleet.poolsInUse(),
    upstreams: policy.upstreams.map(({ name }) => ({ name, up: fleet.healthOf(name)?.state === 'up', drained: drained.has(name) })),
    record: recordFigures(store, folder, clock.wallNow()),
    traces: traces.counts(),
  };
}

function recordFigures(store: FigureSources['store'], folder: string, now: number): RecordFigures {
  const { entries, pruned, checkpointAt } = store.standing();
  return {
    writable: store.writable(),
    entries,
    pruned,
    checkpointAgeSeconds: checkpointAt === null ? null : Math.max(0, now - checkpointAt) / 1e3,
    files: ['record.db', 'record.db-wal'].flatMap((name) => {
      const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
      return size === undefined ? [] : [{ name, bytes: size }];
    }),
    freeBytes: freeBytes(folder),
  };
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

import { familyText } from './exposition.ts';
import type { ProcessFigures } from './process-figures.ts';

/** What is read of the house when somebody asks for the metrics; the composition knows where it stands. */
export interface HouseFigures {
  readonly policyHash: string;
  /** Requests that wait for a slot. */
  readonly waiting: number;
  /** Calls under way. */
  readonly active: number;
  /** Pools of slots; `slots` null means unlimited. */
  readonly pools: readonly { readonly name: string; readonly inUse: number; readonly slots: number | null }[];
  readonly upstreams: readonly { readonly name: string; readonly up: boolean; readonly drained: boolean }[];
  readonly record: RecordFigures;
  readonly traces: { readonly exported: number; readonly dropped: number; readonly waiting: number };
}

/** How it stands with the record. */
export interface RecordFigures {
  readonly writable: boolean;
  /** The number of its last entry. */
  readonly entries: number;
  /** Entries removed for their age or for room since the file was opened. */
  readonly pruned: number;
  /** Since the last signed checkpoint; null if there is none yet. */
  readonly checkpointAgeSeconds: number | null;
  /** Its files, those that are there. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Room on its disk; null if it cannot be told. */
  readonly freeBytes: number | null;
}

/** What is read of the house, as Prometheus reads it. */
export function houseText(house: HouseFigures): string {
  return [
    familyText(
      { name: 'gatehouse_slots_in_use', help: 'Slots held, by pool.', labels: ['pool'] },
      'gauge',
      house.pools.map((pool) => ({ values: [pool.name], value: pool.inUse })),
    ),
    familyText(
      { name: 'gatehouse_slots', help: 'Slots there are, by pool.', labels: ['pool'] },
      'gauge',
      house.pools.map((pool) => ({ values: [pool.name], value: pool.slots ?? Infinity })),
    ),
    familyText(
      { name: 'gatehouse_upstream_up', help: '1 if the upstream can be reached, as far as is known.', labels: ['upstream'] },
      'gauge',
      house.upstreams.map((upstream) => ({ values: [upstream.name], value: upstream.up ? 1 : 0 })),
    ),
    familyText(
      { name: 'gatehouse_upstream_drained', help: '1 if the operator has taken the upstream out of new work.', labels: ['upstream'] },
      'gauge',
      house.upstreams.map((upstream) => ({ values: [upstream.name], value: upstream.drained ? 1 : 0 })),
    ),
    single({ name: 'gatehouse_waiting', help: 'Requests that wait for a slot.' }, 'gauge', house.waiting),
    single({ name: 'gatehouse_calls_under_way', help: 'Calls that have come and not ended.' }, 'gauge', house.active),
    recordText(house.record),
    single({ name: 'gatehouse_traces_exported_total', help: 'Calls whose traces were taken.' }, 'counter', house.traces.exported),
    single(
      { name: 'gatehouse_traces_dropped_total', help: 'Calls whose traces were given up: no room, refused, or still waiting at the end.' },
      'counter',
      house.traces.dropped,
    ),
    single({ name: 'gatehouse_traces_waiting', help: 'Calls whose traces are still to be sent.' }, 'gauge', house.traces.waiting),
    familyText({ name: 'gatehouse_policy_info', help: 'The policy in force.', labels: ['hash'] }, 'gauge', [
      { values: [house.policyHash], value: 1 },
    ]),
  ].join('');
}

/** What the process uses, as Prometheus reads it. */
export function processText(ours: ProcessFigures): string {
  return [
    single({ name: 'process_resident_memory_bytes', help: 'Memory in use.' }, 'gauge', ours.residentBytes),
    single({ name: 'process_cpu_seconds_total', help: 'Processor time used by all threads.' }, 'counter', ours.cpuSeconds),
    single({ name: 'gatehouse_uptime_seconds', help: 'Time since the start.' }, 'gauge', ours.uptimeSeconds),
    single({ name: 'nodejs_heap_size_used_bytes', help: 'Memory in use by JavaScript values.' }, 'gauge', ours.heapUsedBytes),
    single(
      {
        name: 'gatehouse_event_loop_active_seconds_total',
        help: 'Time the event loop was at work; its rate is the load of the one thread.',
      },
      'counter',
      ours.eventLoopActiveSeconds,
    ),
  ].join('');
}

function recordText(record: RecordFigures): string {
  return [
    single({ name: 'gatehouse_record_writable', help: '1 if the record can be written.' }, 'gauge', record.writable ? 1 : 0),
    single({ name: 'gatehouse_record_entries_total', help: 'Entries ever written, over restarts.' }, 'counter', record.entries),
    single({ name: 'gatehouse_record_pruned_entries_total', help: 'Entries removed for their age or for room.' }, 'counter', record.pruned),
    maybe({ name: 'gatehouse_record_checkpoint_age_seconds', help: 'Time since the last signed checkpoint.' }, record.checkpointAgeSeconds),
    familyText(
      { name: 'gatehouse_record_size_bytes', help: 'Size of the files of the record.', labels: ['file'] },
      'gauge',
      record.files.map(({ name, bytes }) => ({ values: [name], value: bytes })),
    ),
    maybe({ name: 'gatehouse_record_free_bytes', help: 'Room left on the disk of the record.' }, record.freeBytes),
  ].join('');
}

interface Named {
  readonly name: string;
  readonly help: string;
}

function single(named: Named, type: 'counter' | 'gauge', value: number): string {
  return familyText({ ...named, labels: [] }, type, [{ values: [], value }]);
}

/** A gauge without a sample where nothing is known. */
function maybe(named: Named, value: number | null): string {
  return familyText({ ...named, labels: [] }, 'gauge', value === null ? [] : [{ values: [], value }]);
}

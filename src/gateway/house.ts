import type { PolicyTables } from '#core/policy/tables.ts';
import type { Principal } from '#core/record/record.ts';
import type { Dialer } from '#egress/port.ts';
import type { Limits, RecordSink } from '#store/ports.ts';
import type { Watch } from '#telemetry/ports.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';
import type { ActiveCalls } from './active-calls.ts';
import type { BusyMeter } from './busy-meter.ts';
import type { FleetState } from './fleet-state.ts';
import type { Clock, Digest } from './ports.ts';

/** Everything the conductor works with. Built once by the composition; the simulator builds its own. */
export interface House {
  /** The policy in force now. */
  tables(): PolicyTables;
  readonly fleet: FleetState;
  readonly busy: BusyMeter;
  readonly active: ActiveCalls;
  readonly dialer: Dialer;
  readonly record: RecordSink;
  readonly limits: Limits;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly digest: Digest;
  /** Whether a key that was good when its request came is still good. */
  stillKnown(principal: Principal): boolean;
  kindOf(upstream: string): UpstreamKind;
  /** Rising numbers for requests in the order of their arrival. */
  nextOrder(): number;
  /** True once no new work is taken. */
  closing(): boolean;
}

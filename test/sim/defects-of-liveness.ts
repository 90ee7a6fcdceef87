import type { HealthEvent, UpstreamHealth } from '#core/fleet/health.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Reading } from '#core/routing/reading.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { House } from '#gateway/house.ts';
import type { Clock, SlotLease } from '#gateway/ports.ts';
import type { WaitFor } from '#gateway/wait-queue.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Watch } from '#telemetry/ports.ts';
import type { PlantedDefect } from './planted-defects.ts';

/** Defects by which nothing false is ever said: something only never happens any more. */
export const defectsOfLiveness: readonly PlantedDefect[] = [
  {
    name: 'a waiter is never woken',
    mode: 'liveness',
    plant: () => ({ fleet: ForgetsWaiters }),
    shows: /has had no answer|never came to an end/,
  },
  { name: 'a freed slot wakes nobody', mode: 'safety', plant: () => ({ fleet: SilentChanges }), shows: /still waits although/ },
  {
    name: 'a probe is never armed again',
    mode: 'liveness',
    plant: () => ({ fleet: ProbesOnce }),
    shows: /is ejected .* though everything was mended/,
  },
  {
    name: 'an ejection never ends',
    mode: 'liveness',
    plant: () => ({ fleet: NeverBack }),
    shows: /is ejected .* though everything was mended/,
  },
  {
    name: 'a canary’s good answer does not count',
    mode: 'liveness',
    plant: () => ({ fleet: DeafToCanaries }),
    shows: /is out \(.*\) after everything/,
  },
  { name: 'a zombie is never freed', mode: 'liveness', plant: () => ({ fleet: KeepsZombies }), shows: /slots have not come back/ },
  {
    name: 'a machine stays busy for ever',
    mode: 'liveness',
    plant: () => ({ fleet: BusyForEver }),
    shows: /is not answered although everything was mended/,
  },
  {
    name: 'the record stays closed after one failure',
    mode: 'liveness',
    plant: () => ({ house: staysClosed }),
    shows: /is not recorded although the disk was mended/,
  },
];

class ForgetsWaiters extends FleetState {
  constructor(tables: PolicyTables, options: { readonly clock: Clock; readonly watch: Watch }) {
    super(tables, options);
    const wait = this.waiters.wait.bind(this.waiters);
    this.waiters.wait = (request: WaitFor, stop): Promise<Reading | null> => {
      const waiting = wait(request, stop);
      return request.order % 3 === 0 ? new Promise(() => {}) : waiting;
    };
  }
}

class SilentChanges extends FleetState {
  constructor(tables: PolicyTables, options: { readonly clock: Clock; readonly watch: Watch }) {
    super(tables, options);
    this.waiters.changed = (): void => {};
  }
}

class ProbesOnce extends FleetState {
  override healthOf(upstream: string): UpstreamHealth | null {
    const health = super.healthOf(upstream);
    return health?.state === 'ejected' ? { ...health, nextProbeAt: Number.MAX_SAFE_INTEGER } : health;
  }
}

class NeverBack extends FleetState {
  override noteHealth(upstream: string, event: HealthEvent): void {
    if (event.type === 'probe_good' && this.healthOf(upstream)?.state === 'ejected') return;
    super.noteHealth(upstream, event);
  }
}

class DeafToCanaries extends FleetState {
  override noteAnswered(target: TargetId, durationMs: number): void {
    const upstream = this.snapshot(target.slice(0, target.indexOf('/')));
    if (upstream?.targets.find((each) => each.target === target)?.state === 'ejected') return;
    super.noteAnswered(target, durationMs);
  }
}

class KeepsZombies extends FleetState {
  override async acquire(target: TargetId, order: number): Promise<SlotLease | null> {
    const lease = await super.acquire(target, order);
    return lease && { step: (event) => (event.type === 'aborted' && !event.honoured ? undefined : lease.step(event)) };
  }
}

class BusyForEver extends FleetState {
  override noteBusy(target: TargetId): void {
    super.noteBusy(target, 1e9);
  }
}

function staysClosed(house: House): House {
  const { record } = house;
  let failed = false;
  const closed = async (writing: () => Promise<void>): Promise<void> => {
    if (failed) throw new RecordUnavailable('closed for good');
    await writing().catch((error: unknown) => {
      failed = true;
      throw error;
    });
  };
  return {
    ...house,
    record: {
      begin: (intent) => closed(() => record.begin(intent)),
      end: (terminal) => closed(() => record.end(terminal)),
      writable: () => record.writable(),
    },
  };
}

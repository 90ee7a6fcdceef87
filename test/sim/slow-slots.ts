import { upstreamOf } from '#core/fleet/health.ts';
import type { LeaseEvent } from '#core/lease/lease.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { FleetState } from '#gateway/fleet-state.ts';
import type { SlotLease } from '#gateway/ports.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

const endings: readonly LeaseEvent['type'][] = ['body_ended', 'not_started', 'idle', 'terminator', 'aborted'];

/**
 * Slots as a shared store would have them: somebody else may be quicker while one asks. Watches besides that a promised slot is kept, and
 * that a target that was taken out for bad answers is tried by one request at a time.
 */
export function slowSlots(
  Fleet: typeof FleetState,
  world: { readonly clock: VirtualClock; readonly dice: Dice; violation(what: string): void; poolOf(target: TargetId): string | null },
): typeof FleetState {
  const { clock, dice } = world;
  const slowMs = dice.pick([0, 0, 3, 50]);
  const canaries = new Map<TargetId, number>();
  const count = (target: TargetId, by: number): number => {
    const now = (canaries.get(target) ?? 0) + by;
    canaries.set(target, now);
    return now;
  };
  return class extends Fleet {
    override async acquire(target: TargetId, order: number): Promise<SlotLease | null> {
      if (slowMs > 0) await clock.sleep(dice.int(0, slowMs));
      const seen = this.snapshot(upstreamOf(target))?.targets.find((each) => each.target === target);
      const pool = world.poolOf(target);
      const promised = pool !== null && this.waiters.promised(pool, null) > this.waiters.promised(pool, order);
      const lease = await super.acquire(target, order);
      // Taken out meanwhile, it may have another canary; that is nobody's slot.
      if (lease === null && promised && seen?.state !== 'ejected')
        world.violation(`a slot of ${target} was promised to request ${order} and taken by another`);
      const canary = lease !== null && seen?.state === 'ejected';
      if (canary && count(target, 1) > 1) world.violation(`${target} has a second canary`);
      if (slowMs > 0) await clock.sleep(dice.int(0, slowMs));
      if (!canary) return lease;
      let over = false;
      return {
        step: (event) => {
          if (!over && endings.includes(event.type)) {
            over = true;
            count(target, -1);
          }
          lease.step(event);
        },
      };
    }
  };
}

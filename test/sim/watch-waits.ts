import type { FleetState } from '#gateway/fleet-state.ts';
import type { WaitFor } from '#gateway/wait-queue.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A word that counts until a moment is looked at again a moment later. */
const lagMs = 3;

/** Watches that nobody waits for what is already there: whenever everybody is at rest, no wait has anything to end it. */
export function watchWaits(fleet: FleetState, world: { readonly clock: VirtualClock; violation(what: string): void }): void {
  const { clock } = world;
  const waits = new Map<WaitFor, number | null>();
  const { waiters } = fleet;
  const wait = waiters.wait.bind(waiters);
  waiters.wait = (request, stop) => {
    waits.set(request, null);
    return wait(request, stop).finally(() => waits.delete(request));
  };
  clock.onRest = () => {
    for (const [request, since] of waits) {
      const reading = request.ending();
      if (reading === null) waits.set(request, null);
      else if (since === null) waits.set(request, clock.now());
      else if (clock.now() - since > lagMs) {
        world.violation(`request ${request.order} still waits although ${reading.target} is ${reading.state} (${reading.why})`);
        waits.delete(request);
      }
    }
  };
}

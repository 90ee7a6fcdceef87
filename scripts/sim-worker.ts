/** One process of `npm run sim`: lives the worlds it is given and says how each was. */
import { trySeed } from '#test/sim/try-seed.ts';
import type { Trial, Tried } from '#test/sim/try-seed.ts';

/** One world to live. */
export interface SimTask {
  readonly seed: number;
  readonly requests: number;
  readonly mode: Trial;
  /** It is lived twice; both must be the same, byte for byte. */
  readonly twice: boolean;
}

/** How it was. */
export interface SimDone {
  readonly task: SimTask;
  readonly tried: Tried;
}

// Imported for its types, it does nothing.
if (process.send !== undefined) {
  process.on('message', (task: SimTask) => {
    void live(task).then((tried) => process.send?.({ task, tried } satisfies SimDone));
  });
}

async function live(task: SimTask): Promise<Tried> {
  const tried = await trySeed(task.seed, task);
  if (!task.twice || tried.violations.length > 0) return tried;
  const again = await trySeed(task.seed, task);
  return again.hash === tried.hash ? tried : { ...tried, violations: ['the same seed gave two worlds'] };
}

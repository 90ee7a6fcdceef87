import { checkWorld } from './check-world.ts';
import { runWorld } from './run-world.ts';
import type { Mode } from './run-world.ts';
import type { Plant } from './world.ts';

/** One world that has been lived and looked at. */
export interface Tried {
  /** Everything that is wrong with it; empty if all invariants held. */
  readonly violations: readonly string[];
  readonly hash: string;
  readonly asked: number;
  /** Requests that got a whole answer of a model. */
  readonly answered: number;
  /** Virtual things that happened. */
  readonly events: number;
}

/** Lives the world of a seed and checks it; what the world throws is a violation. */
export async function trySeed(
  seed: number,
  options: { readonly requests: number; readonly mode: Mode; readonly plant?: Plant },
): Promise<Tried> {
  try {
    const world = await runWorld(seed, options);
    const answered = world.asked.filter(({ id }) => world.record.of(id).terminals[0]?.verdict === 'ok').length;
    return { violations: checkWorld(world), hash: world.hash(), asked: world.asked.length, answered, events: world.clock.fired };
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { violations: [`the world ended: ${why}`], hash: '', asked: 0, answered: 0, events: 0 };
  }
}

/** The command that plays one world again. */
export function replayOf(seed: number, options: { readonly requests: number; readonly mode: Mode }): string {
  return `npm run sim -- --seed ${seed} --requests ${options.requests} --mode ${options.mode}`;
}

import { checkWorld } from './check-world.ts';
import { playFaultWorld, randomPair } from './fault-world.ts';
import { runWorld } from './run-world.ts';
import type { Mode } from './run-world.ts';
import type { Plant, World } from './world.ts';

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

/** Worlds in which everything goes wrong, or two faults of the catalogue that a seed picks, one behind the other. */
export type Trial = Mode | 'pairs';

/** Lives the world of a seed and checks it; what the world throws is a violation. */
export async function trySeed(
  seed: number,
  options: { readonly requests: number; readonly mode: Trial; readonly plant?: Plant },
): Promise<Tried> {
  try {
    const { world, violations } = await lived(seed, options);
    const answered = world.asked.filter(({ id }) => world.record.of(id).terminals[0]?.verdict === 'ok').length;
    return { violations, hash: world.hash(), asked: world.asked.length, answered, events: world.clock.fired };
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { violations: [`the world ended: ${why}`], hash: '', asked: 0, answered: 0, events: 0 };
  }
}

async function lived(
  seed: number,
  { mode, ...options }: { readonly requests: number; readonly mode: Trial; readonly plant?: Plant },
): Promise<{ readonly world: World; readonly violations: readonly string[] }> {
  if (mode === 'pairs') {
    const { world, wrong } = await playFaultWorld(randomPair(seed), seed);
    return { world, violations: wrong };
  }
  const world = await runWorld(seed, { ...options, mode });
  return { world, violations: checkWorld(world) };
}

/** The command that plays one world again. */
export function replayOf(seed: number, options: { readonly requests: number; readonly mode: Trial }): string {
  return `npm run sim -- --seed ${seed} --requests ${options.requests} --mode ${options.mode}`;
}

import type { FaultHouse } from './fault-house.ts';
import type { FaultMachine } from './fault-machine.ts';
import type { Round } from './round.ts';

/** What belongs to a request is back this long after its end: a second for a connection held open, and the machine's own slowness. */
const leakMs = 6_000;

/** A house with its machines, and what was found wrong so far. */
export interface Stage {
  readonly round: Round;
  readonly house: FaultHouse;
  readonly machines: ReadonlyMap<string, FaultMachine>;
  readonly wrong: string[];
}

/** Looks again and again, since nothing tells; what does not come in time is wrong. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, { wrong }: Pick<Stage, 'wrong'>): Promise<void> {
  const end = performance.now() + leakMs;
  while (!(await holds())) {
    if (performance.now() > end) return void wrong.push(`not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Rejects if it takes longer. */
export async function within(ms: number, what: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`lost: no end within ${ms} ms`)), ms);
  try {
    await Promise.race([what, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

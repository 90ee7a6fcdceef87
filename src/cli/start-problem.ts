import type { StartProblem } from '#store/ports.ts';
import { CliStop, exitCodes } from './exit-codes.ts';

/** One line: what keeps it from starting, and what to do. */
export function cannotStart({ problem, remedy }: StartProblem): CliStop {
  return new CliStop(exitCodes.cannotStart, `${problem}: ${remedy}`);
}

import { CliStop, exitCodes } from './exit-codes.ts';
import type { Shell } from './shell.ts';
import type { UpOptions } from './up.ts';

export function runUp(_options: UpOptions, _shell: Shell): Promise<number> {
  throw new CliStop(exitCodes.cannotStart, 'not built yet');
}

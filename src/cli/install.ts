import type { Command } from 'commander';
import { newCommand } from './command.ts';
import { CliStop, exitCodes } from './exit-codes.ts';

/** `gatehouse install`. The launcher does it itself, before Node starts; this is here for the help. */
export function installCommand(): Command {
  return newCommand({
    name: 'install',
    summary: 'link ./gatehouse into ~/.local/bin',
    more: 'Done by the launcher ./gatehouse at the root of the project. Nothing that is not its own is overwritten.',
    examples: [['./gatehouse install', 'from then on: gatehouse']],
  }).action(() => {
    throw new CliStop(exitCodes.invalid, 'run it as ./gatehouse install, from the folder of the project and without options');
  });
}

import type { Command } from 'commander';
import { listOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse init` was given. */
export interface InitOptions {
  readonly hosts?: readonly string[];
  readonly output?: string;
}

/** `gatehouse init`. */
export function initCommand(shell: Shell): Command {
  return newCommand({
    name: 'init',
    summary: 'find the model servers and write a policy to start from',
    more: 'Asks the usual ports of this machine, on 127.0.0.1, or of the hosts that are given and no others, by a few GETs that load no model. Never overwrites a file.',
    examples: [
      ['gatehouse init', 'this machine, into ./gatehouse.yaml'],
      ['gatehouse init --hosts tower.lan,192.168.1.20', 'other machines of the house'],
      ['gatehouse init --output house.yaml', 'another file'],
    ],
  })
    .option('--hosts <names>', 'hosts to ask instead of this machine, with commas between them', listOption)
    .option('--output <file>', 'file to write (default: gatehouse.yaml)')
    .action(async (options: InitOptions) => {
      const { runInit } = await import('./run-init.ts');
      shell.exitCode = await runInit(options, shell);
    });
}

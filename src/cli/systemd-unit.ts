import type { Command } from 'commander';
import { dataOption, listOption, newCommand, policyOption } from './command.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse service` was given. */
export interface ServiceOptions {
  readonly policy?: string;
  readonly data?: string;
  readonly system?: true;
  readonly clients?: readonly string[];
}

/** `gatehouse service`. */
export function serviceCommand(shell: Shell): Command {
  return newCommand({
    name: 'service',
    summary: 'print a systemd unit for this house',
    more: 'Prints it, installs nothing; its first lines say where it goes. The unit of the system may reach the addresses of the policy’s machines and clients and no others, where no machine is known by a name alone.',
    examples: [
      ['gatehouse service > ~/.config/systemd/user/gatehouse.service', 'runs as you'],
      ['gatehouse service --system --policy /etc/gatehouse/gatehouse.yaml', 'runs as the user gatehouse'],
      ['gatehouse service --system --clients 192.168.1.0/24', 'whose clients are there only'],
    ],
  })
    .option(...policyOption)
    .option(...dataOption)
    .option('--system', 'a unit of the system instead of your own')
    .option('--clients <networks>', 'networks of the clients, with commas between them', listOption)
    .action(async (options: ServiceOptions) => {
      const { runService } = await import('./run-systemd-unit.ts');
      shell.exitCode = runService(options, shell);
    });
}

import type { Command } from 'commander';
import { dataOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** `gatehouse top`. */
export function topCommand(shell: Shell): Command {
  return newCommand({
    name: 'top',
    summary: 'watch the machines of the running house',
    more: 'Drawn anew every second on a terminal, until q or Ctrl-C; one picture where nobody looks on.',
    examples: [
      ['gatehouse top', 'live'],
      ['gatehouse top > now.txt', 'one picture'],
    ],
  })
    .option(...dataOption)
    .action(async (options: { readonly data?: string }) => {
      const { runTop } = await import('./run-status.ts');
      shell.exitCode = await runTop(options, shell);
    });
}

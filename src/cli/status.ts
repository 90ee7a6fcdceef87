import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** `gatehouse status`. */
export function statusCommand(shell: Shell): Command {
  return newCommand({
    name: 'status',
    summary: 'show the machines of the running house',
    examples: [
      ['gatehouse status', 'who is up, busy, drained'],
      ['gatehouse status --json', 'for machines'],
    ],
  })
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (options: { readonly data?: string; readonly json?: true }) => {
      const { runStatus } = await import('./run-status.ts');
      shell.exitCode = await runStatus(options, shell);
    });
}

import type { Command } from 'commander';
import { dataOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** `gatehouse reload`. */
export function reloadCommand(shell: Shell): Command {
  return newCommand({
    name: 'reload',
    summary: 'let the running house read its policy again',
    more: 'A policy that does not load is refused with its errors, and the old one goes on serving. The signal SIGHUP does the same.',
    examples: [['gatehouse reload', 'after a change of the policy']],
  })
    .option(...dataOption)
    .action(async (options: { readonly data?: string }) => {
      const { runReload } = await import('./run-control.ts');
      shell.exitCode = await runReload(options, shell);
    });
}

import type { Command } from 'commander';
import { dataOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** `gatehouse drain <name>`. */
export function drainCommand(shell: Shell): Command {
  return newCommand({
    name: 'drain',
    summary: 'let a route’s target or an upstream take no new work',
    more: 'Work under way goes on to its end. It lasts over restarts. To empty a machine, drain the upstream. Whoever names exactly what is drained still gets it.',
    examples: [
      ['gatehouse drain spark', 'a machine'],
      ['gatehouse drain code', 'the target of a route, on that route'],
    ],
  })
    .argument('<name>', 'a route or an upstream')
    .option(...dataOption)
    .action(async (name: string, options: { readonly data?: string }) => {
      const { runDrain } = await import('./run-control.ts');
      shell.exitCode = await runDrain('drain', name, options, shell);
    });
}

/** `gatehouse undrain <name>`. */
export function undrainCommand(shell: Shell): Command {
  return newCommand({
    name: 'undrain',
    summary: 'let it take work again',
    examples: [['gatehouse undrain spark', 'a machine that was drained']],
  })
    .argument('<name>', 'a route or an upstream')
    .option(...dataOption)
    .action(async (name: string, options: { readonly data?: string }) => {
      const { runDrain } = await import('./run-control.ts');
      shell.exitCode = await runDrain('undrain', name, options, shell);
    });
}

import { Argument } from 'commander';
import type { Command } from 'commander';
import { dataOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import { LOG_VIEWS } from '#record/log-views.ts';
import type { LogOptions } from './run-log.ts';

/** `gatehouse log <view>`. */
export function logCommand(shell: Shell): Command {
  return newCommand({
    name: 'log',
    summary: 'the record as lines of JSON, for other programs',
    more: `Reads the record itself, whether the house runs or not.\n${LOG_VIEWS.map(({ name, shows }) => `${name}: ${shows}.`).join('\n')}`,
    examples: [
      ['gatehouse log upstream-failures --since 1d', 'what went wrong on the machines since yesterday'],
      ['gatehouse log router-decisions --follow', 'every step as it is recorded'],
    ],
  })
    .addArgument(new Argument('<view>', 'which lines').choices(LOG_VIEWS.map(({ name }) => name)))
    .option('--since <time>', 'from then on: 12h, 7d, 2026-11-20')
    .option('--follow', 'and every line as it is recorded, until Ctrl-C')
    .option(...dataOption)
    .action(async (view: string, options: LogOptions) => {
      const { runLog } = await import('./run-log.ts');
      shell.exitCode = await runLog(view, options, shell);
    });
}

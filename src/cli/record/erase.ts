import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { EraseOptions } from './run-erase.ts';
import type { Shell } from '#cli/shell.ts';

/** `gatehouse records erase`. */
export function eraseCommand(shell: Shell): Command {
  return newCommand({
    name: 'erase',
    summary: 'remove what was said in calls from the record',
    more: 'Removes the texts of requests and replies, for good. That the calls were made stays in the record, which goes on proving itself. Texts that other calls hold too stay with those. Works while the house runs and while it does not.',
    examples: [
      ['gatehouse records erase req_8Yx2', 'one call'],
      ['gatehouse records erase --key tablet', 'all calls of a key, by its name or id'],
      ['gatehouse records erase --older-than 30d --yes', 'all calls before that, without being asked'],
    ],
  })
    .argument('[id...]', 'ids of calls')
    .option('--key <key>', 'all calls of this key, by its id or name')
    .option('--older-than <time>', 'all calls that came longer ago: 12h, 30d, 8w')
    .option('--yes', 'do not ask')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (ids: string[], options: EraseOptions) => {
      const { runErase } = await import('./run-erase.ts');
      shell.exitCode = await runErase(ids, options, shell);
    });
}

import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import type { ReplayOptions } from './run-replay.ts';

/** `gatehouse replay`. */
export function replayCommand(shell: Shell): Command {
  return newCommand({
    name: 'replay',
    summary: 'decide recorded calls again, and compare bit for bit',
    more: 'From the recorded policy, facts and observations. Where the text of the request was captured it begins with the text, else with the words that were found in it. Ends with 1 if a call is decided otherwise.',
    examples: [
      ['gatehouse replay req_8Yx2', 'one call'],
      ['gatehouse replay --since 7d', 'all calls of a week; the ones that differ are named'],
      ['gatehouse replay --since 1d --policy new.yaml', 'under another policy: which field would differ'],
    ],
  })
    .argument('[id]', 'one call; all of a time without it')
    .option('--since <time>', 'calls since: 12h, 7d, 2026-11-20')
    .option('--until <time>', 'calls until then')
    .option('--limit <count>', 'at most so many, the latest')
    .option('--policy <file>', 'under this policy instead of the recorded ones')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (id: string | undefined, options: ReplayOptions) => {
      const { runReplay } = await import('./run-replay.ts');
      shell.exitCode = runReplay(id, options, shell);
    });
}

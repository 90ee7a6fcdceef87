import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import type { CostOptions } from './run-cost.ts';

/** `gatehouse cost`. */
export function costCommand(shell: Shell): Command {
  return newCommand({
    name: 'cost',
    summary: 'what calls cost, in money and energy',
    more: 'Money is known where the policy has prices (of a cloud’s models) or watts and cost.per_kwh (of the house’s machines). "In the cloud" is what the answers of the house would have cost at cost.compare.',
    examples: [
      ['gatehouse cost', 'by task, the last 30 days'],
      ['gatehouse cost --by key --since 7d', 'who spent what this week'],
      ['gatehouse cost --by day --csv > cost.csv', 'for a spreadsheet'],
    ],
  })
    .option('--by <what>', 'task, key, profile, route, upstream, model, session or day (default: task)')
    .option('--since <time>', 'from then on: 12h, 7d, 2026-11-20 (default: 30d)')
    .option('--until <time>', 'until then')
    .option('--limit <n>', 'name so many, the dearest; the others are one sum (default: 50; days are all named)')
    .option('--csv', 'print CSV')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (options: CostOptions) => {
      const { runCost } = await import('./run-cost.ts');
      shell.exitCode = runCost(options, shell);
    });
}

import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import type { BacktestOptions } from './run-backtest.ts';

/** `gatehouse backtest`. */
export function backtestCommand(shell: Shell): Command {
  return newCommand({
    name: 'backtest',
    summary: 'what another policy would have done to recorded calls',
    more: 'Decides every recorded call under the given policy: which would have gone elsewhere and why, and what changes in cloud share, cost and load. Queues, load and failures are as they were recorded.',
    examples: [
      ['gatehouse backtest new.yaml', 'the calls of the last 7 days'],
      ['gatehouse backtest new.yaml --since 30d --html report.html', 'as a page for the browser'],
    ],
  })
    .argument('<policy>', 'the policy to try')
    .option('--since <time>', 'calls since: 12h, 7d, 2026-11-20 (default: 7d)')
    .option('--until <time>', 'calls until then')
    .option('--limit <count>', 'at most so many, the latest')
    .option('--html <file>', 'also write a page for the browser')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (policy: string, options: BacktestOptions) => {
      const { runBacktest } = await import('./run-backtest.ts');
      shell.exitCode = runBacktest(policy, options, shell);
    });
}

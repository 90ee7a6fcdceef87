import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import type { RunsOptions } from './run-runs.ts';

/** `gatehouse runs`. */
export function runsCommand(shell: Shell): Command {
  return newCommand({
    name: 'runs',
    summary: 'calls that belong together, and whether an agent is looping',
    more: 'A run is the calls of one session: x-gatehouse-session, or the header by which a client names its own. Repeated tool calls are seen where the profile captures what is said. Ends with 1 if the run that is named is looping.',
    examples: [
      ['gatehouse runs', 'the runs of the last 7 days'],
      ['gatehouse runs nightly-42', 'one run, turn by turn'],
    ],
  })
    .argument('[session]', 'one run')
    .option('--since <time>', 'runs that ended since: 12h, 7d, 2026-11-20 (default: 7d)')
    .option('--limit <count>', 'how many (default: 20)')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (session: string | undefined, options: RunsOptions) => {
      const { runRuns } = await import('./run-runs.ts');
      shell.exitCode = runRuns(session, options, shell);
    });
}

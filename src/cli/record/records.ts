import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import { eraseCommand } from './erase.ts';
import type { RecordsOptions } from './run-records.ts';
import { showCommand } from './show.ts';

/** `gatehouse records …`. */
export function recordsCommand(shell: Shell): Command {
  const records = newCommand({
    name: 'records',
    summary: 'every call: list, filter, follow, show, erase',
    more: 'Reads the record itself, whether the house runs or not. The newest call is the last line.',
    examples: [
      ['gatehouse records', 'the last 50 calls'],
      ['gatehouse records --since 7d --result refused', 'what was refused this week'],
      ['gatehouse records --task nightly --json', 'one task, for machines'],
      ['gatehouse records --text "pytest"', 'calls in which that was said, where it was captured'],
      ['gatehouse records --follow', 'every call as it ends'],
      ['gatehouse records show req_8Yx2', 'the story of one call'],
      ['gatehouse records erase --older-than 30d', 'what was said goes, that it was said stays'],
    ],
  })
    .option('--since <time>', 'calls that ended since: 12h, 7d, 2026-11-20')
    .option('--until <time>', 'calls that ended until then')
    .option('--key <id>', 'of one key, by its id')
    .option('--profile <name>', 'of one profile')
    .option('--route <name>', 'by the route used')
    .option('--upstream <name>', 'answered by this machine')
    .option('--model <name>', 'with this model, as the caller wrote it')
    .option('--task <name>', 'of one task')
    .option('--session <name>', 'of one session')
    .option('--result <word>', 'ok, refused, failed, cancelled or interrupted')
    .option('--verdict <word>', 'by what the judge said of the reply')
    .option('--code <code>', 'by the code of the error')
    .option('--text <text>', 'in which this was said')
    .option('--limit <count>', 'at most so many (default: 50)')
    .option('--follow', 'tell of every call as it ends, until Ctrl-C')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (options: RecordsOptions) => {
      const { runRecords } = await import('./run-records.ts');
      shell.exitCode = await runRecords(options, shell);
    });
  // Options behind `show` and `erase` are theirs.
  records.enablePositionalOptions();
  records.addCommand(showCommand(shell));
  records.addCommand(eraseCommand(shell));
  return records;
}

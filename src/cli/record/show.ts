import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import type { ShowOptions } from './run-show.ts';

/** `gatehouse records show`. */
export function showCommand(shell: Shell): Command {
  return newCommand({
    name: 'show',
    summary: 'the story of one call: facts, words, walk, attempts, verdict, cost',
    more: 'The time line has a `.` until the head of an answer came, a `-` until its first token, a `=` while it spoke.',
    examples: [
      ['gatehouse records show req_8Yx2', 'the beginning of an id is enough'],
      ['gatehouse records show req_8Yx2 --text', 'with what was said'],
    ],
  })
    .argument('<id>', 'the call')
    .option('--text', 'print what was said, where it was captured')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (id: string, options: ShowOptions) => {
      const { runShow } = await import('./run-show.ts');
      shell.exitCode = runShow(id, options, shell);
    });
}

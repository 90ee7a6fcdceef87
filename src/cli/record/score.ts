import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from '#cli/command.ts';
import type { Shell } from '#cli/shell.ts';
import type { ScoreOptions } from './run-score.ts';

/** `gatehouse score`. */
export function scoreCommand(shell: Shell): Command {
  return newCommand({
    name: 'score',
    summary: 'say what a call was worth, and rank routes and models by it',
    more: 'A score is a number or a word under a name. It becomes an entry of the record and is never changed; of two from one source the later counts. The house must run for it; the ranking reads the record itself.',
    examples: [
      ['gatehouse score req_8Yx2 useful=1', 'a number'],
      ['gatehouse score req_8Yx2 tone=rude --source reviewer --comment "to a guest"', 'a word'],
      ['gatehouse score', 'routes ranked by their scores'],
      ['gatehouse score --by model', 'models'],
    ],
  })
    .argument('[id]', 'the call')
    .argument('[score]', 'name=number or name=word')
    .option('--source <name>', 'who says so')
    .option('--comment <text>', 'why')
    .option('--since <time>', 'rank by scores given from then on: 12h, 7d, 2026-11-20')
    .option('--by <what>', 'rank by route, model, upstream or task (default: route)')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (id: string | undefined, score: string | undefined, options: ScoreOptions) => {
      const { runScore } = await import('./run-score.ts');
      shell.exitCode = await runScore(id, score, { options, shell });
    });
}

import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';
import type { AskOptions } from './run-ask.ts';

/** `gatehouse ask`. */
export function askCommand(shell: Shell): Command {
  return newCommand({
    name: 'ask',
    summary: 'ask the running house and see who answers, and why',
    more: 'The answer goes to standard output as it comes; route and reason go to standard error. No key is needed on this machine.',
    examples: [
      ['gatehouse ask "What is a slot?"', 'by its words'],
      ['gatehouse ask "Plan the move" --model reasoning', 'on one route'],
      ['gatehouse ask "What is on it?" --image photo.jpg', 'with an image'],
      ['git diff | gatehouse ask -', 'from standard input'],
    ],
  })
    .argument('<text>', 'the question; - reads it from standard input')
    .option('--model <name>', 'route, target or model (default: auto)')
    .option('--profile <name>', 'as a caller of this profile (default: the first)')
    .option('--image <file>', 'an image to look at')
    .option('--system <text>', 'what the model is told first')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (text: string, options: AskOptions) => {
      const { runAsk } = await import('./run-ask.ts');
      shell.exitCode = await runAsk(text, options, shell);
    });
}

import type { Command } from 'commander';
import { dataOption, jsonOption, listOption, newCommand, policyOption } from './command.ts';
import type { Shell } from './shell.ts';
import type { ExplainOptions } from './explain-request.ts';

/** `gatehouse explain`. */
export function explainCommand(shell: Shell): Command {
  return newCommand({
    name: 'explain',
    summary: 'show where a request would go, and why',
    more: 'Decides with the code of the request path and dials nobody. Works on the policy alone, with a fleet that is idle but for what you say; --live asks the running house, whose machines are as they are. Without a policy the demo house is explained.',
    examples: [
      ['gatehouse explain "Review the security of this code"', 'by its words'],
      ['gatehouse explain "What is this?" --image --busy ubuntu-4090', 'who helps when the eyes are busy'],
      ['gatehouse explain "hello" --tokens 30k --tools', 'a long prompt with tools'],
      ['gatehouse explain --file request.json --profile private', 'a request as a client sends it'],
      ['gatehouse explain "plan" --down spark --json', 'for machines; docs/explain.md says what it means'],
    ],
  })
    .argument('[text]', 'what a person would ask')
    .option('--file <request.json>', 'a whole request body instead of a text; - reads it from standard input')
    .option('--image', 'an image comes with it')
    .option('--tools', 'tools come with it')
    .option('--tokens <size>', 'reckon with a prompt of this size: 9000, 9k')
    .option('--profile <name>', 'who asks (default: the first profile)')
    .option('--route <name>', 'the x-gatehouse-route header')
    .option('--model <name>', 'the model asked for (default: auto)')
    .option('--tier <tier>', 'the x-gatehouse-tier header')
    .option('--busy <names>', 'upstreams without a free slot, or models with slots of their own', listOption)
    .option('--down <names>', 'upstreams that are down', listOption)
    .option('--drain <names>', 'drained routes or upstreams', listOption)
    .option('--live', 'ask the running house about its machines as they are now')
    .option(...policyOption)
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (text: string | undefined, options: ExplainOptions) => {
      const { runExplain } = await import('./run-explain.ts');
      shell.exitCode = await runExplain(text, options, shell);
    });
}

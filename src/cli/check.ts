import type { Command } from 'commander';
import { jsonOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** `gatehouse check [policy]`. */
export function checkCommand(shell: Shell): Command {
  return newCommand({
    name: 'check',
    summary: 'check a policy and show who is asked on each route',
    more: 'Says everything that is wrong at once, with file, line and column. Then proves its guarantees, and those that every policy makes, over every state that the machines can be in, and gives for each that does not hold the shortest case that shows it. Ends with 2 if the policy does not load, with 1 if a guarantee is violated.',
    examples: [
      ['gatehouse check', 'the policy that would be served'],
      ['gatehouse check gatehouse.yaml', 'another one'],
      ['gatehouse check --json', 'for machines'],
      ['gatehouse check --picture', 'the walk of each route, as Mermaid'],
    ],
  })
    .argument('[policy]', 'policy file (default: where policies are looked for)')
    .option(...jsonOption)
    .option('--picture', 'draw the walk of each route as a Mermaid picture instead; proves nothing')
    .action(async (policy: string | undefined, options: { readonly json?: true; readonly picture?: true }) => {
      const { runCheck } = await import('./run-check.ts');
      shell.exitCode = runCheck(policy, { json: options.json ?? false, picture: options.picture ?? false }, shell);
    });
}

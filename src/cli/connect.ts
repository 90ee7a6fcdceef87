import { Argument } from 'commander';
import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand, policyOption } from './command.ts';
import { clientNames } from './connect-settings.ts';
import type { ClientName } from './connect-settings.ts';
import type { Shell } from './shell.ts';
import type { ConnectOptions } from './run-connect.ts';

/** `gatehouse connect <client>`. */
export function connectCommand(shell: Shell): Command {
  return newCommand({
    name: 'connect',
    summary: 'show the exact settings for a client',
    more: 'From the running house, else from the policy. The key is not stored anywhere and cannot be shown again: the settings name $GATEHOUSE_KEY.',
    examples: [
      ['gatehouse connect curl', 'a line to paste'],
      ['gatehouse connect openai', 'the two variables every OpenAI client reads'],
      ['gatehouse connect opencode > opencode.json', 'a file'],
    ],
  })
    .addArgument(new Argument('<client>', 'who shall connect').choices(clientNames))
    .option(...policyOption)
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (client: ClientName, options: ConnectOptions) => {
      const { runConnect } = await import('./run-connect.ts');
      shell.exitCode = await runConnect(client, options, shell);
    });
}

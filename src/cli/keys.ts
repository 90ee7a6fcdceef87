import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand, policyOption } from './command.ts';
import type { Shell } from './shell.ts';
import type { KeysOptions } from './run-keys.ts';

/** `gatehouse keys new|list|revoke`. */
export function keysCommand(shell: Shell): Command {
  const keys = newCommand({
    name: 'keys',
    summary: 'make, list and revoke the keys of clients',
    more: 'Works while the house runs and while it does not. A key is shown once and kept only as a hash.',
    examples: [
      ['gatehouse keys new --name laptop', 'a key of the first profile'],
      ['gatehouse keys list', 'without the keys themselves'],
      ['gatehouse keys revoke laptop', 'its streams are cut'],
    ],
  });
  keys.addCommand(
    newCommand({
      name: 'new',
      summary: 'make a key and show it, once',
      examples: [
        ['gatehouse keys new', 'of the first profile'],
        ['gatehouse keys new --profile cameras --name frigate', 'of another'],
      ],
    })
      .option('--profile <name>', 'what it may do (default: the first profile)')
      .option('--name <name>', 'whose it is, for people (default: its profile)')
      .option(...policyOption)
      .option(...dataOption)
      .option(...jsonOption)
      .action(async (options: KeysOptions) => {
        const { runKeysNew } = await import('./run-keys.ts');
        shell.exitCode = await runKeysNew(options, shell);
      }),
  );
  keys.addCommand(
    newCommand({ name: 'list', summary: 'list all keys', examples: [['gatehouse keys list --json', 'for machines']] })
      .option(...dataOption)
      .option(...jsonOption)
      .action(async (options: KeysOptions) => {
        const { runKeysList } = await import('./run-keys.ts');
        shell.exitCode = await runKeysList(options, shell);
      }),
  );
  keys.addCommand(
    newCommand({
      name: 'revoke',
      summary: 'revoke a key',
      examples: [['gatehouse keys revoke k_2fGh7JkLmN', 'by its id; a name does too']],
    })
      .argument('<id or name>', 'which key')
      .option(...dataOption)
      .action(async (key: string, options: KeysOptions) => {
        const { runKeysRevoke } = await import('./run-keys.ts');
        shell.exitCode = await runKeysRevoke(key, options, shell);
      }),
  );
  return keys;
}

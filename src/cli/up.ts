import type { Command } from 'commander';
import { dataOption, newCommand, policyOption } from './command.ts';
import type { Shell } from './shell.ts';
import type { UpOptions } from './house-to-start.ts';

/** `gatehouse up`. */
export function upCommand(shell: Shell): Command {
  return newCommand({
    name: 'up',
    summary: 'start the gatehouse',
    more: 'With a policy it serves it. Without one it asks a few ports of this machine, on loopback only, and serves the models it finds there under their own names; where it finds none it serves the demo house. Ctrl-C lets running requests end, at most 10 seconds; a second one ends at once. SIGHUP reads the policy again.',
    examples: [
      ['gatehouse up', 'the policy, or what is found, or the demo house'],
      ['gatehouse up --policy house.yaml --watch', 'and read it again when it changes'],
      ['gatehouse up --demo', 'four made-up machines, to try things'],
      ['gatehouse up --listen 127.0.0.1:9000', 'another port'],
    ],
  })
    .option(...policyOption)
    .option(...dataOption)
    .option('--listen <address>', 'listen here instead of where the policy says (default: 127.0.0.1:8484)')
    .option('--no-discover', 'without a policy, ask no port: serve the demo house')
    .option('--watch', 'read the policy again whenever it changes')
    .option('--demo', 'serve the demo house whatever there is')
    .action(async (options: UpOptions) => {
      const { runUp } = await import('./run-up.ts');
      shell.exitCode = await runUp(options, shell);
    });
}

import type { Command } from 'commander';
import { jsonOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse fake-upstream` was given. */
export interface FakeUpstreamOptions {
  readonly fault?: string;
  readonly case?: string;
  readonly port?: string;
  readonly seed?: string;
  readonly list?: true;
  readonly json?: true;
}

/** `gatehouse fake-upstream`. */
export function fakeUpstreamCommand(shell: Shell): Command {
  return newCommand({
    name: 'fake-upstream',
    summary: 'a model server that lies, to test clients and houses against it',
    more: 'Listens on loopback, speaks the OpenAI API, and does with every chat what the named fault does: refuses, hangs, breaks off, sends rubbish. A request may choose by its model: fault:F32, or fault:F32?seed=7&case=2; the model "healthy" is answered well. One line per request says what came, what went, and when its caller left. Ends with Ctrl-C.',
    examples: [
      ['gatehouse fake-upstream --list', 'the faults and their cases'],
      ['gatehouse fake-upstream --fault F32', 'every stream ends without an end'],
      ['gatehouse fake-upstream --fault F32 --case 2 --port 9032', 'one case, on a port of its own'],
      ['gatehouse fake-upstream --json', 'for machines; requests choose the fault by their model'],
    ],
  })
    .option('--fault <number>', 'what every request meets that names no fault itself, such as F32')
    .option('--case <number>', 'only this case of it, as --list counts them (default: all in turn)')
    .option('--port <port>', 'listen here (default: a free port)')
    .option('--seed <number>', 'seed of its dice (default: 1)')
    .option('--list', 'print the faults and their cases')
    .option(...jsonOption)
    .action(async (options: FakeUpstreamOptions) => {
      const { runFakeUpstream } = await import('./run-fake-upstream.ts');
      shell.exitCode = await runFakeUpstream(options, shell);
    });
}

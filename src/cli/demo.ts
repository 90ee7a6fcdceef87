import type { Command } from 'commander';
import { dataOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** `gatehouse demo break|mend <machine>`. */
export function demoCommand(shell: Shell): Command {
  const demo = newCommand({
    name: 'demo',
    summary: 'break and mend machines of the demo house',
    more: 'The demo house is what `gatehouse up` serves where there is no policy and no model server, or with --demo.',
    examples: [
      ['gatehouse demo break spark', 'as if its power were cut'],
      ['gatehouse demo mend spark', 'it answers again'],
    ],
  });
  for (const deed of ['break', 'mend'] as const) {
    const command = newCommand({
      name: deed,
      summary: deed === 'break' ? 'cut the power of a machine' : 'bring a machine back',
      examples: [
        [
          `gatehouse demo ${deed} spark`,
          deed === 'break' ? 'its calls are cut and it refuses new ones' : 'two good probes later it has work',
        ],
      ],
    });
    command
      .argument('<machine>', 'ubuntu-4090, ubuntu-6000, spark or win-5090')
      .option(...dataOption)
      .action(async (machine: string, options: { readonly data?: string }) => {
        const { runDemo } = await import('./run-control.ts');
        shell.exitCode = await runDemo(deed, machine, options, shell);
      });
    demo.addCommand(command);
  }
  return demo;
}

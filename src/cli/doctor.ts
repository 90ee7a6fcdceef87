import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand, policyOption } from './command.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse doctor` was given. */
export interface DoctorOptions {
  readonly policy?: string;
  readonly data?: string;
  readonly json?: true;
}

/** `gatehouse doctor`. */
export function doctorCommand(shell: Shell): Command {
  return newCommand({
    name: 'doctor',
    summary: 'compare the policy with the servers and this machine, and say what to mend',
    more: 'Asks every server of the policy what it says of itself, by GETs that load no model and generate nothing; looks at the clock, the disk and the modes of files. Ends with 1 if there is anything to mend.',
    examples: [
      ['gatehouse doctor', 'the policy that would be served'],
      ['gatehouse doctor --policy house.yaml', 'another one'],
      ['gatehouse doctor --json', 'for machines'],
    ],
  })
    .option(...policyOption)
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./run-doctor.ts');
      shell.exitCode = await runDoctor(options, shell);
    });
}

import { Command } from 'commander';

export interface CommandText {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** More, where the line is not enough. */
  readonly more?: string;
  /** Lines that work when pasted, and what they do. */
  readonly examples: readonly (readonly [line: string, what: string])[];
}

/** A command with its help, examples included. */
export function newCommand(text: CommandText): Command {
  const command = new Command(text.name)
    .summary(text.summary)
    .description(text.more === undefined ? text.summary : `${text.summary}\n\n${text.more}`);
  return withExamples(command, text.examples);
}

/** Puts examples under a command's help. */
export function withExamples(command: Command, examples: CommandText['examples']): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  return command.addHelpText('after', `\nExamples:\n${examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`).join('\n')}`);
}

/** An option's value as a list: repeated or with commas. */
export function listOption(value: string, before: readonly string[] | undefined): readonly string[] {
  const names = value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return [...(before ?? []), ...names];
}

export const dataOption = ['--data <folder>', 'data folder (default: $XDG_DATA_HOME/gatehouse)'] as const;
export const policyOption = ['--policy <file>', 'policy file (default: $GATEHOUSE_POLICY, else where policies are looked for)'] as const;
export const jsonOption = ['--json', 'print JSON for machines'] as const;

import { Command, CommanderError } from 'commander';
import { askCommand } from './ask.ts';
import { auditCommand } from './audit.ts';
import { checkCommand } from './check.ts';
import { withExamples } from './command.ts';
import { connectCommand } from './connect.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { drainCommand, undrainCommand } from './drain.ts';
import { CliStop, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { explainCommand } from './explain.ts';
import { fakeUpstreamCommand } from './fake-upstream.ts';
import { initCommand } from './init.ts';
import { installCommand } from './install.ts';
import { keysCommand } from './keys.ts';
import { backtestCommand } from './record/backtest.ts';
import { costCommand } from './record/cost.ts';
import { logCommand } from './record/log.ts';
import { recordsCommand } from './record/records.ts';
import { replayCommand } from './record/replay.ts';
import { runsCommand } from './record/runs.ts';
import { scoreCommand } from './record/score.ts';
import { reloadCommand } from './reload.ts';
import { serviceCommand } from './systemd-unit.ts';
import type { Shell } from './shell.ts';
import { painter } from './shell.ts';
import { statusCommand } from './status.ts';
import { topCommand } from './top.ts';
import { upCommand } from './up.ts';
import { versionOf } from './version.ts';

/** Runs one command line and leaves its exit code in the shell. Never throws for what a person did. */
export async function runCli(args: readonly string[], shell: Shell): Promise<void> {
  try {
    await buildProgram(shell).parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
  } catch (error) {
    shell.exitCode = endOf(error, shell);
  }
}

function buildProgram(shell: Shell): Command {
  const program = new Command('gatehouse')
    .description('One private door in front of every model a house runs.')
    .version(versionOf(), '--version', 'the version of this gatehouse')
    .helpCommand('help [command]', 'help for a command')
    // What stands behind a command's name is for that command.
    .enablePositionalOptions()
    .showSuggestionAfterError(true);
  withExamples(program, [
    ['gatehouse up', 'start, with a policy or without'],
    ['gatehouse ask "What is a slot?"', 'ask the running house'],
    ['gatehouse explain "Review this code"', 'see where a request would go, and why'],
    ['gatehouse check gatehouse.yaml', 'check a policy'],
  ]).addHelpText('after', `\n${exitCodesHelp}\nEvery command has its own --help.`);
  const commands = [
    upCommand(shell),
    initCommand(shell),
    checkCommand(shell),
    doctorCommand(shell),
    explainCommand(shell),
    askCommand(shell),
    connectCommand(shell),
    statusCommand(shell),
    topCommand(shell),
    keysCommand(shell),
    recordsCommand(shell),
    logCommand(shell),
    runsCommand(shell),
    costCommand(shell),
    scoreCommand(shell),
    replayCommand(shell),
    backtestCommand(shell),
    auditCommand(shell),
    drainCommand(shell),
    undrainCommand(shell),
    reloadCommand(shell),
    demoCommand(shell),
    fakeUpstreamCommand(shell),
    serviceCommand(shell),
    installCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap((one) => one.commands)]) plainSpoken(command, shell);
  return program;
}

/** Errors in the words and the manner of all other messages; no `process.exit` from inside. */
function plainSpoken(command: Command, shell: Shell): void {
  command
    .exitOverride()
    .helpOption('-h, --help', 'this help')
    .configureOutput({
      writeOut: (text) => shell.out(text),
      writeErr: (text) => shell.err(text),
      outputError: (text, write) => write(`gatehouse: ${sentence(text)}\n`),
      getOutHelpWidth: () => Math.min(shell.size().columns, 120),
    });
}

/** `error: unknown command 'chek'\n(Did you mean check?)` in one line. */
function sentence(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, '. ')
    .replace(/\(Did you mean one of (.*)\?\)$/, 'Did you mean one of $1?')
    .replace(/\(Did you mean (.*)\?\)$/, 'Did you mean "$1"?')
    .replaceAll(/'([^']*)'/g, '"$1"');
}

function endOf(error: unknown, shell: Shell): number {
  if (error instanceof CommanderError) return error.exitCode === 0 || error.code === 'commander.help' ? exitCodes.ok : exitCodes.invalid;
  if (!(error instanceof CliStop)) throw error;
  shell.err(`${painter(shell, shell.errIsTty)('red', 'gatehouse:')} ${error.message}\n`);
  return error.exitCode;
}

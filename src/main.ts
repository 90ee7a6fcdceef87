import { runCli } from '#cli/program.ts';
import { processShell } from '#cli/shell.ts';

const shell = processShell();
await runCli(process.argv.slice(2), shell);
process.exitCode = shell.exitCode;

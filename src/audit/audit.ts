import { parseArgs, styleText } from 'node:util';
import { runExport, runKey, runVerify, auditCodes } from './run-audit.ts';
import type { AuditShell } from './run-audit.ts';

/**
 * The audit without the rest of the house: `node src/audit/audit.ts verify <file>`. It needs Node and this folder, nothing else, so
 * whoever checks a record can copy the folder and read what it does.
 */
const usage = `node src/audit/audit.ts verify <record.db> [--key <file or base64>] [--checkpoints <file>] [--json]
node src/audit/audit.ts export <record.db> [--since <time>] [--until <time>] [--out <file>]
node src/audit/audit.ts key <record.db>
`;

const shell: AuditShell = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  emphasis: (kind, text) => (process.stdout.isTTY ? styleText(kind === 'good' ? 'green' : 'red', text) : text),
  watched: process.stderr.isTTY,
  now: () => Number(process.hrtime.bigint() / 1_000_000n),
};

function run(args: readonly string[]): number {
  const text = { type: 'string' } as const;
  const options = { key: text, checkpoints: text, json: { type: 'boolean' }, since: text, until: text, out: text } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [command, path, ...more] = positionals;
    if (path !== undefined && more.length === 0) {
      if (command === 'verify') return runVerify(path, values, shell);
      if (command === 'export') return runExport(path, values, shell);
      if (command === 'key') return runKey(path, shell);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    shell.err(`${error.message}\n`);
  }
  shell.err(usage);
  return auditCodes.usage;
}

// Whoever reads may leave early (`| head`); that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = run(process.argv.slice(2));

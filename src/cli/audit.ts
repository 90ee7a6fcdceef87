import type { Command } from 'commander';
import { dataOption, jsonOption, newCommand } from './command.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse audit …` was given. */
export interface AuditOptions {
  readonly data?: string;
  readonly key?: string;
  readonly checkpoints?: string;
  readonly json?: true;
  readonly since?: string;
  readonly until?: string;
  readonly out?: string;
}

const file = ['[file]', 'a record.db, or a folder with one (default: that of the data folder)'] as const;

/** `gatehouse audit verify|export|key`. */
export function auditCommand(shell: Shell): Command {
  const audit = newCommand({
    name: 'audit',
    summary: 'prove that nobody changed the record, and take it out for others to check',
    more: 'Works while the house runs and while it does not; it never writes to the record.',
    examples: [
      ['gatehouse audit verify', 'check the record of this house'],
      ['gatehouse audit export --out record.jsonl', 'all entries as lines of JSON'],
      ['gatehouse audit key', 'the public key, to be kept elsewhere'],
    ],
  });
  audit.addCommand(verifyCommand(shell));
  audit.addCommand(exportCommand(shell));
  audit.addCommand(keyCommand(shell));
  return audit;
}

function verifyCommand(shell: Shell): Command {
  return newCommand({
    name: 'verify',
    summary: 'check every entry, signature, text and row of the record',
    more: 'Says up to which entry and time the record is proven, and what is wrong. Ends with 0 if nothing is, 1 with findings, 2 where an option is wrong, 3 where the file cannot be read. It shares no code with what writes the record.',
    examples: [
      ['gatehouse audit verify', 'with the key that the file names, which proves less'],
      ['gatehouse audit verify --key house.pub --checkpoints /mnt/nas/checkpoints.jsonl', 'with what lies elsewhere'],
      ['gatehouse audit verify copy/record.db --json', 'a copy, for machines'],
    ],
  })
    .argument(...file)
    .option('--key <file or base64>', 'the public key, as you know it from elsewhere')
    .option('--checkpoints <file>', 'the checkpoints that were also written to a second place')
    .option(...dataOption)
    .option(...jsonOption)
    .action(async (path: string | undefined, options: AuditOptions) => {
      const { runAuditVerify } = await import('./run-audit.ts');
      shell.exitCode = runAuditVerify(path, options, shell);
    });
}

function exportCommand(shell: Shell): Command {
  return newCommand({
    name: 'export',
    summary: 'write entries and checkpoints as lines of JSON that anybody can check',
    more: 'A range goes on to the checkpoint that signs its last entry.',
    examples: [
      ['gatehouse audit export --out record.jsonl', 'everything'],
      ['gatehouse audit export --since 2026-01-01 --until 2026-02-01 | zstd > january.zst', 'a month'],
    ],
  })
    .argument(...file)
    .option('--since <time>', 'from the first entry of this time on, like 2026-01-31 or 2026-01-31T10:00Z')
    .option('--until <time>', 'to the last entry before this time')
    .option('--out <file>', 'write to this file, which must not be there yet')
    .option(...dataOption)
    .action(async (path: string | undefined, options: AuditOptions) => {
      const { runAuditExport } = await import('./run-audit.ts');
      shell.exitCode = runAuditExport(path, options, shell);
    });
}

function keyCommand(shell: Shell): Command {
  return newCommand({
    name: 'key',
    summary: 'print the public key that signs the record',
    more: 'Keep it where whoever can write the data folder cannot: it is what --key of verify wants.',
    examples: [['gatehouse audit key > house.pub', 'and take it elsewhere']],
  })
    .argument(...file)
    .option(...dataOption)
    .action(async (path: string | undefined, options: AuditOptions) => {
      const { runAuditKey } = await import('./run-audit.ts');
      shell.exitCode = runAuditKey(path, options, shell);
    });
}

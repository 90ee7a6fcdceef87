import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runExport, runKey, runVerify } from '#audit/run-audit.ts';
import type { AuditShell } from '#audit/run-audit.ts';
import type { AuditOptions } from './audit.ts';
import { dataFolderOf, demoFolderOf } from './data-folder.ts';
import { painter } from './shell.ts';
import type { Shell } from './shell.ts';

/** `gatehouse audit verify`; gives the exit code. */
export function runAuditVerify(file: string | undefined, options: AuditOptions, shell: Shell): number {
  const { checkpoints } = options;
  const outside = checkpoints === undefined ? {} : { checkpoints: resolve(shell.cwd, checkpoints) };
  return runVerify(recordOf(file, options, shell), { ...options, ...outside }, auditShell(shell));
}

/** `gatehouse audit export`; gives the exit code. */
export function runAuditExport(file: string | undefined, options: AuditOptions, shell: Shell): number {
  const out = options.out === undefined ? {} : { out: resolve(shell.cwd, options.out) };
  return runExport(recordOf(file, options, shell), { ...options, ...out }, auditShell(shell));
}

/** `gatehouse audit key`; gives the exit code. */
export function runAuditKey(file: string | undefined, options: AuditOptions, shell: Shell): number {
  return runKey(recordOf(file, options, shell), auditShell(shell));
}

function recordOf(file: string | undefined, options: AuditOptions, shell: Shell): string {
  if (file !== undefined) return resolve(shell.cwd, file);
  const folder = dataFolderOf(options.data, shell);
  // As the other commands do: the demo house keeps its own record in a folder of this one.
  return [folder, demoFolderOf(folder)].find((one) => existsSync(join(one, 'record.db'))) ?? folder;
}

function auditShell(shell: Shell): AuditShell {
  const paint = painter(shell, shell.outIsTty);
  return {
    out: (text) => shell.out(text),
    err: (text) => shell.err(text),
    emphasis: (kind, text) => paint(kind === 'good' ? 'green' : 'red', text),
    watched: shell.errIsTty,
    now: () => performance.now(),
  };
}

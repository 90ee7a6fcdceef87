import { appendFileSync, closeSync, openSync } from 'node:fs';
import { exportLog, keyOf } from './export-log.ts';
import { CannotRead } from './finding.ts';
import { givenKey, wordsOf } from './open-record.ts';
import { reportText } from './report-text.ts';
import type { Emphasis } from './report-text.ts';
import { verifyRecord } from './verify-record.ts';

/** What the audit sees of the terminal it was started in. */
export interface AuditShell {
  out(text: string): void;
  err(text: string): void;
  readonly emphasis: Emphasis;
  /** Whether a person looks at what is said beside the answer. */
  readonly watched: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** What the audit ends with; `docs/audit.md` says the same. */
export const auditCodes = { fine: 0, findings: 1, usage: 2, cannotRead: 3 } as const;

/** How often progress is shown. */
const progressMs = 200;

/** `audit verify`: gives the exit code. */
export function runVerify(
  path: string,
  options: { readonly key?: string; readonly checkpoints?: string; readonly json?: boolean },
  shell: AuditShell,
): number {
  return orSay(shell, () => {
    const key = options.key === undefined ? null : givenKey(options.key);
    const began = shell.now();
    let told = began;
    const progress = (entries: number): void => {
      if (!shell.watched || shell.now() - told < progressMs) return;
      told = shell.now();
      shell.err(`\r${entries.toLocaleString('en-US')} entries, ${perSecond(entries, told - began)} a second`);
    };
    const report = verifyRecord(path, { key, checkpoints: options.checkpoints ?? null, progress });
    if (told !== began) shell.err('\r\u001b[K');
    const tookMs = shell.now() - began;
    const took = `${(tookMs / 1_000).toFixed(1)} s, ${perSecond(report.checked.entries, tookMs)} entries a second`;
    shell.out(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, { emphasis: shell.emphasis, took }));
    return report.ok ? auditCodes.fine : auditCodes.findings;
  });
}

/** `audit export`: gives the exit code. Times are what `Date` reads: `2026-01-31`, `2026-01-31T10:00Z`. */
export function runExport(
  path: string,
  options: { readonly since?: string; readonly until?: string; readonly out?: string },
  shell: AuditShell,
): number {
  const [since, until] = [timeOf(options.since), timeOf(options.until)];
  if (Number.isNaN(since) || Number.isNaN(until)) {
    shell.err('gatehouse: --since and --until are times like 2026-01-31 or 2026-01-31T10:00Z\n');
    return auditCodes.usage;
  }
  return orSay(shell, () => {
    const { out } = options;
    // Never over a file that is there: it may be an earlier export.
    if (out !== undefined) closeSync(openSync(out, 'wx', 0o600));
    const write = out === undefined ? (text: string): void => shell.out(text) : (text: string): void => appendFileSync(out, text);
    const { entries, first, last, sealed } = exportLog(path, { since, until }, write);
    const range = first === null ? '' : ` (${first} to ${last})`;
    const seal = sealed ? 'the last is a checkpoint that signs them' : 'no checkpoint signs the last of them';
    shell.err(`${entries.toLocaleString('en-US')} entries${range}${entries === 0 ? '' : `; ${seal}`}\n`);
    return auditCodes.fine;
  });
}

/** `audit key`: gives the exit code. */
export function runKey(path: string, shell: AuditShell): number {
  return orSay(shell, () => {
    shell.out(`${keyOf(path)}\n`);
    return auditCodes.fine;
  });
}

function timeOf(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text);
}

function perSecond(count: number, ms: number): string {
  return Math.round(count / Math.max(0.001, ms / 1_000)).toLocaleString('en-US');
}

function orSay(shell: AuditShell, run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof CannotRead) && !(error instanceof Error && 'code' in error)) throw error;
    shell.err(`gatehouse: ${wordsOf(error)}\n`);
    return auditCodes.cannotRead;
  }
}

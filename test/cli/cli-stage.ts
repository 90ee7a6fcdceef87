/** The command line as tests see it: in this process with a shell of their own, or as a child of its own. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCli } from '#cli/program.ts';
import { HARDENING } from '#scripts/hardening.ts';
import { ROOT } from '#scripts/tree.ts';

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Place {
  /** Working folder, empty at first. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A folder for one test, with a home of its own in it. */
export function place(t: TestContext): Place {
  const base = mkdtempSync(join(tmpdir(), 'gh cli '));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  return { cwd: base, env: { HOME: base, PATH: process.env['PATH'] ?? '', XDG_DATA_HOME: join(base, 'x') } };
}

/** Runs a command in this process. */
export async function runHere(args: readonly string[], at: Place, tty = false): Promise<Said> {
  let [out, err] = ['', ''];
  const shell = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    env: at.env,
    cwd: at.cwd,
    outIsTty: tty,
    errIsTty: tty,
    size: () => ({ columns: 100, rows: 40 }),
    exitCode: 0,
  };
  await runCli(args, shell);
  return { code: shell.exitCode, out, err };
}

const command = (args: readonly string[]): string[] => [...HARDENING, join(ROOT, 'src/main.ts'), ...args];

/** Runs a command as a process of its own, to its end. */
export function runChild(args: readonly string[], at: Place, input = ''): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, command(args), { cwd: at.cwd, env: at.env, input, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

/** A process that goes on. */
export interface Running {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Resolves once what it said on standard output or error matches; rejects if it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Said>;
}

/** Starts a command as a process of its own; it is killed with the test. */
export function startChild(args: readonly string[], at: Place, t: TestContext): Running {
  const child = spawn(process.execPath, command(args), { cwd: at.cwd, env: at.env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  const listeners = new Set<() => void>();
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Said>((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(out) ?? pattern.exec(err);
        if (!match) return;
        listeners.delete(look);
        resolve(match);
      };
      listeners.add(look);
      look();
      void ended.then((said) => reject(new Error(`it ended with ${said.code} before it said ${pattern}:\n${said.out}${said.err}`)));
    });
  return { child, out: () => out, err: () => err, says, ended };
}

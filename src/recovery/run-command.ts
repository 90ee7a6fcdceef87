import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from '#gateway/ports.ts';

/** How a command ended, and the last of what it said on both outputs. */
export interface CommandEnd {
  /** `done` is exit code 0; `not_started`: there is no such program, or it may not be run. */
  readonly outcome: 'done' | 'failed' | 'timed_out' | 'not_started';
  /** Null if a signal ended it or it never ran. */
  readonly exitCode: number | null;
  readonly output: string;
}

/** A command that runs. `ended` never rejects. */
export interface RunningCommand {
  readonly ended: Promise<CommandEnd>;
  /** Kills it and whatever it started in its process group. */
  kill(): void;
}

export interface CommandOptions {
  /** All that it sees of the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** After this long it is killed with its process group. */
  readonly timeoutMs: number;
  readonly after: Clock['after'];
}

const outputCharsMax = 4_000;
/** After its end, for what is still in the pipes. */
const lastWordsMs = 250;

/** Starts one command, word by word and without a shell, in a process group of its own. Its input is empty. */
export function runCommand(words: readonly string[], options: CommandOptions): RunningCommand {
  const child = start(words, options);
  if (typeof child === 'string')
    return { ended: Promise.resolve({ outcome: 'not_started', exitCode: null, output: child }), kill: () => {} };
  let output = '';
  let timedOut = false;
  let over = false;
  const hear = (text: string): void => {
    if (!over) output = (output + text).slice(-outputCharsMax);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear).on('error', ignore);
  const kill = (): void => {
    if (!over && child.pid !== undefined) killGroup(child.pid);
  };
  const ended = new Promise<CommandEnd>((resolve) => {
    const cancel = options.after(options.timeoutMs, () => {
      timedOut = true;
      kill();
    });
    const end = (outcome: CommandEnd['outcome'], exitCode: number | null): void => {
      if (over) return;
      over = true;
      cancel();
      resolve({ outcome, exitCode, output: output.toWellFormed() });
      letGo(child);
    };
    child.on('error', (error) => {
      hear(error.message);
      end('not_started', null);
    });
    child.on('exit', (code) => {
      const done = (): void => end(timedOut ? 'timed_out' : code === 0 ? 'done' : 'failed', code);
      // What it started in the background keeps the pipes open for as long as it runs, and is not waited for.
      const cancelWait = options.after(lastWordsMs, done);
      child.on('close', () => {
        cancelWait();
        done();
      });
    });
  });
  return { ended, kill };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The process, or why there can be none: words that no program can be given. */
function start(words: readonly string[], { cwd, env }: CommandOptions): Child | string {
  const [program = '', ...args] = words;
  try {
    return spawn(program, args, { cwd, env: { ...env }, shell: false, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What it left running may go on writing: that is read and thrown away, and keeps nobody from ending. */
function letGo(child: Child): void {
  for (const stream of [child.stdout, child.stderr]) {
    stream.resume();
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

function ignore(): void {}

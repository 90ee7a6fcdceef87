import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One breakage of the real code, and the test that has to notice it. */
export interface Mutant {
  /** What is broken, in words. */
  readonly name: string;
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files to run. */
  readonly tests: readonly string[];
  /** The name of the test that turns red. */
  readonly expect: string;
}

/** `broken` means that nothing was proved: the text is not there once, or the test did not run or was red before. */
export interface Verdict {
  readonly outcome: 'killed' | 'survived' | 'broken';
  readonly detail: string;
}

/** The named tests that were green and red. A test that ran into its time limit is red. */
export interface TestRun {
  readonly green: ReadonlySet<string>;
  readonly red: ReadonlySet<string>;
}

const TEST_TIMEOUT_MS = 20_000;
const RUN_TIMEOUT_MS = 120_000;

/** Runs test files of the project at `root` and sorts the tests by name. */
export function runTests(root: string, files: readonly string[]): Promise<TestRun> {
  const args = ['--test', '--test-reporter=tap', `--test-timeout=${TEST_TIMEOUT_MS}`, ...files];
  // Inside a test run, Node marks the environment so that a nested runner would report in another form.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own: a test that a breakage has sent round in circles outlives the runner that gave it up.
    detached: true,
  });
  const killAll = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  };
  const timer = setTimeout(killAll, RUN_TIMEOUT_MS);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const named = (pattern: RegExp): Set<string> => new Set([...output.matchAll(pattern)].map((match) => unescape(match[1] ?? '')));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(timer);
      killAll();
    });
    child.on('close', () => resolve({ green: named(/^ *ok \d+ - (.*)$/gm), red: named(/^ *not ok \d+ - (.*)$/gm) }));
  });
}

/** TAP escapes `#` and the backslash in names. */
function unescape(name: string): string {
  return name.replaceAll(/\\([#\\])/g, '$1');
}

/** Breaks the copy of the project at `root`, runs the tests, and puts the file back. */
export async function runMutant(root: string, mutant: Mutant): Promise<Verdict> {
  const path = join(root, mutant.file);
  const original = readFileSync(path, 'utf8');
  const times = original.split(mutant.find).length - 1;
  if (times !== 1) return { outcome: 'broken', detail: `the text occurs ${times} times in ${mutant.file}` };
  writeFileSync(path, original.split(mutant.find).join(mutant.replace));
  try {
    const { green, red } = await runTests(root, mutant.tests);
    if (red.has(mutant.expect)) return { outcome: 'killed', detail: mutant.expect };
    if (green.has(mutant.expect)) return { outcome: 'survived', detail: `still green: ${mutant.expect}` };
    return { outcome: 'broken', detail: `did not run: ${mutant.expect}` };
  } finally {
    writeFileSync(path, original);
  }
}

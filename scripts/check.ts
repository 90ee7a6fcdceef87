/**
 * Runs every static check of the house at once, one line each. Each checker says how many files it saw, and has to have seen them
 * all: a checker that looks at nothing and is content fails here. `--only <name>` runs one.
 */
import { spawn } from 'node:child_process';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { ROOT, listFiles } from './tree.ts';

interface Checker {
  readonly name: string;
  readonly command: readonly string[];
  /** How many files the checker says it saw; 0 when it does not say. */
  readonly seen: (output: string) => number;
  readonly expected: number;
}

interface Result {
  readonly checker: Checker;
  readonly passed: boolean;
  readonly seen: number;
  readonly output: string;
  readonly tookMs: number;
}

const bin = (name: string): string => `${ROOT}/node_modules/.bin/${name}`;
const numberIn = (pattern: RegExp) => (output: string) => Number(pattern.exec(output)?.[1] ?? 0);
/** `--listFiles` prints one absolute path per line; what lies in `node_modules` is not ours. */
const listed = (output: string): number =>
  output.split('\n').filter((line) => line.startsWith('/') && !line.includes('/node_modules/')).length;

const sources = listFiles('').filter((path) => path.endsWith('.ts'));
const core = sources.filter((path) => path.startsWith('src/core/') && !path.endsWith('.test.ts'));

const CHECKERS: readonly Checker[] = [
  { name: 'format', command: [bin('oxfmt'), '--check', '**/*.ts'], seen: numberIn(/on (\d+) files/), expected: sources.length },
  {
    name: 'lint',
    command: [bin('oxlint'), '--deny-warnings', '--format', 'default'],
    seen: numberIn(/on (\d+) files/),
    expected: sources.length,
  },
  { name: 'types', command: [bin('tsc'), '-p', '.', '--listFiles'], seen: listed, expected: sources.length },
  { name: 'core-types', command: [bin('tsc'), '-p', 'src/core', '--listFiles'], seen: listed, expected: core.length },
  {
    name: 'dead-code',
    command: [bin('knip'), '--no-progress', '--no-config-hints', '--reporter', 'symbols', '--reporter', './scripts/knip-count.ts'],
    seen: numberIn(/knip analysed (\d+) files/),
    expected: sources.length,
  },
  {
    name: 'tidy',
    command: [process.execPath, '--test', '--test-reporter=spec', 'test/tidy/tidy.test.ts'],
    seen: numberIn(/tidy read (\d+) files/),
    expected: sources.length,
  },
];

function run(checker: Checker): Promise<Result> {
  const startedMs = performance.now();
  const [command = '', ...args] = checker.command;
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => {
    const end = (passed: boolean): void => {
      // Some checkers colour their output whenever they believe to be in CI.
      output = stripVTControlCharacters(output);
      const seen = checker.seen(output);
      resolve({ checker, passed: passed && seen >= checker.expected, seen, output, tookMs: performance.now() - startedMs });
    };
    child.on('error', (error) => {
      output += String(error);
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

function report({ checker, passed, seen, output, tookMs }: Result): void {
  const took = `${(tookMs / 1000).toFixed(1)} s`;
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${checker.name.padEnd(10)}  ${took.padStart(6)}  ${seen} files`);
  if (passed) return;
  const lines = output.split('\n').filter((line) => !/^\/.*\.([cm]?ts|json)$/.test(line));
  console.log(lines.map((line) => `      ${line}`).join('\n'));
  if (seen < checker.expected) console.log(`      saw ${seen} files and should have seen at least ${checker.expected}`);
}

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
const chosen = CHECKERS.filter((checker) => values.only?.includes(checker.name) ?? true);
if (chosen.length === 0) {
  console.error(`no such check; there are: ${CHECKERS.map((checker) => checker.name).join(', ')}`);
  process.exit(2);
}
const results = await Promise.all(chosen.map(run));
for (const result of results) report(result);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;

/**
 * `npm test`: the static checks, then every test, under the flags the server runs with. The runner's totals come last. Arguments
 * are handed to the runner (`npm test -- --test-name-pattern=drain`).
 */
import { spawnSync } from 'node:child_process';
import { HARDENING } from './hardening.ts';
import { ROOT } from './tree.ts';

const reporter = process.stdout.isTTY ? 'spec' : 'tap';
const options = { cwd: ROOT, stdio: 'inherit' } as const;

const check = spawnSync(process.execPath, ['scripts/check.ts'], options);
// The tests run all the same, so that one look shows everything there is to repair; a failed check still fails the command.
if (check.status !== 0) console.error('# the checks above failed (npm run check); running the tests all the same');
const tests = spawnSync(
  process.execPath,
  [
    ...HARDENING,
    '--test',
    '--test-concurrency=2',
    `--test-reporter=${reporter}`,
    ...process.argv.slice(2),
    'src/**/*.test.ts',
    'test/**/*.test.ts',
  ],
  options,
);
process.exitCode = (check.status ?? 1) === 0 ? (tests.status ?? 1) : 1;

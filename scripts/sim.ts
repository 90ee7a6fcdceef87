/**
 * `npm run sim`: lives many seeded worlds of the simulator in two processes. `--seeds 2000`, `--requests 200`, `--mode safety`, `liveness`, `both`
 * of them, `pairs` of faults, or `all` (the default), `--seed N` (default: a fresh one, printed; alone it replays one world). A world that fails prints the command that plays it again.
 * Every fortieth is lived twice and must be the same. The last line is JSON; ends with 1 if a world failed.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { replayOf } from '#test/sim/try-seed.ts';
import type { Trial } from '#test/sim/try-seed.ts';
import type { SimDone, SimTask } from './sim-worker.ts';

const atOnce = 2;
const twiceEvery = 40;
const progressEvery = 200;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    requests: { type: 'string', default: '200' },
    mode: { type: 'string', default: 'all' },
    seed: { type: 'string' },
  },
});
const seed = Number(values.seed ?? randomInt(1, 1_000_000_000));
const seeds = Number(values.seeds ?? (values.seed === undefined ? 2_000 : 1));
const requests = Number(values.requests);
const modesNamed: Readonly<Record<string, readonly Trial[]>> = {
  safety: ['safety'],
  liveness: ['liveness'],
  both: ['safety', 'liveness'],
  pairs: ['pairs'],
  all: ['safety', 'liveness', 'pairs'],
};
const modes = modesNamed[values.mode];
if (!modes || !Number.isSafeInteger(seed) || !(seeds > 0) || !(requests > 0)) {
  console.error('npm run sim -- [--seeds 2000] [--requests 200] [--mode safety|liveness|both|pairs|all] [--seed 7]');
  process.exit(2);
}

const tasks: SimTask[] = Array.from({ length: seeds }, (_, at) => at).flatMap((at) =>
  modes.map((mode) => ({ seed: seed + at, requests, mode, twice: at % twiceEvery === 0 })),
);
const sum = { worlds: 0, asked: 0, answered: 0, events: 0, failed: 0 };
const startedAt = performance.now();

/** Gives one child worlds until none is left. */
function work(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let current: SimTask | undefined;
  const next = (): void => {
    current = tasks.shift();
    if (current) child.send(current);
    else child.disconnect();
  };
  child.on('message', ({ task, tried }: SimDone) => {
    current = undefined;
    sum.worlds++;
    sum.asked += tried.asked;
    sum.answered += tried.answered;
    sum.events += tried.events;
    if (tried.violations.length > 0) {
      sum.failed++;
      console.log([replayOf(task.seed, task), ...tried.violations.slice(0, 10)].join('\n  '));
    }
    if (sum.worlds % progressEvery === 0) console.log(`${sum.worlds} worlds, ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    next();
  });
  child.on('exit', (code) => {
    if (current) reject(new Error(`a process ended with ${code} at ${replayOf(current.seed, current)}`));
    else resolve();
  });
  next();
  return promise;
}

console.log(`${seeds} seeds × ${requests} requests, ${modes.join(', ')}, seed ${seed}`);
await Promise.all(Array.from({ length: Math.min(atOnce, tasks.length) }, () => work(fork(new URL('sim-worker.ts', import.meta.url)))));
console.log(JSON.stringify({ part: 'sim', seed, seeds, requests, mode: values.mode, ...sum }));
process.exitCode = sum.failed === 0 ? 0 : 1;

/**
 * Loaded before a gatehouse that is under test, in its process: says, when its parent asks, how long its event loop stood still at most,
 * what nobody caught, and whether the prototypes of everything are still as they were.
 */
import { performance } from 'node:perf_hooks';

/** What a gatehouse says of itself. */
export interface SelfReport {
  /** The longest time in which the loop came to nothing else since the last report, in the computing time of its thread: how busy the machine is does not count. */
  readonly stallMs: number;
  /** The same by the clock on the wall. */
  readonly wallStallMs: number;
  readonly uncaught: readonly string[];
  /** Names that appeared on the prototypes of objects, arrays, texts and functions. */
  readonly polluted: readonly string[];
}

const tickMs = 5;
const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype];
const names = (): readonly string[] => prototypes.flatMap((prototype) => Reflect.ownKeys(prototype).map(String));
const namesBefore = new Set(names());
const uncaught: string[] = [];
let [stallMs, wallStallMs] = [0, 0];

const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

let [wallAt, threadAt] = [performance.now(), threadMs()];
const look = (): void => {
  const [wallNow, threadNow] = [performance.now(), threadMs()];
  const wall = wallNow - wallAt - tickMs;
  wallStallMs = Math.max(wallStallMs, wall);
  stallMs = Math.max(stallMs, Math.min(wall, threadNow - threadAt));
  [wallAt, threadAt] = [wallNow, threadNow];
};
setInterval(look, tickMs).unref();

process.on('uncaughtExceptionMonitor', (error) => void uncaught.push(String(error instanceof Error ? error.stack : error)));
process.on('message', () => {
  look();
  const report: SelfReport = { stallMs, wallStallMs, uncaught, polluted: names().filter((name) => !namesBefore.has(name)) };
  [stallMs, wallStallMs] = [0, 0];
  process.send?.(report);
});
// Whoever asks must not keep a gatehouse alive that wants to end.
process.channel?.unref();

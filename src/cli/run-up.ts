import { existsSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { startHouse } from '#compose/start-house.ts';
import type { RunningHouse } from '#compose/start-house.ts';
import { demoLines } from '#demo/demo-lines.ts';
import type { Told } from '#telemetry/ports.ts';
import { tellLine } from '#telemetry/request-line.ts';
import { originOfListen } from './connect-settings.ts';
import { dataSuffix } from './data-folder.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { houseToStart } from './house-to-start.ts';
import type { HouseToStart } from './house-to-start.ts';
import { refusedPolicy } from './load-house.ts';
import { painter } from './shell.ts';
import type { Shell } from './shell.ts';
import { cannotStart } from './start-problem.ts';
import { startText } from './start-text.ts';
import type { UpOptions } from './house-to-start.ts';
import { versionOf } from './version.ts';

/** How long running requests may take once the house closes. */
const graceMs = 10_000;
/** An editor writes a file in several steps; they are one change. */
const settleMs = 150;
/** By then whoever waited for the start has been answered. */
const startedMs = 2_000;

/** Starts the house and serves until somebody ends it; gives the exit code. */
export async function runUp(options: UpOptions, shell: Shell): Promise<number> {
  const listen = options.listen === undefined ? undefined : listenOf(options.listen);
  keepRequestsYoung();
  const toStart = await houseToStart(options, shell);
  try {
    const house = await start(toStart, listen, shell);
    // Before anything is said: whoever reads that it serves may send a signal or change the file at once.
    const ended = served(house, shell);
    const watcher =
      options.watch === true && toStart.policyPath !== null ? watchPolicy(toStart.policyPath, () => void reload(house, shell)) : null;
    for (const warning of house.warnings) shell.err(`${warning}\n`);
    shell.out(startText(startedOf(house, toStart, options, shell), painter(shell, shell.outIsTty)));
    const sweep = setTimeout(sweepStart, startedMs);
    await ended;
    clearTimeout(sweep);
    watcher?.close();
  } finally {
    await toStart.demo?.close();
  }
  return exitCodes.ok;
}

/**
 * The engine puts objects of a place in the code among the long-lived ones once it has seen many of that place survive. For what belongs to a request the
 * guess is wrong, and dear: everything such an object names then survives with it until the next full collection.
 */
function keepRequestsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** The start leaves a fifth of the memory behind that nobody needs; where nobody asks anything, the collector would never come for it. */
function sweepStart(): void {
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

async function start(toStart: HouseToStart, listen: readonly string[] | undefined, shell: Shell): Promise<RunningHouse> {
  const result = await startHouse({
    version: versionOf(),
    readPolicy: toStart.readPolicy,
    policyPath: toStart.policyPath,
    dataFolder: toStart.dataFolder,
    ...(listen === undefined ? {} : { listen }),
    demo: toStart.demo,
    onTold: (told) => tell(told, shell),
    onFault: (where, error) =>
      shell.err(`gatehouse: a fault of its own (${where}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  });
  if ('refused' in result) throw refusedPolicy(result.refused);
  if ('problem' in result) throw cannotStart(result);
  return result;
}

/** One line per happening where a person looks on; elsewhere only what is no request. */
function tell(told: Told, shell: Shell): void {
  const { type } = told.happening;
  if (!shell.outIsTty && (type === 'request' || type === 'refused')) return;
  const colour = painter(shell, shell.outIsTty)('red', 'x') !== 'x';
  const line = `${tellLine(told, { colour })}\n`;
  if (shell.outIsTty) shell.out(line);
  else shell.err(line);
}

function startedOf(house: RunningHouse, toStart: HouseToStart, options: UpOptions, shell: Shell): Parameters<typeof startText>[0] {
  const { policy } = house.tables();
  const called = existsSync(join(shell.cwd, 'gatehouse')) ? './gatehouse' : 'gatehouse';
  const gatehouse = (command: string): string => `${called} ${command}${dataSuffix(options.data)}`;
  const key = house.firstKey;
  const base = `${originOfListen(house.addresses[0] ?? '')}/v1`;
  return {
    version: versionOf(),
    house: policy.house,
    source: toStart.source,
    addresses: house.addresses,
    models: [
      `${policy.house}/auto`,
      ...(toStart.policyPath === null && toStart.demo === null
        ? modelNames(house)
        : policy.routes.map((route) => `${policy.house}/${route.name}`)),
    ],
    dataFolder: toStart.dataFolder,
    key,
    keyNote: toStart.demo === null ? 'shown this once' : 'made anew at each start',
    gatehouse,
    tries: toStart.demo === null || key === null ? [] : demoLines({ base, key, gatehouse }),
  };
}

/** A house that was found serves models under their own names. */
function modelNames(house: RunningHouse): readonly string[] {
  return [...house.tables().modelNames.keys()];
}

/** Resolves once the house has closed: after SIGINT or SIGTERM. SIGHUP reads the policy again. */
function served(house: RunningHouse, shell: Shell): Promise<void> {
  return new Promise((resolve, reject) => {
    let closing = false;
    const end = (signal: NodeJS.Signals): void => {
      if (closing) process.exit(signal === 'SIGINT' ? 130 : 143);
      closing = true;
      closeHouse(house, shell).then(resolve, reject);
    };
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
    process.on('SIGHUP', () => void reload(house, shell));
  });
}

async function closeHouse(house: RunningHouse, shell: Shell): Promise<void> {
  const say = (): void => {
    const active = house.active();
    if (active.length === 0) return;
    const labels = [...new Set(active.map((call) => call.label))];
    shell.err(
      `closing: waiting for ${active.length === 1 ? 'one request' : `${active.length} requests`} (${labels.slice(0, 5).join('; ')}), at most ${graceMs / 1_000} s; Ctrl-C again ends at once\n`,
    );
  };
  say();
  const timer = setInterval(say, 3_000);
  await house.close(graceMs);
  clearInterval(timer);
  shell.err('closed\n');
}

async function reload(house: RunningHouse, shell: Shell): Promise<void> {
  const reloaded = await house.reload();
  if (reloaded.outcome === 'loaded') for (const warning of reloaded.warnings) shell.err(`${warning}\n`);
  else shell.err(`${reloaded.problems.join('\n')}\nthe policy does not load; the old one goes on serving\n`);
}

/** The folder is watched, because editors put a new file in the place of the old one. */
function watchPolicy(path: string, changed: () => void): FSWatcher {
  let timer: NodeJS.Timeout | undefined;
  return watch(dirname(path), (_event, name) => {
    if (name !== basename(path)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, settleMs);
  });
}

/** `--listen`: `host:port`, or a port of loopback. */
function listenOf(text: string): readonly string[] {
  return text.split(',').map((one) => {
    const written = one.trim();
    const full = /^:?\d{1,5}$/.test(written) ? `127.0.0.1:${written.replace(':', '')}` : written;
    const port = Number(/^(?:\[[^\]]+\]|[^:[\]\s]+):(\d{1,5})$/.exec(full)?.[1] ?? Number.NaN);
    if (!(port <= 65_535)) throw new CliStop(exitCodes.invalid, `--listen: "${written}" is no place to listen; write 127.0.0.1:8484`);
    return full;
  });
}

/**
 * `npm run overload`: asks a house for more than its slots can carry, in an open loop, at 1, 2, 3 and 5 times what they carry, then for less again.
 * `--seconds 8` for each load, `--service 250` for the milliseconds of one answer, `--check` ends with 1 if a bar is missed. House, machines and callers are processes of their own. One line of JSON
 * (the last one), one for people before it.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fire, openAgent } from './overload-load.ts';
import type { Aim, Shot } from './overload-load.ts';
import type { MachinesMessage, MachinesSetting } from './overload-machines.ts';
import { ROOT } from './tree.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    service: { type: 'string', default: '250' },
    check: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const serviceMs = Number(values.service);

const names = ['left', 'right'] as const;
const slots = 4;
/** Requests a second that the slots can carry. */
const capacity = (names.length * slots * 1000) / serviceMs;
const loads = [1, 2, 3, 5] as const;
const afterwards = 0.7;
const bars = { goodput: 0.9, refusedMs: 20, backSeconds: 10, back: 0.95 };

interface House {
  readonly aim: Aim;
  readonly pid: number;
  close(): Promise<void>;
}

async function startHouse(urls: readonly string[]): Promise<House> {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-overload-'));
  const upstreams = names.map(
    (name, at) => `  ${name}: { kind: vllm, url: ${urls[at]}, slots: ${slots}, models: { ${name}: { context: 32k } } }`,
  );
  const policy = join(root, 'gatehouse.yaml');
  writeFileSync(
    policy,
    `version: 1\nhouse: den\nupstreams:\n${upstreams.join('\n')}\nroutes:\n  chat: { target: left, spill: right }\nprofiles:\n  family: { tier: sovereign }\n`,
  );
  const child = spawn(join(ROOT, 'gatehouse'), ['up', '--policy', policy, '--data', join(root, 'data'), '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (piece: Buffer) => {
      if (said.length < 10_000) said += piece.toString();
      if (/address {2}http:\S+\/v1[^]*\n\n/.test(said)) resolve();
    });
    child.once('exit', () => reject(new Error(`the house ended before it served:\n${said}`)));
  });
  await ready;
  const origin = /address {2}(http:\S+)\/v1/.exec(said)?.[1] ?? '';
  const key = /gh_\w{32}/.exec(said)?.[0] ?? '';
  const body = JSON.stringify({ model: 'den/chat', messages: [{ role: 'user', content: 'How full is the tank?' }] });
  return {
    aim: { origin, path: '/v1/chat/completions', key, body, agent: openAgent() },
    pid: child.pid ?? 0,
    close: async () => {
      const over = once(child, 'exit');
      child.kill('SIGTERM');
      await over;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Computing time of the house so far, all its threads; 0 where the system does not say. */
function cpuMillis(pid: number): number {
  if (process.platform !== 'linux') return 0;
  // The fields behind the name, which may hold spaces; time is in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** How long so many of them took at most, in milliseconds; null if there is none. */
function percentile(shots: readonly Shot[], share: number): number | null {
  const took = shots.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const ms = took[Math.min(took.length - 1, Math.floor(took.length * share))];
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}

/** What one load came to. The first second does not count: it fills the slots. */
function summary(
  shots: readonly Shot[],
  perSecond: number,
): {
  readonly offered: number;
  readonly goodput: number;
  readonly refusedMs: number | null;
  readonly refusedMsMedian: number | null;
  readonly refusedMsMax: number | null;
  readonly others: number;
  readonly withoutRetryAfter: number;
} {
  const counted = shots.filter(({ atMs }) => atMs >= 1000);
  const good = counted.filter(({ status }) => status === 200);
  const refused = counted.filter(({ status }) => status === 429);
  return {
    offered: perSecond,
    goodput: Math.round((good.length / (seconds - 1)) * 10) / 10,
    refusedMsMedian: percentile(refused, 0.5),
    refusedMs: percentile(refused, 0.99),
    refusedMsMax: percentile(refused, 1),
    others: counted.length - good.length - refused.length,
    withoutRetryAfter: refused.filter(({ retryAfter }) => !retryAfter).length,
  };
}

/** The first second from whose beginning on, to the end, enough of what was asked was answered; null if there is none. */
function backAfter(shots: readonly Shot[], perSecond: number): number | null {
  let back: number | null = null;
  for (let second = Math.floor(shots.length / perSecond) - 1; second >= 0; second--) {
    const inIt = shots.filter(({ atMs }) => atMs >= second * 1000 && atMs < (second + 1) * 1000);
    if (inIt.filter(({ status }) => status === 200).length < bars.back * inIt.length) break;
    back = second;
  }
  return back;
}

const setting: MachinesSetting = { names, serviceMs };
const machines = fork(join(ROOT, 'scripts/overload-machines.ts'), [JSON.stringify(setting)], {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
const heard = (): Promise<MachinesMessage> =>
  new Promise((resolve) => void machines.once('message', (message: MachinesMessage) => resolve(message)));
const started = await heard();
const house = await startHouse('urls' in started ? started.urls : []);
const rows: (ReturnType<typeof summary> & { readonly load: number; readonly cpuMs: number; readonly trivialMs: number | null })[] = [];
// What this machine adds to every answer now: asked of a path that costs nothing.
const health: Aim = { ...house.aim, path: '/healthz', body: null };
await fire(house.aim, { perSecond: 20, seconds: 2 });
for (const load of loads) {
  const perSecond = capacity * load;
  const before = cpuMillis(house.pid);
  const [shots, trivial] = await Promise.all([fire(house.aim, { perSecond, seconds }), fire(health, { perSecond: 20, seconds })]);
  const cpuMs = Math.round(((cpuMillis(house.pid) - before) / shots.length) * 100) / 100;
  rows.push({ load, cpuMs, trivialMs: percentile(trivial, 0.99), ...summary(shots, perSecond) });
}
const calm = await fire(house.aim, { perSecond: capacity * afterwards, seconds: bars.backSeconds + 2 });
machines.send('report');
const report = await heard();
await house.close();
machines.disconnect();
house.aim.agent.destroy();

const peak = Math.max(...rows.map(({ goodput }) => goodput));
const threefold = rows.find(({ load }) => load === 3);
const backSeconds = backAfter(calm, capacity * afterwards);
const refusedMs = Math.max(...rows.map((row) => row.refusedMs ?? 0));
const mostAtOnce = 'mostAtOnce' in report ? report.mostAtOnce : 0;
const share = (threefold?.goodput ?? 0) / peak;
const holds = {
  goodput: share >= bars.goodput,
  refusals: refusedMs <= bars.refusedMs && rows.every(({ withoutRetryAfter }) => withoutRetryAfter === 0),
  back: backSeconds !== null && backSeconds <= bars.backSeconds,
  nothingElse: rows.every(({ others }) => others === 0),
  slots: mostAtOnce <= slots,
};
const held = Object.values(holds).every(Boolean);
console.log(
  `${capacity}/s fit: ${rows.map(({ load, goodput }) => `${load}× → ${goodput}/s`).join(', ')}; at 3× ${Math.round(share * 100)} % of the peak; ` +
    `refused within ${refusedMs} ms (p99; /healthz ${Math.max(...rows.map(({ trivialMs }) => trivialMs ?? 0))} ms); back to ${bars.back * 100} % ${backSeconds === null ? 'not at all' : `after ${backSeconds} s`}; ` +
    `${mostAtOnce} of ${slots} slots used at most; ${
      held
        ? 'every bar holds'
        : `missed: ${Object.entries(holds)
            .flatMap(([name, is]) => (is ? [] : [name]))
            .join(', ')}`
    }`,
);
console.log(
  JSON.stringify({ capacity, peak, share: Math.round(share * 1000) / 1000, refusedMs, backSeconds, mostAtOnce, slots, holds, rows }),
);
if (values.check && !held) process.exitCode = 1;

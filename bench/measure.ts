import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { HARDENING } from '#scripts/hardening.ts';
import { ROOT } from '#scripts/tree.ts';
import { figureOf, percentile } from './figure.ts';
import type { Figure } from './figure.ts';
import { cpuMicros, residentMb, threadMicros } from './process-figures.ts';
import { Stage, freePort } from './stage.ts';
import type { StreamsJob } from './job.ts';

/** How much is measured. */
export interface Extent {
  readonly rounds: number;
  /** Requests or milliseconds of one round, as a share of the usual; small to see that everything runs. */
  readonly share: number;
}

/** One subject of the bench: some figures that are measured together. */
export interface Subject {
  readonly name: string;
  /** Needs nginx to compare with. */
  readonly compares: boolean;
  /** Takes minutes: measured only where it is asked for by name. */
  readonly apart?: true;
  measure(extent: Extent): Promise<readonly Figure[]>;
}

/** What the kernel calls the thread that writes the record. */
const recordThread = 'record';

export const subjects: readonly Subject[] = [
  { name: 'decision', compares: false, measure: decision },
  { name: 'request', compares: true, measure: request },
  { name: 'event', compares: true, measure: event },
  { name: 'first-token', compares: false, measure: firstToken },
  { name: 'streams', compares: false, measure: streams },
  { name: 'idle', compares: false, measure: idle },
  { name: 'proof', compares: false, measure: proof },
  { name: 'backtest', compares: false, measure: backtest },
  { name: 'asking', compares: false, apart: true, measure: asking },
  { name: 'room', compares: false, apart: true, measure: room },
];

async function decision({ rounds }: Extent): Promise<readonly Figure[]> {
  interface Cost {
    readonly chars: number;
    readonly p50: number;
    readonly p99: number;
  }
  const runs: (readonly Cost[])[] = [];
  for (let round = 0; round < rounds; round++) runs.push(JSON.parse(await outputOf('bench/decision.bench.ts')) as readonly Cost[]);
  const at = (chars: number, field: 'p50' | 'p99'): readonly number[] =>
    runs.map((costs) => costs.find((cost) => cost.chars === chars)?.[field] ?? Number.NaN);
  const growth = runs.map((_, run) => (at(1_000_000, 'p50')[run] ?? 0) / 1_000_000 / ((at(64_000, 'p50')[run] ?? 0) / 64_000));
  const sizes = (runs[0] ?? []).map((cost) => cost.chars);
  return [
    ...sizes.map((chars) => figureOf(`decision at ${chars < 1_000_000 ? `${chars / 1_000} kB` : '1 MB'}, p50`, 'µs', at(chars, 'p50'))),
    figureOf('decision at 8 kB, p99', 'µs', at(8_000, 'p99')),
    figureOf('decision, growth', '×', growth),
  ];
}

/**
 * Whole answers: a prompt of 1,000 characters, an answer of 550, 16 callers. What the record's thread took is told by itself; what the record costs in
 * all is what the same house costs less without one.
 */
async function request({ rounds, share }: Extent): Promise<readonly Figure[]> {
  return onStage(async (stage) => {
    const gateway = await stage.startGateway('request');
    const unrecorded = await stage.startUnrecorded('unrecorded');
    const bare = await stage.startBareProxy();
    const reference = await stage.startReference();
    const requests = Math.ceil(20_000 * share);
    const cost = async (pid: number, port: number, key: string): Promise<{ readonly whole: number; readonly thread: number }> => {
      const before = { whole: cpuMicros(pid), thread: threadMicros(pid, recordThread) };
      await faultless(stage.run({ type: 'whole', port, key, callers: 16, requests }));
      return { whole: (cpuMicros(pid) - before.whole) / requests, thread: (threadMicros(pid, recordThread) - before.thread) / requests };
    };
    const costs = {
      gateway: () => cost(gateway.pid, gateway.port, gateway.key),
      unrecorded: () => cost(unrecorded.pid, unrecorded.port, unrecorded.key),
      bare: () => cost(bare.pid, bare.port, ''),
      reference: () => cost(reference.pid, reference.wholePort, ''),
    };
    await costs.gateway();
    await costs.unrecorded();
    await costs.bare();
    const seen = [];
    for (let round = 0; round < rounds; round++)
      seen.push({
        gateway: await costs.gateway(),
        unrecorded: await costs.unrecorded(),
        bare: await costs.bare(),
        reference: await costs.reference(),
      });
    const threads = seen.map((each) => each.gateway.thread);
    const inAll = seen.map((each) => each.gateway.whole - each.unrecorded.whole);
    return [
      ...compared(
        'request',
        seen.map((each) => [each.gateway.whole, each.reference.whole]),
      ),
      figureOf(
        'request, a bare proxy',
        'µs',
        seen.map((each) => each.bare.whole),
      ),
      figureOf('request, the record’s thread', 'µs', threads),
      figureOf('request, the record in all', 'µs', inAll),
    ];
  });
}

/** Streamed events at a model's pace: each is read, judged and sent on its own. */
async function event({ rounds, share }: Extent): Promise<readonly Figure[]> {
  return onStage(async (stage) => {
    const gateway = await stage.startGateway('event');
    const bare = await stage.startBareProxy();
    const reference = await stage.startReference();
    const job = { type: 'streams', streams: Math.ceil(200 * share), overMs: 200, events: Math.ceil(200 * share), everyMs: 20 } as const;
    const cost = async (pid: number, port: number): Promise<number> => {
      const before = cpuMicros(pid);
      const { events } = await faultless(stage.run({ ...job, port, key: gateway.key }));
      return (cpuMicros(pid) - before) / events;
    };
    await cost(gateway.pid, gateway.port);
    await cost(bare.pid, bare.port);
    const seen = [];
    for (let round = 0; round < rounds; round++)
      seen.push({
        gateway: await cost(gateway.pid, gateway.port),
        bare: await cost(bare.pid, bare.port),
        reference: await cost(reference.pid, reference.streamPort),
      });
    return [
      ...compared(
        'event',
        seen.map((each) => [each.gateway, each.reference]),
      ),
      figureOf(
        'event, a bare proxy',
        'µs',
        seen.map((each) => each.bare),
      ),
    ];
  });
}

/** 50 streams a second: what the gateway adds to the time to the first event of the same server asked directly. */
async function firstToken({ rounds, share }: Extent): Promise<readonly Figure[]> {
  return onStage(async (stage) => {
    const gateway = await stage.startGateway('first-token');
    const streams = Math.ceil(500 * share);
    const job: Omit<StreamsJob, 'port' | 'key'> = { type: 'streams', streams, overMs: streams * 20, events: 2, everyMs: 5 };
    const firstMs = async (port: number): Promise<readonly number[]> =>
      (await faultless(stage.run({ ...job, port, key: gateway.key }))).firstMs;
    await firstMs(gateway.port);
    const pairs = await interleaved(
      rounds,
      () => firstMs(gateway.port),
      () => firstMs(stage.modelPort),
    );
    const added = (at: number): readonly number[] => pairs.map(([ours, direct]) => percentile(ours, at) - percentile(direct, at));
    return [figureOf('first token, added, p50', 'ms', added(0.5)), figureOf('first token, added, p99', 'ms', added(0.99))];
  });
}

/** 1,000 streams at once, 20 tokens a second each. */
async function streams({ rounds, share }: Extent): Promise<readonly Figure[]> {
  return onStage(async (stage) => {
    const gateway = await stage.startGateway('streams');
    const job = { type: 'streams', streams: Math.ceil(1_000 * share), overMs: 2_000, events: Math.ceil(300 * share), everyMs: 50 } as const;
    const runs = [];
    for (let round = 0; round < rounds; round++) {
      const running = stage.run({ ...job, port: gateway.port, key: gateway.key });
      await new Promise((resolve) => setTimeout(resolve, job.overMs + 500));
      const [cpuBefore, before] = [cpuMicros(gateway.pid), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, job.events * job.everyMs - job.overMs - 1_000));
      const cores = (cpuMicros(gateway.pid) - cpuBefore) / 1_000 / (performance.now() - before);
      const memory = residentMb(gateway.pid);
      const seen = await running;
      runs.push({ lost: job.streams * job.events - seen.events + seen.failed, gap: percentile(seen.gapMs, 0.99), cores, memory });
    }
    return [
      figureOf(
        '1,000 streams, lost',
        'events',
        runs.map((run) => run.lost),
        { worst: true },
      ),
      figureOf(
        '1,000 streams, gap added, p99',
        'ms',
        runs.map((run) => run.gap),
      ),
      figureOf(
        '1,000 streams, cores',
        'cores',
        runs.map((run) => run.cores),
      ),
      figureOf(
        '1,000 streams, memory',
        'MB',
        runs.map((run) => run.memory),
        { worst: true },
      ),
    ];
  });
}

/** From the start of the command to the first whole answer, and what the process holds when nobody asks; the compile cache is warm. */
async function idle({ rounds, share }: Extent): Promise<readonly Figure[]> {
  return onStage(async (stage) => {
    const first = await stage.startGateway('idle');
    await first.stop();
    const [startS, memoryMb]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const port = await freePort();
      const beganAt = performance.now();
      const gateway = await stage.startGateway('idle', { key: first.key, port });
      await faultless(stage.run({ type: 'whole', port, key: first.key, callers: 1, requests: 1 }));
      startS.push((performance.now() - beganAt) / 1_000);
      await new Promise((resolve) => setTimeout(resolve, 5_000 * share));
      memoryMb.push(residentMb(gateway.pid));
      await gateway.stop();
    }
    return [figureOf('start to first answer', 's', startS), figureOf('idle memory', 'MB', memoryMb)];
  });
}

async function proof({ rounds }: Extent): Promise<readonly Figure[]> {
  const secondsOf = async (args: readonly string[]): Promise<readonly number[]> => {
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) seconds.push(Number(await outputOf('bench/proof.bench.ts', args)));
    return seconds;
  };
  const figures = [figureOf('proof of 12 upstreams', 's', await secondsOf([]))];
  let slowest: readonly number[] = [];
  for (const house of readdirSync(join(ROOT, 'examples'))) {
    const seconds = await secondsOf([join(ROOT, 'examples', house, 'gatehouse.yaml')]);
    figures.push(figureOf(`proof of ${house}`, 's', seconds));
    if (slowest.length === 0 || percentile(seconds, 0.5) > percentile(slowest, 0.5)) slowest = seconds;
  }
  return [...figures, figureOf('proof of the slowest example house', 's', slowest)];
}

async function backtest({ rounds }: Extent): Promise<readonly Figure[]> {
  const perSecond: number[] = [];
  for (let round = 0; round < rounds; round++) perSecond.push(Number(await outputOf('bench/backtest.bench.ts')));
  return [figureOf('backtest, from facts', 'a second', perSecond)];
}

/** Questions to a record of a million calls: one process writes it and asks each question 20 times. */
async function asking({ share }: Extent): Promise<readonly Figure[]> {
  const questions = JSON.parse(await outputOf('bench/asking.bench.ts', [String(Math.ceil(1_000_000 * share))])) as readonly {
    readonly name: string;
    readonly tookMs: readonly number[];
  }[];
  return questions.map(({ name, tookMs }) => figureOf(`asking: ${name}`, 'ms', tookMs, { worst: true }));
}

/** How large a record of a million small calls becomes, and one of an agent's run. */
async function room({ share }: Extent): Promise<readonly Figure[]> {
  const taken = JSON.parse(await outputOf('bench/record-space.bench.ts', [String(Math.ceil(1_000_000 * share))])) as {
    readonly timesSmaller: number;
    readonly bytesPerCall: number;
  };
  return [
    figureOf('room: a run of 100 turns, times smaller than its requests', '×', [taken.timesSmaller]),
    figureOf('room: a small call', 'bytes', [taken.bytesPerCall]),
  ];
}

async function onStage<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await Stage.open();
  try {
    return await work(stage);
  } finally {
    await stage.close();
  }
}

/** Both in every round, so that whatever else the machine does meets both. */
async function interleaved<T>(rounds: number, ours: () => Promise<T>, reference: () => Promise<T>): Promise<readonly (readonly [T, T])[]> {
  const pairs: (readonly [T, T])[] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await ours(), await reference()]);
  return pairs;
}

function compared(name: string, pairs: readonly (readonly [number, number])[]): readonly Figure[] {
  return [
    figureOf(
      `${name}, gateway`,
      'µs',
      pairs.map(([ours]) => ours),
    ),
    figureOf(
      `${name}, reference`,
      'µs',
      pairs.map(([, reference]) => reference),
    ),
    figureOf(
      `${name}, times the reference`,
      '×',
      pairs.map(([ours, reference]) => ours / reference),
    ),
  ];
}

/** A figure of answers that were wrong is none. */
async function faultless<T extends { readonly failed: number }>(running: Promise<T>): Promise<T> {
  const seen = await running;
  if (seen.failed > 0) throw new Error(`${seen.failed} requests had no whole answer`);
  return seen;
}

/** What a program of the bench prints, run under the flags of the server. */
async function outputOf(file: string, args: readonly string[] = []): Promise<string> {
  const child = spawn(process.execPath, [...HARDENING, file, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const piece of child.stdout) output += String(piece);
  if (output === '') throw new Error(`${file} printed nothing`);
  return output;
}

import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '#scripts/tree.ts';
import type { Job, Seen } from './job.ts';

/** A process that listens. */
export interface Serving {
  readonly pid: number;
  readonly port: number;
  readonly key: string;
  stop(): Promise<void>;
}

/** The reference: one port for whole answers, one that does not buffer. */
export interface Reference {
  readonly pid: number;
  readonly wholePort: number;
  readonly streamPort: number;
}

/** Model server and callers, each a process of its own, and a folder that goes away with them. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  readonly #children: ChildProcess[] = [];
  #modelPort = 0;
  #load: ChildProcess | null = null;

  static async open(): Promise<Stage> {
    const stage = new Stage();
    const model = stage.#fork('model-server.bench.ts');
    const load = stage.#fork('load.bench.ts');
    const [[listening]] = await Promise.all([once(model, 'message') as Promise<[{ port: number }]>, once(load, 'message')]);
    stage.#modelPort = listening.port;
    stage.#load = load;
    return stage;
  }

  get modelPort(): number {
    return this.#modelPort;
  }

  /** Lets the callers do one job. */
  async run(job: Job): Promise<Seen> {
    if (!this.#load) throw new Error('the stage is not open');
    const seen = once(this.#load, 'message') as Promise<[Seen]>;
    this.#load.send(job);
    return (await seen)[0];
  }

  /**
   * Starts the gateway as anybody would, on a data folder of its own; resolves when it says that it serves. The key of an earlier start on
   * the same folder has to be given, because it is shown only once.
   */
  async startGateway(name: string, options: { readonly key?: string; readonly port?: number } = {}): Promise<Serving> {
    const port = options.port ?? (await freePort());
    const args = ['up', '--policy', this.#policy(name), '--data', join(this.folder, name), '--listen', `127.0.0.1:${port}`];
    const { child, said } = await this.#startHouse(join(ROOT, 'gatehouse'), args);
    return { ...servingOf(child), port, key: options.key ?? keyIn(said) };
  }

  /** Starts the same house with a record that keeps nothing, under the launcher's flags. */
  async startUnrecorded(name: string): Promise<Serving> {
    const port = await freePort();
    const flags = /exec "\$node" (.*) "\$here/.exec(readFileSync(join(ROOT, 'gatehouse'), 'utf8'))?.[1]?.split(' ') ?? [];
    const args = [
      ...flags,
      join(ROOT, 'bench/unrecorded-house.bench.ts'),
      this.#policy(name),
      join(this.folder, name),
      `127.0.0.1:${port}`,
    ];
    const { child, said } = await this.#startHouse(process.execPath, args);
    return { ...servingOf(child), port, key: keyIn(said) };
  }

  /** Starts the least that a proxy of the same parts can be. */
  async startBareProxy(): Promise<Pick<Serving, 'pid' | 'port'>> {
    const child = this.#fork('bare-proxy.bench.ts', [String(this.#modelPort)]);
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    return { pid: pidOf(child), port };
  }

  #policy(name: string): string {
    const policy = join(this.folder, `${name}.yaml`);
    writeFileSync(policy, readFileSync(join(ROOT, 'bench/house.yaml'), 'utf8').replaceAll('MODEL_PORT', String(this.#modelPort)));
    return policy;
  }

  /** Resolves with what it said when it says what to try: then it serves. */
  async #startHouse(command: string, args: readonly string[]): Promise<{ readonly child: ChildProcess; readonly said: string }> {
    const child = this.#keep(spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] }));
    let said = '';
    for await (const piece of child.stdout ?? []) {
      said += String(piece);
      if (said.includes('Try:')) return { child, said };
    }
    throw new Error('the gateway does not start');
  }

  /** Starts nginx in front of the same model server. */
  async startReference(): Promise<Reference> {
    const [wholePort, streamPort] = [await freePort(), await freePort()];
    const ports: Readonly<Record<string, number>> = { MODEL_PORT: this.#modelPort, WHOLE_PORT: wholePort, STREAM_PORT: streamPort };
    const conf = join(this.folder, 'nginx.conf');
    const text = readFileSync(join(ROOT, 'bench/nginx.conf'), 'utf8');
    writeFileSync(
      conf,
      text.replaceAll(/[A-Z]+_PORT/g, (name) => String(ports[name])),
    );
    const child = this.#keep(spawn('nginx', ['-p', this.folder, '-c', conf, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] }));
    await this.#answers(streamPort);
    return { pid: pidOf(child), wholePort, streamPort };
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map(stopped));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #fork(file: string, args: readonly string[] = []): ChildProcess {
    return this.#keep(fork(join(ROOT, 'bench', file), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#children.push(child);
    return child;
  }

  async #answers(port: number): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const seen = await this.run({ type: 'whole', port, key: '', callers: 1, requests: 1 });
      if (seen.failed === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`nobody answers on port ${port}`);
  }
}

/** Whether nginx is here to be compared with. */
export async function hasReference(): Promise<boolean> {
  const child = spawn('nginx', ['-v'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

function servingOf(child: ChildProcess): { readonly pid: number; stop(): Promise<void> } {
  return { pid: pidOf(child), stop: () => stopped(child) };
}

function keyIn(said: string): string {
  return /\bgh_\w+/.exec(said)?.[0] ?? '';
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`${child.spawnfile} did not start`);
  return child.pid;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

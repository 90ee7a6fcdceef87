import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a query came to. */
export interface Asked {
  readonly status: string;
  readonly error: string | null;
  readonly series: readonly Series[];
}

/** A Prometheus that scrapes one house. */
export interface Prometheus {
  /** One query, now. */
  query(expr: string): Promise<Asked>;
  /** The values that a label has in some series. */
  labelValues(metric: string, label: string): Promise<readonly string[]>;
  /** Asks again and again, since nothing tells when it has scraped; resolves with the first answer that passes. */
  until(expr: string, passes: (series: readonly Series[]) => boolean): Promise<readonly Series[]>;
}

/** So long something is waited for that never comes. */
const patienceMs = 20_000;

/** What this machine lacks; null if nothing. */
export const lacksPrometheus =
  spawnSync('prometheus', ['--version'], { stdio: 'ignore' }).status === 0 ? null : 'prometheus is not installed';

/** Starts one on loopback, with the settings of the page of metrics but for the interval; it ends with the test. */
export async function startPrometheus(
  t: TestContext,
  { target, key }: { readonly target: string; readonly key: string },
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-prometheus-'));
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, key, { mode: 0o600 });
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: gatehouse
    authorization: { credentials_file: ${keyFile} }
    static_configs: [{ targets: ["${target}"] }]
`,
  );
  const words = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'series')}`,
    '--web.listen-address=127.0.0.1:0',
    '--log.format=json',
  ];
  const child = spawn('prometheus', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const origin = await listensAt(child.stderr);
  const ask = async (path: string, asked: Readonly<Record<string, string>>): Promise<string> =>
    (await fetch(`${origin}${path}?${new URLSearchParams(asked).toString()}`)).text();
  const query = async (expr: string): Promise<Asked> => {
    const { status, error, data }: Answer<Vector> = JSON.parse(await ask('/api/v1/query', { query: expr }));
    const rows = data?.result ?? [];
    return { status, error: error ?? null, series: rows.map(({ metric, value: [, value] }) => ({ metric, value: numberOf(value) })) };
  };
  return {
    query,
    labelValues: async (metric, label) => {
      const { data = [] }: Answer<readonly string[]> = JSON.parse(await ask(`/api/v1/label/${label}/values`, { 'match[]': metric }));
      return data;
    },
    until: async (expr, passes) => {
      const end = performance.now() + patienceMs;
      for (;;) {
        const { series } = await query(expr);
        if (passes(series)) return series;
        if (performance.now() > end) throw new Error(`${expr} came to ${JSON.stringify(series)} for ${patienceMs} ms`);
        await pause(50);
      }
    },
  };
}

interface Answer<Data> {
  readonly status: string;
  readonly error?: string;
  readonly data?: Data;
}

interface Vector {
  readonly result: readonly { readonly metric: Series['metric']; readonly value: readonly [number, string] }[];
}

/** Its address, as soon as it is ready; it says so on standard error. */
async function listensAt(stderr: NodeJS.ReadableStream): Promise<string> {
  const said: string[] = [];
  const lines = createInterface({ input: stderr });
  const address = Promise.withResolvers<string>();
  let origin = '';
  // Read to its end, or a full pipe would stop it.
  lines.on('line', (line) => {
    said.push(line);
    const { msg, address: at }: { readonly msg?: string; readonly address?: string } = line.startsWith('{') ? JSON.parse(line) : {};
    if (msg === 'Listening on' && at !== undefined) origin = `http://${at}`;
    if (msg === 'Server is ready to receive web requests.') address.resolve(origin);
  });
  lines.on('close', () => address.reject(new Error(`prometheus ended:\n${said.join('\n')}`)));
  return address.promise;
}

function numberOf(value: string): number {
  return Number(value.replace('Inf', 'Infinity'));
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startHouse } from '#compose/start-house.ts';
import type { RunningHouse, StartOptions } from '#compose/start-house.ts';
import { loadPolicyFile } from '#config/load.ts';
import type { Intent, Terminal } from '#core/record/record.ts';
import { askOperator } from '#egress/operator-socket.ts';
import { readView } from '#test/record/read-view.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import type { Told } from '#telemetry/ports.ts';
import { startModelServer } from './model-server.ts';
import type { ModelServer } from './model-server.ts';

/** What a machine of a test's house is: what it serves, and how it answers. */
export interface MachineSetting {
  /** Default: a model called like the machine. */
  readonly models?: readonly string[];
  readonly does: Script | ScriptHandler;
}

/** One line of `gatehouse log router-decisions`. */
export type DecisionLine =
  | ({ readonly type: 'start' } & Intent)
  | ({ readonly type: 'terminal' } & Terminal)
  | { readonly type: 'admin'; readonly action: string; readonly subject: string }
  | { readonly type: 'interrupted'; readonly id: string; readonly why: string };

/** A whole house in this process, with real listeners and machines on loopback. */
export interface HouseOnLoopback<Name extends string> {
  readonly machines: Readonly<Record<Name, ModelServer>>;
  /** The house that runs now; another one after `restart`. */
  readonly house: () => RunningHouse;
  /** `http://127.0.0.1:port`, the same after `restart`. */
  readonly origin: () => string;
  readonly port: () => number;
  /** The first key ever made. */
  readonly key: string;
  readonly folder: string;
  readonly told: readonly Told[];
  readonly faults: readonly unknown[];
  /** Makes a key for a profile, through the operator's socket. */
  newKey(profile: string, name?: string): Promise<string>;
  /** Asks through the operator's socket. */
  operator(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly json: never; readonly text: string }>;
  /** Writes another policy into the file; nothing reads it yet. */
  writePolicy(text: (urls: Readonly<Record<Name, string>>) => string): void;
  /** Resolves once something was told that passes; also of what was told before. */
  untilTold(passes: (told: Told) => boolean): Promise<void>;
  /** Ends the house and starts one again on the same folder and port; `between` happens while none runs. */
  restart(between?: () => void): Promise<void>;
  /** The lines of the record so far. */
  decisions(): readonly DecisionLine[];
}

/** Starts a house for one test; everything is closed afterwards, and that the house had no faults of its own is asserted. */
export async function startHouseOnLoopback<Name extends string>(
  t: TestContext,
  settings: Readonly<Record<Name, MachineSetting>>,
  policy: (urls: Readonly<Record<Name, string>>) => string,
  more: Pick<StartOptions, 'clock' | 'limits'> = {},
): Promise<HouseOnLoopback<Name>> {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-'));
  const folder = join(root, 'data');
  const policyPath = join(root, 'gatehouse.yaml');
  const told: Told[] = [];
  const faults: unknown[] = [];
  const wakes = new Set<() => void>();
  const servers = new Map<string, ModelServer>();
  let house: RunningHouse | null = null;
  t.after(async () => {
    await house?.close(0);
    await Promise.all([...servers.values()].map(({ server }) => server.close()));
    rmSync(root, { recursive: true, force: true });
    if (faults.length > 0) throw new AggregateError(faults, 'the house had faults of its own');
  });
  const names = Object.keys(settings) as Name[];
  for (const name of names) servers.set(name, await startModelServer(name, settings[name].models ?? [name], settings[name].does));
  const machines = Object.fromEntries(servers) as Record<Name, ModelServer>;
  const urls = Object.fromEntries(names.map((name) => [name, machines[name].server.url])) as Record<Name, string>;
  writeFileSync(policyPath, policy(urls));

  const start = async (listen: string): Promise<RunningHouse> => {
    const started = await startHouse({
      version: '0.0.0-test',
      readPolicy: () => loadPolicyFile(policyPath, { file: 'gatehouse.yaml', env: {} }),
      policyPath,
      dataFolder: folder,
      listen: [listen],
      demo: null,
      ...more,
      onTold: (one) => {
        told.push(one);
        for (const wake of wakes) wake();
      },
      onFault: (_, error) => void faults.push(error),
    });
    if ('refused' in started) throw new Error(JSON.stringify(started.refused.problems, null, 1));
    if ('problem' in started) throw new Error(`${started.problem}: ${started.remedy}`);
    return started;
  };
  house = await start('127.0.0.1:0');
  const [address = ''] = house.addresses;
  const running = (): RunningHouse => {
    if (!house) throw new Error('the house does not run');
    return house;
  };
  const operator: HouseOnLoopback<Name>['operator'] = async (method, path, body) => {
    const reply = await askOperator(running().operatorSocket, { method, path, ...(body === undefined ? {} : { body }) });
    const text = await reply.text();
    return { status: reply.status, text, json: (text.startsWith('{') ? JSON.parse(text) : null) as never };
  };
  return {
    machines,
    house: running,
    origin: () => `http://${address}`,
    port: () => Number(address.split(':')[1]),
    key: house.firstKey ?? '',
    folder,
    told,
    faults,
    operator,
    newKey: async (profile, name = profile) => {
      const made: { readonly json: { readonly key: string }; readonly status: number } = await operator('POST', '/admin/keys', {
        profile,
        name,
      });
      if (made.status !== 201) throw new Error(`no key: ${JSON.stringify(made.json)}`);
      return made.json.key;
    },
    writePolicy: (text) => writeFileSync(policyPath, text(urls)),
    untilTold: (passes) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!told.some(passes)) return;
          wakes.delete(look);
          resolve();
        };
        wakes.add(look);
        look();
      }),
    restart: async (between) => {
      await running().close(1_000);
      house = null;
      between?.();
      house = await start(address);
    },
    decisions: () => readView(folder, 'router-decisions').map((line): DecisionLine => JSON.parse(line)),
  };
}

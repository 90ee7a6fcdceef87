import type { TestContext } from 'node:test';
import type { PolicyFile } from '#config/schema.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import type { ScriptedServer, ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { HouseUnderTest } from './house-under-test.ts';
import type { HouseOptions } from './house-under-test.ts';

type UpstreamPart = Partial<PolicyFile['upstreams'][string]>;

/** One machine: what it does, and what the policy says of it besides. */
export interface Machine extends UpstreamPart {
  readonly does: Script | ScriptHandler;
}

export interface StageSetting<Name extends string> extends HouseOptions {
  readonly machines: Readonly<Record<Name, Machine | Script | ScriptHandler>>;
  /** Left out: `chat` goes to the first machine, and the others stand behind it in order. */
  readonly routes?: PolicyFile['routes'];
  readonly profiles?: PolicyFile['profiles'];
  readonly classify?: PolicyFile['classify'];
  readonly cost?: PolicyFile['cost'];
}

export interface Stage<Name extends string> {
  readonly under: HouseUnderTest;
  readonly machines: Readonly<Record<Name, ScriptedServer>>;
  /** The policy in force, and what a change of it looks like. */
  readonly policyWith: (change: (policy: PolicyFile) => PolicyFile) => string;
}

/** A house and its machines, for one test. Everything is closed afterwards, and the house is asserted to be at rest first. */
export async function setStage<Name extends string>(t: TestContext, setting: StageSetting<Name>): Promise<Stage<Name>> {
  const names = Object.keys(setting.machines).filter((name): name is Name => name in setting.machines);
  const servers = new Map<Name, ScriptedServer>();
  let under: HouseUnderTest | null = null;
  t.after(async () => {
    try {
      await under?.assertAtRest();
    } finally {
      under?.close();
      await Promise.all([...servers.values()].map((server) => server.close()));
    }
  });
  const upstreams: Record<string, PolicyFile['upstreams'][string]> = {};
  for (const name of names) {
    const { does, ...part } = machineOf(setting.machines[name]);
    const server = await startScriptedServer(typeof does === 'function' ? does : () => does);
    servers.set(name, server);
    upstreams[name] = { kind: 'scripted', url: server.url, slots: 4, models: { m: { context: '32k' } }, ...part };
  }
  const [first = '', ...others] = names;
  const policy: PolicyFile = {
    version: 1,
    house: 'home',
    upstreams,
    routes: setting.routes ?? { chat: { target: first, ...(others.length > 0 ? { failover: others } : {}) } },
    ...(setting.profiles ? { profiles: setting.profiles } : {}),
    ...(setting.classify ? { classify: setting.classify } : {}),
    ...(setting.cost ? { cost: setting.cost } : {}),
  };
  under = new HouseUnderTest(JSON.stringify(policy, null, 1), setting);
  await under.resolveAll();
  return { under, machines: machinesBy(names, servers), policyWith: (change) => JSON.stringify(change(policy), null, 1) };
}

function machineOf(machine: Machine | Script | ScriptHandler): Machine {
  return typeof machine === 'function' ? { does: machine } : 'does' in machine ? machine : { does: machine };
}

function machinesBy<Name extends string>(names: readonly Name[], servers: ReadonlyMap<Name, ScriptedServer>): Record<Name, ScriptedServer> {
  const machines: Partial<Record<Name, ScriptedServer>> = {};
  for (const name of names) {
    const server = servers.get(name);
    if (server) machines[name] = server;
  }
  return hasAll(machines, names) ? machines : never();
}

function hasAll<Name extends string>(
  machines: Partial<Record<Name, ScriptedServer>>,
  names: readonly Name[],
): machines is Record<Name, ScriptedServer> {
  return names.every((name) => machines[name] !== undefined);
}

function never(): never {
  throw new Error('every machine was started');
}

import type { PolicyFile } from '#config/schema.ts';
import { startDemoMachines } from '#upstreams/scripted/demo-house.ts';
import { demoMachineSpecs, demoPolicy } from './demo-policy.ts';

/** The demo house under way: its policy, and machines that can be broken. */
export interface Demo {
  readonly policy: PolicyFile;
  names(): readonly string[];
  /** The names of the machines that are broken now. */
  broken(): readonly string[];
  /** As if its power were cut. */
  break(name: string): Promise<void>;
  mend(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the machines of the demo house in this process, on free ports of loopback. */
export async function startDemo(options: { readonly listen: readonly string[] }): Promise<Demo> {
  const machines = await startDemoMachines(demoMachineSpecs);
  return {
    policy: demoPolicy(machines.urls, options),
    names: () => [...machines.machines.keys()],
    broken: () => machines.broken(),
    break: (name) => machines.break(name),
    mend: (name) => machines.mend(name),
    close: () => machines.close(),
  };
}

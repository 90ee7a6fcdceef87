import { startDemoMachine } from './demo-machine.ts';
import type { DemoMachine, DemoMachineSpec } from './demo-machine.ts';

/** The running machines of a demo house. */
export interface DemoHouse {
  /** Where each machine listens, by name. */
  readonly urls: ReadonlyMap<string, string>;
  readonly machines: ReadonlyMap<string, DemoMachine>;
  /** The names of the machines that are broken now. */
  broken(): readonly string[];
  /** As if its power were cut. Throws `UnknownDemoMachine`. */
  break(name: string): Promise<void>;
  /** Throws `UnknownDemoMachine`. */
  mend(name: string): Promise<void>;
  close(): Promise<void>;
}

/** There is no demo machine of that name; the message lists those there are. */
export class UnknownDemoMachine extends Error {
  override readonly name = 'UnknownDemoMachine';

  constructor(asked: string, known: readonly string[]) {
    super(`no demo machine "${asked}"; there are ${known.join(', ')}`);
  }
}

/** Starts all machines of a demo house. If one cannot start, none is left running. */
export async function startDemoMachines(specs: readonly DemoMachineSpec[]): Promise<DemoHouse> {
  const machines = new Map<string, DemoMachine>();
  const closeAll = async (): Promise<void> => {
    await Promise.all([...machines.values()].map((machine) => machine.close()));
  };
  try {
    for (const spec of specs) machines.set(spec.name, await startDemoMachine(spec));
  } catch (error) {
    await closeAll();
    throw error;
  }
  const named = (name: string): DemoMachine => {
    const machine = machines.get(name);
    if (machine === undefined) throw new UnknownDemoMachine(name, [...machines.keys()]);
    return machine;
  };
  return {
    urls: new Map([...machines].map(([name, machine]) => [name, machine.url])),
    machines,
    broken: () => [...machines.values()].filter((machine) => machine.broken()).map((machine) => machine.name),
    break: async (name) => named(name).break(),
    mend: async (name) => named(name).mend(),
    close: closeAll,
  };
}

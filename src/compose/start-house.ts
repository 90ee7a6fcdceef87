import { randomBytes } from 'node:crypto';
import type { LoadedPolicy, RefusedPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import type { DemoMachines, Reloaded } from '#control/control.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { systemResolver } from '#egress/resolver.ts';
import type { Resolver } from '#egress/resolver.ts';
import type { ActiveCall } from '#gateway/active-calls.ts';
import type { Clock } from '#gateway/ports.ts';
import type { ListenerLimits } from '#http/door.ts';
import { KeyRing } from '#identity/key-ring.ts';
import { openLogStore } from '#record/open-log-store.ts';
import { openDataFolder } from '#store/data-folder.ts';
import type { DataFolder } from '#store/data-folder.ts';
import { readDrains } from '#store/drains.ts';
import { isStartProblem } from '#store/ports.ts';
import type { StartProblem } from '#store/ports.ts';
import type { Told } from '#telemetry/ports.ts';
import { houseParts } from './house-parts.ts';
import { openDoors } from './open-doors.ts';
import { policyInForce, recordSettings } from './policy-in-force.ts';
import { provenPolicy } from './prove-house.ts';
import { systemClock } from './system-clock.ts';

/** What a house is started with. */
export interface StartOptions {
  readonly version: string;
  /** Reads the policy, at the start and at each reload. */
  readonly readPolicy: () => LoadedPolicy | RefusedPolicy;
  /** The file it comes from; null for a house that was found or is a demo. */
  readonly policyPath: string | null;
  readonly dataFolder: string;
  /** Instead of the policy's `listen`. */
  readonly listen?: readonly string[];
  readonly demo: DemoMachines | null;
  /** Hears everything that happens, at once. */
  readonly onTold: (told: Told) => void;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Bounds of the listeners; for tests that cannot wait. */
  readonly limits?: Partial<ListenerLimits>;
  /** Who looks names up. Default: the machine. */
  readonly resolver?: Resolver;
  /** Hears of faults of our own, with the id of the request. */
  readonly onFault: (requestId: string, error: unknown) => void;
}

/** A house that serves. */
export interface RunningHouse {
  /** `host:port`, as they really are. */
  readonly addresses: readonly string[];
  /** The socket through which the operator comes in. */
  readonly operatorSocket: string;
  /** The key made at the first start: shown once, kept nowhere. */
  readonly firstKey: string | null;
  /** What loads but can hardly be meant, or is not yet in force: whole lines. */
  readonly warnings: readonly string[];
  tables(): PolicyTables;
  reload(): Promise<Reloaded>;
  /** Calls under way. */
  active(): readonly ActiveCall[];
  /** Takes no new work, lets what runs end for `graceMs`, then cuts it. */
  close(graceMs: number): Promise<void>;
}

/** The policy does not load; nothing was started. */
export interface PolicyRefused {
  readonly refused: RefusedPolicy;
}

/** Starts a house, or says why it cannot be. What was started is taken down again if a later part cannot be. */
export async function startHouse(options: StartOptions): Promise<RunningHouse | StartProblem | PolicyRefused> {
  const loaded = provenPolicy(options.readPolicy());
  if (!loaded.ok) return { refused: loaded };
  const folder = await openDataFolder(options.dataFolder);
  if (isStartProblem(folder)) return folder;
  const undo: Undo[] = [() => folder.close()];
  const started = await assemble(options, { loaded, folder, undo });
  if (isStartProblem(started)) for (const step of undo.toReversed()) await step();
  return started;
}

type Undo = () => void | Promise<void>;

async function assemble(
  options: StartOptions,
  { loaded, folder, undo }: { readonly loaded: LoadedPolicy; readonly folder: DataFolder; readonly undo: Undo[] },
): Promise<RunningHouse | StartProblem> {
  const clock = options.clock ?? systemClock;
  const keys = await KeyRing.open(folder.files, { random: (bytes) => randomBytes(bytes), now: () => clock.wallNow() });
  if (isStartProblem(keys)) return keys;
  const drains = await readDrains(folder.files);
  if (isStartProblem(drains)) return drains;
  // What is said before there is anybody to tell is told as soon as there is.
  const said: string[] = [];
  let tell = (note: string): void => void said.push(note);
  const settings = recordSettings(loaded.policy);
  const store = await openLogStore({ folder: folder.path, clock, settings, tell: (note) => tell(note) });
  if (isStartProblem(store)) return store;
  undo.push(() => store.close());
  const parts = houseParts({ ...options, clock, resolver: options.resolver ?? systemResolver(), loaded, folder, keys, store });
  undo.push(() => parts.stop());
  tell = (message) => parts.telemetry.watch.tell({ type: 'record', message });
  for (const note of said) tell(note);
  await store.commitFirst([policyInForce(loaded)]);
  for (const drain of drains) parts.house.fleet.setDrain(drain, true);
  const { policy } = parts.house.tables();
  const doors = await openDoors(parts, keys, {
    clock,
    folder: folder.path,
    listen: options.listen ?? policy.listen,
    onFault: options.onFault,
    limits: options.limits ?? {},
  });
  if (isStartProblem(doors)) return doors;
  const firstKey = keys.isEmpty() ? (await keys.create({ profile: policy.profiles[0]?.name ?? '', name: 'first' })).key : null;
  await parts.start();
  return {
    addresses: doors.addresses,
    operatorSocket: doors.operatorSocket,
    firstKey,
    warnings: [...loaded.warnings, ...loaded.notes].map(formatProblem),
    tables: () => parts.house.tables(),
    reload: () => parts.control.reload(),
    active: () => parts.house.active.list(),
    close: async (graceMs) => {
      parts.beginClosing();
      await doors.close(graceMs);
      await parts.finish();
      parts.stop();
      await store.close();
      folder.close();
    },
  };
}

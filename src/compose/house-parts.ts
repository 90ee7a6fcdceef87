import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import type { LoadedPolicy, RefusedPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import type { Control, DemoMachines, Reloaded } from '#control/control.ts';
import { tracesPartyName } from '#core/policy/policy.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { createDialer } from '#egress/dialer.ts';
import type { HouseDialer } from '#egress/dialer.ts';
import type { Resolver } from '#egress/resolver.ts';
import { ActiveCalls } from '#gateway/active-calls.ts';
import { BusyMeter } from '#gateway/busy-meter.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { House } from '#gateway/house.ts';
import type { Clock } from '#gateway/ports.ts';
import { Prober } from '#gateway/prober.ts';
import type { KeyRing } from '#identity/key-ring.ts';
import { AskingThread } from '#record/asking/asking-thread.ts';
import { eraseThrough } from '#record/erase-command.ts';
import type { LogStore } from '#record/log-store.ts';
import { Recovery } from '#recovery/recovery.ts';
import type { DataFolder } from '#store/data-folder.ts';
import { writeDrains } from '#store/drains.ts';
import { noLimits } from '#store/no-limits.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { RecordSink, Store } from '#store/ports.ts';
import { recordSinkOf } from '#store/record-sink.ts';
import { surfaces } from '#surfaces/registry.ts';
import type { HouseFigures } from '#telemetry/house-figures.ts';
import type { Told } from '#telemetry/ports.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { measuredStore } from '#telemetry/measured-store.ts';
import { readProcess } from '#telemetry/process-figures.ts';
import { statsOf } from '#telemetry/stats.ts';
import { createTelemetry } from '#telemetry/watch.ts';
import type { Telemetry } from '#telemetry/watch.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import { commandEnvironment } from './command-environment.ts';
import { endingClock } from './ending-clock.ts';
import { figuresOf } from './figures.ts';
import { policyInForce, recordSettings } from './policy-in-force.ts';
import { provenPolicy } from './prove-house.ts';
import { collectorOf, partiesOf, traceParts, tracesKeyHeaders } from './trace-parts.ts';
import type { TraceParts } from './trace-parts.ts';

/** What the parts are made from. */
export interface HouseGround {
  readonly version: string;
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly loaded: LoadedPolicy;
  /** Reads the policy again, at each reload. */
  readonly readPolicy: () => LoadedPolicy | RefusedPolicy;
  readonly policyPath: string | null;
  readonly folder: DataFolder;
  readonly keys: KeyRing;
  readonly store: Store & Pick<LogStore, 'use' | 'ask' | 'standing'>;
  readonly demo: DemoMachines | null;
  readonly onTold: (told: Told) => void;
}

/** Everything between the policy and the listeners. */
export interface HouseParts {
  readonly house: House;
  readonly control: Control;
  readonly telemetry: Telemetry;
  /** Where it is listened, for whoever asks; filled in by whoever opens the listeners. */
  readonly addresses: string[];
  /** Looks every upstream's name up, then begins to look after the machines. */
  start(): Promise<void>;
  beginClosing(): void;
  /** Tells what is still to be told of the calls that have ended. */
  finish(): Promise<void>;
  stop(): void;
}

/** The policy in force, and the one place where it changes. */
interface InForce {
  policy: LoadedPolicy;
  tables: PolicyTables;
}

/** Builds the parts of a house and wires them. Nothing is listened on and nobody is asked yet. */
export function houseParts(ground: HouseGround): HouseParts {
  const inForce: InForce = { policy: ground.loaded, tables: tablesOf(ground.loaded.policy, ground.loaded.hash) };
  const telemetry = createTelemetry({ now: () => ground.clock.wallNow() });
  const metrics = new Metrics(() => inForce.tables.policy.cost?.currency ?? '');
  telemetry.subscribe(ground.onTold);
  telemetry.subscribe(({ happening }) => metrics.observe(happening));
  const clock = endingClock(ground.clock);
  const fleet = new FleetState(inForce.tables, { clock, watch: telemetry.watch });
  const dialer = dialerFor(inForce, telemetry, ground);
  let closing = false;
  const traces = traceParts({
    version: ground.version,
    tables: () => inForce.tables,
    dialer,
    clock,
    digest: sha256,
    watch: telemetry.watch,
  });
  const house = houseOf(
    { inForce, fleet, dialer, telemetry },
    { ground, clock, closing: () => closing, record: traces.record(recordSinkOf(measured(ground.store, metrics, clock))) },
  );
  const prober = new Prober({
    tables: () => inForce.tables,
    fleet,
    dialer,
    resolve: (name) => dialer.resolve(name),
    kindOf,
    clock,
    stillOut: (upstream) => watchdog(upstream, fleet, recovery),
  });
  const recovery = recoveryOf({ inForce, telemetry, prober }, ground);
  const asking = new AskingThread(ground.folder.path);
  const addresses: string[] = [];
  const control = controlOf({
    ground,
    house,
    metrics,
    figures: () => figuresOf(house, { store: ground.store, folder: ground.folder.path, traces: traces.exporter }),
    telemetry,
    asking,
    addresses,
    reload: () => reload(ground, { inForce, fleet, dialer, telemetry, prober, traces }),
    recover: (upstream) => recovery.recover(upstream, 'operator'),
    demo: ground.demo === null ? null : lookingAfter(ground.demo, prober),
  });
  return {
    house,
    control,
    telemetry,
    addresses,
    start: async () => {
      await resolveAll(inForce.tables, dialer);
      void prober.start();
      void traces.start();
    },
    beginClosing: () => {
      closing = true;
    },
    finish: () => traces.exporter.stop(),
    stop: () => {
      prober.stop();
      recovery.stop();
      asking.close();
      dialer.close();
      clock.end();
    },
  };
}

/** The store as the calls use it, with its times and refusals counted. */
function measured(store: Store, metrics: Metrics, clock: Clock): Store {
  return measuredStore(store, () => clock.now(), {
    took: (seconds) => metrics.commitSeconds.observe([], seconds),
    refused: () => metrics.recordRefused.add([]),
  });
}

function recoveryOf(
  { inForce, telemetry, prober }: { readonly inForce: InForce; readonly telemetry: Telemetry; readonly prober: Prober },
  { store, policyPath, folder, clock }: HouseGround,
): Recovery {
  return new Recovery({
    commandOf: (upstream) => inForce.tables.upstreams.get(upstream)?.recover ?? null,
    store,
    watch: telemetry.watch,
    // Its last timers are those of the commands, which are killed at the close.
    clock,
    env: commandEnvironment(),
    cwd: policyPath === null ? folder.path : dirname(policyPath),
    succeeded: (upstream) => void prober.lookAt(upstream),
  });
}

/** A machine that the operator has drained is being worked on, perhaps; it is left alone. */
function watchdog(upstream: string, fleet: FleetState, recovery: Recovery): void {
  if (fleet.drains().some((drain) => drain.type === 'upstream' && drain.name === upstream)) return;
  void recovery.recover(upstream, 'watchdog');
}

function dialerFor(inForce: InForce, telemetry: Telemetry, { clock, resolver }: HouseGround): HouseDialer {
  return createDialer({
    upstreams: partiesOf(inForce.tables.policy),
    keyFor: (name) => (name === tracesPartyName ? tracesKeyHeaders(inForce.policy) : keyHeaders(name, inForce.policy)),
    inForce: (permit) => permit.policyHash === inForce.tables.hash,
    resolver,
    after: (delayMs, run) => clock.after(delayMs, run),
    onAlarm: (alarm) => telemetry.watch.tell({ type: 'alarm', upstream: alarm.upstream, message: alarm.message }),
  });
}

interface Moving {
  readonly inForce: InForce;
  readonly fleet: FleetState;
  readonly dialer: HouseDialer;
  readonly telemetry: Telemetry;
}

function houseOf(
  { inForce, fleet, dialer, telemetry }: Moving,
  {
    ground,
    clock,
    closing,
    record,
  }: { readonly ground: HouseGround; readonly clock: Clock; readonly closing: () => boolean; readonly record: RecordSink },
): House {
  let order = 0;
  return {
    tables: () => inForce.tables,
    fleet,
    active: new ActiveCalls(),
    busy: new BusyMeter(),
    dialer,
    record,
    limits: noLimits,
    watch: telemetry.watch,
    clock,
    digest: sha256,
    stillKnown: (principal) => principal.operator || ground.keys.isLive(principal.id),
    nextOrder: () => ++order,
    kindOf,
    closing,
  };
}

/** Reads the policy again. One swap without an await in it: no request sees half of either policy; a wrong file changes nothing. */
async function reload(
  ground: HouseGround,
  parts: Moving & { readonly prober: Prober; readonly traces: Pick<TraceParts, 'start'> },
): Promise<Reloaded> {
  const { inForce, fleet, dialer, telemetry, prober, traces } = parts;
  const next = provenPolicy(ground.readPolicy());
  if (!next.ok) {
    telemetry.watch.tell({ type: 'policy', hash: inForce.tables.hash, outcome: 'refused' });
    return { outcome: 'refused', problems: next.problems.map(formatProblem) };
  }
  if (!(await isKept(ground.store, next))) {
    telemetry.watch.tell({ type: 'policy', hash: inForce.tables.hash, outcome: 'refused' });
    return { outcome: 'refused', problems: ['The record cannot be written now, so the policy stays as it was.'] };
  }
  ground.store.use(recordSettings(next.policy));
  const collectorChanged = collectorOf(next) !== collectorOf(inForce.policy);
  inForce.policy = next;
  inForce.tables = tablesOf(next.policy, next.hash);
  dialer.setUpstreams(partiesOf(inForce.tables.policy));
  fleet.usePolicy(inForce.tables);
  telemetry.watch.tell({ type: 'policy', hash: next.hash, outcome: 'loaded' });
  await resolveAll(inForce.tables, dialer);
  void prober.round();
  if (collectorChanged) void traces.start();
  return { outcome: 'loaded', hash: next.hash, warnings: [...next.warnings, ...next.notes].map(formatProblem) };
}

/** A policy that the record does not know does not come into force: what it decides could not be decided again. */
async function isKept(store: Store, policy: LoadedPolicy): Promise<boolean> {
  try {
    await store.commit([policyInForce(policy)]);
    return true;
  } catch (error) {
    if (error instanceof RecordUnavailable) return false;
    throw error;
  }
}

interface ControlParts {
  readonly ground: HouseGround;
  readonly house: House;
  readonly metrics: Metrics;
  readonly figures: () => HouseFigures;
  readonly telemetry: Telemetry;
  readonly asking: AskingThread;
  readonly addresses: readonly string[];
  readonly reload: () => Promise<Reloaded>;
  readonly recover: Control['recover'];
  readonly demo: DemoMachines | null;
}

function controlOf({
  ground,
  house,
  metrics,
  figures,
  telemetry,
  asking,
  addresses,
  reload: readAgain,
  recover,
  demo,
}: ControlParts): Control {
  const { fleet, active } = house;
  const { keys, folder, store, clock } = ground;
  return {
    version: ground.version,
    surfaces,
    tables: () => house.tables(),
    policyPath: () => ground.policyPath,
    listening: () => addresses,
    fleet,
    setDrain: (drain, drained) => {
      fleet.setDrain(drain, drained);
      return writeDrains(folder.files, fleet.drains());
    },
    keys: { list: () => keys.list(), create: (wanted) => keys.create(wanted), revoke: (idOrName) => revoke(idOrName, keys, active) },
    reload: readAgain,
    recover,
    demo,
    clock,
    startedAt: clock.now(),
    digest: house.digest,
    recordWritable: () => house.record.writable(),
    metricsText: () => metrics.text(figures(), readProcess()),
    stats: () => statsOf(metrics, figures(), readProcess()),
    subscribe: (listener) => telemetry.subscribe(({ happening }) => listener(happening)),
    askRecord: (question) => asking.ask(question),
    score: (score) => store.commit([{ op: 'score', at: Math.round(clock.wallNow()), ...score }]),
    erase: (ask) => eraseThrough((name, what) => store.ask(name, what), { ask, by: 'operator', now: () => clock.wallNow() }),
    noteOperator: ({ action, subject }) => store.commit([{ op: 'operator', at: clock.wallNow(), action, subject }]),
  };
}

/** Whoever mends a machine of the demo wants to see it back now, not at its next probe. */
function lookingAfter(demo: DemoMachines, prober: Prober): DemoMachines {
  return {
    names: () => demo.names(),
    broken: () => demo.broken(),
    break: (name) => demo.break(name),
    mend: async (name) => {
      await demo.mend(name);
      void prober.round();
    },
  };
}

/** Revoking a key also cuts what it has under way. */
async function revoke(idOrName: string, keys: KeyRing, active: ActiveCalls): Promise<boolean> {
  const meant = keys.list().filter((key) => key.id === idOrName || key.name === idOrName);
  const done = await keys.revoke(idOrName);
  for (const key of meant) if (!keys.isLive(key.id)) active.cutOf(key.id);
  return done;
}

/** In hex. */
function sha256(text: string): string {
  return hash('sha256', text);
}

async function resolveAll(tables: PolicyTables, dialer: HouseDialer): Promise<void> {
  await Promise.all(tables.policy.upstreams.map((upstream) => dialer.resolve(upstream.name)));
}

function kindOf(name: string): UpstreamKind {
  const kind = upstreamKindNamed(name);
  if (!kind) throw new Error(`a loaded policy names only kinds that are registered, not ${name}`);
  return kind;
}

function keyHeaders(upstream: string, { policy, secrets }: LoadedPolicy): Readonly<Record<string, string>> {
  const key = secrets.get(upstream);
  const kind = policy.upstreams.find((each) => each.name === upstream)?.kind;
  return key === undefined || kind === undefined ? {} : kindOf(kind).authorise(key);
}

import { createHash } from 'node:crypto';
import { houseOf } from '#core/policy/policy-fixture.ts';
import type { HouseParts } from '#core/policy/policy-fixture.ts';
import type { Clocks, Exhausted, Profile, TargetId } from '#core/policy/policy.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Dice } from './random.ts';
import type { MachineSpec, VirtualModel } from './virtual-machine.ts';

/** What the machines of cameras and other callers without a person behind them are told. */
export const syntheticJson = { verdict: 'escalate', synthetic: true };

/** Two to five machines of several kinds, at most two of them outside the house. */
export function randomMachines(dice: Dice): readonly MachineSpec[] {
  return Array.from({ length: dice.int(2, 5) }, (_, at) => {
    const cloud = at > 0 && dice.chance(0.3);
    const kind = cloud ? 'openai' : dice.pick(['scripted', 'vllm', 'lmstudio', 'llamacpp', 'mlx']);
    return {
      name: `m${at}`,
      kind,
      url: `http://10.0.0.${at + 1}:8000`,
      location: cloud ? 'cloud' : 'house',
      // What the kind promises is kept; a machine of the others may or may not stop.
      stopsOnAbort: !['llamacpp', 'mlx'].includes(kind) || dice.chance(0.3),
      models: dice.chance(0.3)
        ? [randomModel('alpha', dice), randomModel('beta', dice)]
        : [randomModel(dice.pick(['alpha', 'beta']), dice)],
    };
  });
}

function randomModel(name: string, dice: Dice): VirtualModel {
  return {
    name,
    context: dice.pick([2_000, 8_000, 32_000, 32_000]),
    image: dice.chance(0.5),
    tools: dice.chance(0.7),
    ownSlots: dice.chance(0.15) ? 1 : null,
  };
}

/** A policy over the given machines: every way of ordering, waiting, holding back and giving up turns up in some of them. */
export function randomPolicy(machines: readonly MachineSpec[], dice: Dice): PolicyTables {
  const targets = machines.flatMap((machine) => machine.models.map((model): TargetId => `${machine.name}/${model.name}`));
  const routes: Record<string, NonNullable<HouseParts['routes']>[string]> = {};
  for (const name of ['r0', 'r1', 'r2', 'r3'].slice(0, dice.int(2, 4))) routes[name] = randomRoute(targets, dice);
  const names = Object.keys(routes);
  const [first = 'r0', second = first] = names;
  const classify = dice.chance(0.6);
  const { policy } = houseOf({
    upstreams: Object.fromEntries(machines.map((machine) => [machine.name, upstreamOf(machine, dice)])),
    routes,
    profiles: ['p0', 'p1', 'p2', 'p3'].map((name) => randomProfile(name, names, dice)),
    ...(classify
      ? {
          buckets: [
            { name: 'eyes', route: second, image: true },
            { name: 'coding', route: dice.pick(names), words: ['refactor'], above: [{ tokens: 400, route: dice.pick(names) }] },
            { name: 'rest', route: first },
          ],
        }
      : {}),
  });
  return tablesOf(policy, createHash('sha256').update(JSON.stringify(policy)).digest('hex'));
}

/** At least one candidate; nobody twice. */
function randomRoute(targets: readonly TargetId[], dice: Dice): { target: TargetId[]; spill: TargetId[]; failover: TargetId[] } {
  const left = [...targets];
  const take = (): TargetId[] => {
    const [taken] = left.splice(dice.int(0, left.length - 1), 1);
    return taken === undefined ? [] : [taken];
  };
  const target = [...take(), ...(dice.chance(0.3) ? take() : [])];
  const spill = dice.chance(0.5) ? take() : [];
  const failover = [...(dice.chance(0.7) ? take() : []), ...(dice.chance(0.3) ? take() : [])];
  return { target, spill, failover };
}

function upstreamOf(machine: MachineSpec, dice: Dice): HouseParts['upstreams'][string] {
  const { kind, url, location } = machine;
  return {
    kind,
    url,
    location,
    slots: location === 'house' ? dice.int(1, 3) : dice.pick([null, 2]),
    clocks: randomClocks(dice),
    assemble: dice.pick([null, null, true, false]),
    models: Object.fromEntries(
      machine.models.map(({ name, context, image, tools, ownSlots }) => [
        name,
        { context, tools, slots: ownSlots, input: image ? ['image' as const] : [] },
      ]),
    ),
  };
}

/** Small enough that stalls, loads and long answers meet them often. */
function randomClocks(dice: Dice): Clocks {
  return {
    connectMs: 1_000,
    loadMs: dice.pick([5_000, 30_000]),
    firstTokenMs: dice.pick([2_000, 8_000]),
    idleMs: dice.pick([2_000, 8_000]),
    replyMs: dice.pick([8_000, 30_000]),
    totalMs: dice.pick([20_000, 60_000]),
  };
}

function randomProfile(name: string, routes: readonly string[], dice: Dice): Partial<Profile> {
  const usable = dice.some(routes, 0.7);
  const exhausted: Exhausted = dice.pick([
    { type: 'error' },
    { type: 'error' },
    { type: 'queue', maxMs: dice.pick([3_000, 30_000]) },
    { type: 'reply', json: syntheticJson },
  ]);
  return {
    name,
    tier: dice.pick(['sovereign', 'sovereign', 'coordination', 'local-first', 'cloud-explicit']),
    routes: dice.chance(0.7) || usable.length === 0 ? null : usable,
    waitMs: dice.pick([0, 0, 300, 5_000]),
    fallback: dice.chance(0.15) ? 'never' : 'lists',
    exhausted,
    reasoning: dice.pick(['release', 'hold']),
    commit: dice.pick(['answer', 'answer', 'end']),
    headAfterMs: dice.pick([300, 2_000, 15_000]),
  };
}

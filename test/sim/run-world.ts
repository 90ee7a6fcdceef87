import { plainParts, chatRequest, randomRequest } from './random-request.ts';
import { diceOf } from './random.ts';
import type { Dice } from './random.ts';
import { randomPolicy } from './random-policy.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import { World } from './world.ts';
import type { Plant } from './world.ts';

const hourMs = 3_600_000;
/** Longest that anything of ours may outlive its request: a lease of a machine that works on for nobody, a word that counts for a minute. */
const afterglowMs = 125_000;

/**
 * Lives one world: requests come while machines fail, drains and policies change; then everything is mended, and each route is asked
 * once more. The checks of what must hold afterwards are `check-world.ts`.
 */
export async function runWorld(seed: number, options: { readonly requests: number; readonly plant?: Plant }): Promise<World> {
  const world = new World(seed, options.plant);
  const { clock } = world;
  const dice = diceOf(seed ^ 0x5eed);
  void world.prober.start();
  await clock.run({ atMs: 500, over: () => false });
  const untilMs = schedule(world, { requests: options.requests, dice });
  await clock.run({ atMs: untilMs, over: () => false });
  await settle(world);
  await afterwards(world, dice);
  world.prober.stop();
  await clock.run({ atMs: clock.now() + afterglowMs, over: () => false });
  return world;
}

async function settle(world: World): Promise<void> {
  await world.clock.run({ atMs: world.clock.now() + hourMs, over: () => world.unfinished.length === 0 });
}

/** Lays out what will happen and when; returns when the last of it has. */
function schedule(world: World, { requests, dice }: { readonly requests: number; readonly dice: Dice }): number {
  const { clock } = world;
  const spanMs = requests * dice.pick([50, 400, 1_500]);
  const at = (what: () => void): void => void clock.after(dice.int(0, spanMs), what);
  const profiles = world.tables.policy.profiles.map((profile) => profile.name);
  for (let mark = 0; mark < requests; mark++) {
    const own = dice.fork();
    at(() => {
      world.ask(randomRequest(mark, world.tables, own), { principal: `k${own.int(0, 3)}`, profile: own.pick(profiles) }, { dice: own });
    });
  }
  const specs = world.machines.map((machine) => machine.spec);
  for (let count = dice.int(0, 2); count > 0; count--) {
    const tables = randomPolicy(dice.chance(0.3) && specs.length > 2 ? specs.slice(0, -1) : specs, dice);
    at(() => world.usePolicy(tables));
  }
  for (let count = dice.int(0, 4); count > 0; count--) at(() => drain(world, dice));
  for (let count = dice.int(0, 4); count > 0; count--) at(() => trouble(world, dice.pick(world.machines), dice));
  if (dice.chance(0.2)) {
    at(() => {
      world.revoked.add('k3');
      world.house.active.cutOf('k3');
    });
  }
  if (dice.chance(0.05)) at(() => void (world.closing = true));
  if (dice.chance(0.3)) at(() => void (clock.wallJumpMs = dice.pick([-hourMs, hourMs])));
  return clock.now() + spanMs;
}

function drain(world: World, dice: Dice): void {
  const route = dice.pick(world.tables.policy.routes).name;
  const what = dice.chance(0.5)
    ? ({ type: 'route', name: route } as const)
    : ({ type: 'upstream', name: dice.pick(world.machines).spec.name } as const);
  world.fleet.setDrain(what, true);
  world.clock.after(dice.int(100, 20_000), () => world.fleet.setDrain(what, false));
}

/** A machine goes away, hangs, dies, loads or forgets a model, and comes back after a while. */
function trouble(world: World, machine: VirtualMachine, dice: Dice): void {
  const { clock } = world;
  const back = (what: () => void): void => void clock.after(dice.int(200, 60_000), what);
  const kind = dice.weighted({ stop: 3, hang: 2, restart: 2, load: 2, forget: 2 });
  if (kind === 'load') {
    machine.loading = true;
    return back(() => (machine.loading = false));
  }
  if (kind === 'forget') {
    const name = dice.pick(machine.spec.models).name;
    machine.hidden.add(name);
    void world.prober.round();
    return back(() => machine.hidden.delete(name));
  }
  if (kind !== 'hang') machine.crash();
  machine.door = kind === 'hang' ? 'silent' : 'refuses';
  machine.loading = kind === 'restart';
  back(() => {
    machine.door = 'open';
    clock.after(dice.int(0, 5_000), () => (machine.loading = false));
  });
}

/** With everything mended, and time to notice it, whoever can be answered at all is. */
async function afterwards(world: World, dice: Dice): Promise<void> {
  world.heal();
  await world.clock.run({ atMs: world.clock.now() + 700_000, over: () => false });
  const [profile] = world.tables.policy.profiles.filter((each) => each.routes === null);
  if (!profile) return;
  let mark = 1_000_000;
  for (const route of world.tables.policy.routes) {
    world.ask(
      chatRequest(mark++, `home/${route.name}`, plainParts),
      { principal: 'k0', profile: profile.name },
      { dice, afterwards: true },
    );
    await settle(world);
    // The slot comes back at the end of the body, a moment after the answer.
    await world.clock.run({ atMs: world.clock.now() + 2_000, over: () => false });
  }
}

import { randomPolicy } from './random-policy.ts';
import type { Dice } from './random.ts';
import { randomMood } from './virtual-machine.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import type { World } from './world.ts';

const hourMs = 3_600_000;
/** A machine that goes up and down stays so long in each. */
const flapMs = 10_000;

/** Lays out everything that goes wrong within a span of time, and when. What is still wrong at its end stays wrong until `World.heal`. */
export function scheduleTrouble(world: World, { untilMs, dice }: { readonly untilMs: number; readonly dice: Dice }): void {
  const { clock } = world;
  const at = (what: () => void): void =>
    void clock.after(dice.int(0, Math.max(0, untilMs - clock.now())), () => (world.healed ? undefined : what()));
  const minutes = Math.ceil((untilMs - clock.now()) / 60_000);
  const specs = world.machines.map((machine) => machine.spec);
  for (let count = dice.int(0, 2); count > 0; count--) {
    const tables = randomPolicy(dice.chance(0.3) && specs.length > 2 ? specs.slice(0, -1) : specs, dice);
    at(() => world.usePolicy(tables));
  }
  for (let count = dice.int(0, 4); count > 0; count--) at(() => drain(world, dice));
  for (let count = dice.int(0, 3 + minutes); count > 0; count--) at(() => strike(world, dice.pick(world.machines), dice));
  if (dice.chance(0.4)) for (let count = dice.int(1, 1 + minutes); count > 0; count--) at(() => breakDisk(world, dice));
  if (dice.chance(0.2)) {
    at(() => {
      world.revoked.add('k3');
      world.house.active.cutOf('k3');
    });
  }
  if (dice.chance(0.05)) at(() => void (world.closing = true));
  if (dice.chance(0.3)) at(() => void (clock.wallJumpMs = dice.pick([-hourMs, hourMs])));
}

function drain(world: World, dice: Dice): void {
  const route = dice.pick(world.tables.policy.routes).name;
  const what = dice.chance(0.5)
    ? ({ type: 'route', name: route } as const)
    : ({ type: 'upstream', name: dice.pick(world.machines).spec.name } as const);
  world.fleet.setDrain(what, true);
  world.clock.after(dice.int(100, 20_000), () => world.fleet.setDrain(what, false));
}

/** The record's disk fills up, goes away or hangs; a write that hangs ends in the end, as the kernel sees to it. */
function breakDisk(world: World, dice: Dice): void {
  const { disk } = world.record;
  const state = dice.pick(['full', 'gone', 'stuck'] as const);
  disk.state = state;
  if (state === 'stuck' || dice.chance(0.8)) {
    world.clock.after(dice.int(50, 40_000), () => {
      if (!world.healed && disk.state === state) disk.state = 'well';
    });
  }
}

/** A machine goes away, hangs, dies, flaps, loads, forgets a model or changes its ways; mostly it comes back after a while. */
function strike(world: World, machine: VirtualMachine, dice: Dice): void {
  const later = (ms: number, what: () => void): void => void world.clock.after(ms, () => (world.healed ? undefined : what()));
  const back = (what: () => void): void => (dice.chance(0.15) ? undefined : later(dice.int(200, 60_000), what));
  const kind = dice.weighted({ stop: 3, hang: 2, restart: 2, load: 2, forget: 2, flap: 1, move: 1, mood: 3 });
  switch (kind) {
    case 'mood':
      machine.mood = randomMood(dice);
      return;
    case 'load':
      machine.loading = true;
      return back(() => (machine.loading = false));
    case 'forget': {
      const { name } = dice.pick(machine.spec.models);
      machine.hidden.add(name);
      void world.prober.round();
      return back(() => machine.hidden.delete(name));
    }
    case 'flap':
      for (let at = 0; at < dice.int(2, 6); at++) {
        later(at * 2 * flapMs, () => {
          machine.crash();
          machine.door = 'refuses';
        });
        later((at * 2 + 1) * flapMs, () => (machine.door = 'open'));
      }
      return;
    case 'move':
      machine.door = dice.pick(['unresolved', 'wrong_peer']);
      return back(() => (machine.door = 'open'));
    case 'hang':
      machine.door = 'silent';
      return back(() => (machine.door = 'open'));
    case 'stop':
    case 'restart':
      machine.crash();
      machine.door = 'refuses';
      machine.loading = kind === 'restart';
      return back(() => {
        machine.door = 'open';
        later(dice.int(0, 5_000), () => (machine.loading = false));
      });
  }
}

import { checkRecovered } from './check-recovered.ts';
import { plainParts, chatRequest, randomRequest } from './random-request.ts';
import type { RandomRequest } from './random-request.ts';
import { diceOf } from './random.ts';
import type { Dice } from './random.ts';
import { scheduleTrouble } from './trouble.ts';
import { World } from './world.ts';
import type { Plant } from './world.ts';

/**
 * `safety`: things go wrong to the end, and whatever happens nothing may be lost, spliced, leaked or told twice. `liveness`: at some
 * moment everything is mended, and within `recoverMs` everything must work again.
 */
export type Mode = 'safety' | 'liveness';

const hourMs = 3_600_000;
/** Longest that anything of ours may outlive its request: until a target that is out may be tried again. */
const afterglowMs = 310_000;
/**
 * After everything was mended: the longest space between two probes or canaries (5 min), behind one that was under way at that moment and
 * still failed, as long as its machine's clocks let it.
 */
const recoverMs = 400_000;

/**
 * Lives one world: requests come while machines, disk and network fail, drains and policies change. The checks of what must hold afterwards
 * are `check-world.ts`; what must hold once everything was mended, `check-recovered.ts`.
 */
export async function runWorld(
  seed: number,
  options: { readonly requests: number; readonly mode: Mode; readonly plant?: Plant },
): Promise<World> {
  const world = new World(seed, options.plant);
  const { clock } = world;
  const dice = diceOf(seed ^ 0x5eed);
  void world.prober.start();
  await clock.run({ atMs: 500, over: () => false });
  const untilMs = scheduleRequests(world, { requests: options.requests, dice });
  const troubleUntilMs = options.mode === 'safety' ? untilMs : clock.now() + Math.round((untilMs - clock.now()) * dice.pick([0.5, 0.9, 1]));
  scheduleTrouble(world, { untilMs: troubleUntilMs, dice });
  await clock.run({ atMs: troubleUntilMs, over: () => false });
  if (options.mode === 'liveness') await recovered(world, { untilMs, dice });
  else await settle(world);
  world.prober.stop();
  void world.record.close();
  await clock.run({ atMs: clock.now() + afterglowMs, over: () => false });
  await world.rest();
  return world;
}

/** Lets everybody who asked come to their end. */
async function settle(world: World): Promise<void> {
  await world.clock.run({ atMs: world.clock.now() + hourMs, over: () => world.unfinished.length === 0 });
}

/** Lays out who asks what and when; returns when the last one does. */
function scheduleRequests(world: World, { requests, dice }: { readonly requests: number; readonly dice: Dice }): number {
  const { clock } = world;
  const spanMs = requests * dice.pick([50, 400, 1_500]);
  const profiles = world.tables.policy.profiles.map((profile) => profile.name);
  for (let mark = 0; mark < requests; mark++) {
    const own = dice.fork();
    clock.after(dice.int(0, spanMs), () => {
      world.ask(randomRequest(mark, world.tables, own), { principal: `k${own.int(0, 3)}`, profile: own.pick(profiles) }, { dice: own });
    });
  }
  return clock.now() + spanMs;
}

/** Mends everything, gives it the time it may take, and asks again: for each route, for each target, and for anything. */
async function recovered(world: World, { untilMs, dice }: { readonly untilMs: number; readonly dice: Dice }): Promise<void> {
  const { clock } = world;
  world.heal();
  await clock.run({ atMs: Math.max(untilMs, clock.now()) + recoverMs, over: () => false });
  world.violations.push(...checkRecovered(world, 'mended'));
  let mark = 1_000_000;
  const ask = async (profile: string, request: RandomRequest): Promise<void> => {
    world.ask(request, { principal: 'k0', profile }, { dice, afterwards: true });
    await settle(world);
    // The slot comes back at the end of the body, a moment after the answer.
    await clock.run({ atMs: clock.now() + 2_000, over: () => false });
  };
  const { policy, targets } = world.tables;
  const everything = policy.profiles.find((profile) => profile.routes === null);
  if (everything) {
    for (const route of policy.routes) await ask(everything.name, chatRequest(mark++, `home/${route.name}`, plainParts));
    for (const target of targets.keys()) await ask(everything.name, chatRequest(mark++, target, plainParts));
  }
  for (let count = 5; count > 0; count--) await ask(dice.pick(policy.profiles).name, randomRequest(mark++, world.tables, dice));
  world.violations.push(...checkRecovered(world, 'asked'));
}

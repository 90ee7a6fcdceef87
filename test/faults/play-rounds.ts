import { overGate } from '#upstreams/scripted/faults/fault.ts';
import { startFaultHouse } from './fault-house.ts';
import { startFaultMachine } from './fault-machine.ts';
import type { FaultMachine } from './fault-machine.ts';
import { judgeHouse } from './judge-record.ts';
import { playRound } from './play-round.ts';
import { openTrap } from './redirect-trap.ts';
import { firstFault, placed, policyOf } from './round.ts';
import type { Round } from './round.ts';
import { ChangingNames, hostOf } from './special-plays.ts';
import { until } from './stage.ts';
import type { Stage } from './stage.ts';

/** A round that did not go as it must. */
export interface Failed {
  readonly round: Round;
  readonly wrong: readonly string[];
}

/** How many houses run at once where each round needs its own. */
const housesMax = 5;

/** Plays rounds, `atOnce` of them in one house at the same time, since most of their time is waiting. Gives those that failed. */
export async function playRounds(rounds: readonly Round[], { atOnce }: { readonly atOnce: number }): Promise<readonly Failed[]> {
  // These need a profile that waits, which would change what becomes of the others.
  const cut = rounds.filter((round) => firstFault(round)?.ends.then === 'cut');
  // A reload looks up every name of a house, so these have a house each.
  const named = rounds.filter((round) => firstFault(round)?.names !== undefined);
  const others = rounds.filter((round) => !cut.includes(round) && !named.includes(round));
  const failed: Failed[] = [];
  for (const some of [cut, others]) for (const together of inPortions(some, atOnce)) failed.push(...(await playTogether(together)));
  for (const apart of inPortions(named, housesMax)) failed.push(...(await Promise.all(apart.map((round) => playTogether([round])))).flat());
  return failed;
}

function inPortions<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** Plays these rounds at the same time in one house. */
async function playTogether(unplaced: readonly Round[]): Promise<readonly Failed[]> {
  const rounds = unplaced.map(placed);
  const trap = await openTrap();
  const names = new ChangingNames(rounds);
  const urls = new Map<string, string>();
  const cast: ReadonlyMap<string, FaultMachine>[] = [];
  for (const round of rounds) {
    const machines = new Map<string, FaultMachine>();
    for (const name of new Set(round.requests.flatMap(({ candidates }) => candidates.map(({ machine }) => machine)))) {
      const machine = await startFaultMachine(name, trap.url);
      const named = firstFault(round)?.names !== undefined && machines.size === 0;
      machines.set(name, machine);
      urls.set(name, named ? `http://${hostOf(name)}:${machine.server.port}` : machine.server.url);
    }
    cast.push(machines);
  }
  const house = await startFaultHouse(policyOf(rounds, urls), names);
  const stages = rounds.map((round, at): Stage => ({ round, house, machines: cast[at] ?? new Map(), wrong: [] }));
  await Promise.all(stages.map((stage) => playRound(stage, names)));
  const ofHouse: string[] = [];
  await judgeHouse(house, ofHouse);
  if (trap.connections() > 0) ofHouse.push('a redirect was followed');
  for (const { machines, round } of stages)
    for (const machine of machines.values()) for (const { nonce } of round.requests) machine.open(overGate, nonce);
  await house.close();
  await Promise.all(stages.map(endStage));
  await trap.close();
  // What was wrong with the house is nobody's alone.
  return stages.map(({ round, wrong }) => ({ round, wrong: [...wrong, ...ofHouse] })).filter(({ wrong }) => wrong.length > 0);
}

async function endStage(stage: Stage): Promise<void> {
  for (const machine of stage.machines.values()) {
    const { name, server } = machine;
    await until(() => server.connections.length === 0, `the house has no socket to ${name} when it is closed`, stage);
    stage.wrong.push(...server.handlerErrors.map((error) => `the script of ${name}: ${String(error)}`));
    await machine.close();
  }
}

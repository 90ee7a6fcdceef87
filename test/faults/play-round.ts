import { overGate } from '#upstreams/scripted/faults/fault.ts';
import { actAsClient, send } from './ask.ts';
import { expectedEnd } from './expected-end.ts';
import { startFaultHouse } from './fault-house.ts';
import { startFaultMachine } from './fault-machine.ts';
import type { FaultMachine } from './fault-machine.ts';
import { judgeAnswer } from './judge-answer.ts';
import { judgeRecord, judgeRest } from './judge-record.ts';
import { openTrap } from './redirect-trap.ts';
import { firstFault, isOfOneFault, policyOf } from './round.ts';
import type { FaultRequest, Round } from './round.ts';
import { askAgain, namesOf, playCut, playFlaps, playNames, playZombie } from './special-plays.ts';
import type { NamesStub } from './special-plays.ts';
import { until, within } from './stage.ts';
import type { Stage } from './stage.ts';

/** Longer than anything here takes, on a machine that is busy with other things. */
const deadlineMs = 40_000;
/** Plays one round on a house of its own. Gives what was wrong; nothing, if all went as it must. */
export async function playRound(round: Round): Promise<readonly string[]> {
  const names = [...new Set(round.requests.flatMap(({ candidates }) => candidates.map(({ machine }) => machine)))];
  const trap = await openTrap();
  const machines = new Map<string, FaultMachine>();
  for (const name of names) machines.set(name, await startFaultMachine(name, trap.url));
  const stub = namesOf(round);
  const urls = new Map(
    [...machines].map(([name, { server }]) => [name, name === 'a' && stub ? `http://machine-a.test:${server.port}` : server.url]),
  );
  const house = await startFaultHouse(policyOf(round, urls), stub?.resolver);
  const stage: Stage = { round, house, machines, wrong: [] };
  for (const { nonce, candidates } of round.requests)
    for (const { machine, fault } of candidates) if (fault) machines.get(machine)?.plan(nonce, fault);
  try {
    await until(async () => (await house.fleet()).upstreams.every(({ state }) => state === 'up'), 'every machine is up', stage);
    await within(deadlineMs, play(stage, stub));
    await judgeRest(stage);
  } catch (error) {
    stage.wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const machine of machines.values()) for (const { nonce } of round.requests) machine.open(overGate, nonce);
  await house.close();
  stage.wrong.push(...house.faults.map((fault) => `a fault of the house’s own: ${fault instanceof Error ? fault.stack : String(fault)}`));
  for (const { name, server } of machines.values()) {
    await until(() => server.connections.length === 0, `the house has no socket to ${name} when it is closed`, stage);
    stage.wrong.push(...server.handlerErrors.map((error) => `the script of ${name}: ${String(error)}`));
  }
  await Promise.all([...machines.values()].map((machine) => machine.close()));
  if (trap.connections() > 0) stage.wrong.push('a redirect was followed');
  await trap.close();
  return stage.wrong;
}

async function play(stage: Stage, stub: NamesStub | null): Promise<void> {
  const { round } = stage;
  const fault = firstFault(round);
  if (stub) return playNames(stage, stub);
  if (fault?.door === 'flaps') return playFlaps(stage);
  if (fault?.ends.then === 'cut') return playCut(stage);
  if (round.atOnce) await Promise.all(round.requests.map((request, index) => ask(stage, request, index)));
  else for (const [index, request] of round.requests.entries()) await ask(stage, request, index);
  if (fault?.client && fault.kind !== undefined) await playZombie(stage);
  else if (fault?.shuns === true && isOfOneFault(round)) await askAgain(stage);
}

/** Sends a request, and judges what its caller heard and what the record says of it. */
async function ask(stage: Stage, request: FaultRequest, index: number): Promise<void> {
  const { machines, wrong } = stage;
  const fault = request.candidates[0]?.fault ?? null;
  if (fault?.warm === true)
    await ask(
      stage,
      { ...request, nonce: `${request.nonce}w`, candidates: request.candidates.map(({ machine }) => ({ machine, fault: null })) },
      index,
    );
  for (const { machine, fault: met } of request.candidates) {
    if (met?.door === 'refuses') await machines.get(machine)?.refuse();
    if (met?.door === 'black_hole') await machines.get(machine)?.becomeBlackHole();
  }
  const expected = expectedEnd(request.candidates);
  const client = send(stage, request, index);
  await actAsClient(stage, request, client.client);
  const heard = await client.client.heard;
  const tell = (problem: string): void => void wrong.push(`request ${index} (${request.nonce}): ${problem}`);
  for (const problem of judgeAnswer(heard, request, expected)) tell(problem);
  for (const problem of await judgeRecord(stage, { heard, expected, atEnd: client.atEnd() })) tell(problem);
}

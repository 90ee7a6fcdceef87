import { actAsClient, send } from './ask.ts';
import { expectedEnd } from './expected-end.ts';
import { judgeAnswer } from './judge-answer.ts';
import { judgeRecord, judgeRest } from './judge-record.ts';
import { firstFault, isOfOneFault } from './round.ts';
import type { FaultRequest } from './round.ts';
import { askAgain, playCut, playFlaps, playNames, playZombie } from './special-plays.ts';
import type { ChangingNames } from './special-plays.ts';
import { until, within } from './stage.ts';
import type { Stage } from './stage.ts';

/** Longer than anything here takes, on a machine that is busy with other things. */
const deadlineMs = 40_000;

/** Plays one round on a house that has been started for it. What was wrong is in the stage. */
export async function playRound(stage: Stage, names: ChangingNames): Promise<void> {
  const { round, house, machines, wrong } = stage;
  for (const { nonce, candidates } of round.requests)
    for (const { machine, fault } of candidates) if (fault) machines.get(machine)?.plan(nonce, fault);
  const isUp = async (): Promise<boolean> =>
    (await house.fleet()).upstreams.every(({ upstream, state }) => state === 'up' || !machines.has(upstream));
  try {
    await until(isUp, 'every machine is up', stage);
    await within(deadlineMs, play(stage, names));
    await judgeRest(stage);
  } catch (error) {
    wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

async function play(stage: Stage, names: ChangingNames): Promise<void> {
  const { round } = stage;
  const fault = firstFault(round);
  if (fault?.names) return playNames(stage, names);
  if (fault?.door === 'flaps') return playFlaps(stage);
  if (fault?.ends.then === 'cut') return playCut(stage);
  if (round.atOnce) await Promise.all(round.requests.map((request) => ask(stage, request)));
  else for (const request of round.requests) await ask(stage, request);
  if (fault?.client && fault.kind !== undefined) await playZombie(stage);
  else if (fault?.shuns === true && isOfOneFault(round)) await askAgain(stage);
}

/** Sends a request, and judges what its caller heard and what the record says of it. */
async function ask(stage: Stage, request: FaultRequest): Promise<void> {
  const { machines, wrong } = stage;
  const fault = request.candidates[0]?.fault ?? null;
  if (fault?.warm === true)
    await ask(stage, {
      ...request,
      nonce: `${request.nonce}w`,
      candidates: request.candidates.map(({ machine }) => ({ machine, fault: null })),
    });
  for (const { machine, fault: met } of request.candidates) {
    if (met?.door === 'refuses') await machines.get(machine)?.refuse();
    if (met?.door === 'black_hole') await machines.get(machine)?.becomeBlackHole();
  }
  const expected = expectedEnd(request.candidates);
  const client = send(stage, request);
  await actAsClient(stage, request, client.client);
  const heard = await client.client.heard;
  const tell = (problem: string): void => void wrong.push(`request ${request.nonce}: ${problem}`);
  for (const problem of judgeAnswer(heard, request, expected)) tell(problem);
  for (const problem of await judgeRecord(stage, request, { heard, expected, atEnd: client.atEnd() })) tell(problem);
}

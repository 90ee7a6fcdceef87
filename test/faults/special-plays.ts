import type { Resolver } from '#egress/resolver.ts';
import { overGate } from '#upstreams/scripted/faults/fault.ts';
import { askOn, send } from './ask.ts';
import { expectedEnd } from './expected-end.ts';
import { judgeAnswer } from './judge-answer.ts';
import { judgeRecord } from './judge-record.ts';
import { firstFault } from './round.ts';
import type { Round } from './round.ts';
import { until } from './stage.ts';
import type { Stage } from './stage.ts';

/** After a machine was found out: the next request does not reach it. */
export async function askAgain(stage: Stage): Promise<void> {
  const [request] = stage.round.requests;
  const [first, ...rest] = request?.candidates ?? [];
  if (!request || !first || rest.length === 0) return;
  const again = { ...request, nonce: `${request.nonce}n`, candidates: rest };
  const machine = stage.machines.get(first.machine);
  const before = machine?.server.requests.filter(({ method }) => method === 'POST').length;
  await askOn(stage, again, 0);
  if (machine?.server.requests.filter(({ method }) => method === 'POST').length !== before)
    stage.wrong.push('a machine that was found out was asked again');
}

/** Down, up, down: once it was seen down it is left alone until it has been well for a while; nobody is lost meanwhile. */
export async function playFlaps(stage: Stage): Promise<void> {
  const [request] = stage.round.requests;
  const [first, ...rest] = request?.candidates ?? [];
  const machine = stage.machines.get(first?.machine ?? '');
  if (!request || !first || !machine) return;
  const well = [{ machine: first.machine, fault: null }, ...rest];
  await askOn(stage, { ...request, nonce: `${request.nonce}0`, candidates: well }, 0);
  await machine.refuse();
  await askOn(stage, { ...request, nonce: `${request.nonce}1`, candidates: request.candidates }, 0);
  for (const turn of [2, 3, 4]) {
    if (turn === 3) await machine.refuse();
    else await machine.server.listen();
    await askOn(stage, { ...request, nonce: `${request.nonce}${turn}`, candidates: rest }, 0);
  }
}

/** A machine that works on for a caller who has left keeps its slot, and gets nobody else, until it says that it has stopped. */
export async function playZombie(stage: Stage): Promise<void> {
  const { house, machines, wrong, round } = stage;
  const [request] = round.requests;
  const [first, ...rest] = request?.candidates ?? [];
  const machine = machines.get(first?.machine ?? '');
  if (!request || !first || !machine) return;
  await until(() => house.active() === 0, 'the call of the caller who left is over', stage);
  const { slotsInUse } = await house.fleet();
  if (slotsInUse !== 1) wrong.push(`${slotsInUse} slots are in use while the machine works for nobody`);
  await askOn(stage, { ...request, nonce: `${request.nonce}z`, form: 'stream', candidates: rest }, 0);
  if (machine.server.requests.some(({ method, alsoRunning }) => method === 'POST' && alsoRunning > 0))
    wrong.push('the machine got more than it has slots');
  machine.open(overGate, request.nonce);
  if (first.fault?.kind === 'llamacpp')
    await until(async () => (await house.fleet()).slotsInUse === 0, 'the slot is back once the machine says that it is idle', stage);
}

/** A caller who reads nothing and blocks a slot that another waits for is cut; the other is answered. */
export async function playCut(stage: Stage): Promise<void> {
  const [request] = stage.round.requests;
  const [first] = request?.candidates ?? [];
  const machine = stage.machines.get(first?.machine ?? '');
  if (!request || !first || !machine) return;
  const { client, atEnd } = send(stage, request, 0);
  await client.headSeen;
  const other = askOn(stage, { ...request, nonce: `${request.nonce}o`, candidates: [{ machine: first.machine, fault: null }] }, 0);
  await other;
  client.read();
  const heard = await client.heard;
  const expected = expectedEnd(request.candidates);
  for (const problem of judgeAnswer(heard, request, expected)) stage.wrong.push(`the one who was cut: ${problem}`);
  for (const problem of await judgeRecord(stage, { heard, expected, atEnd: atEnd() })) stage.wrong.push(`the one who was cut: ${problem}`);
}

/** A resolver whose answers change. */
export interface NamesStub {
  readonly resolver: Resolver;
  /** From now on the name leads where it leads later. */
  change(): void;
}

/** The resolver of a round in which a name leads elsewhere; null for all others. */
export function namesOf(round: Round): NamesStub | null {
  const names = firstFault(round)?.names;
  if (!names) return null;
  let now = names.first;
  return {
    resolver: { lookup: async () => now },
    change: () => {
      now = names.later;
    },
  };
}

/** Pinned when the policy is loaded: a name that leads elsewhere later changes nothing until it is looked up again. */
export async function playNames(stage: Stage, stub: NamesStub): Promise<void> {
  const { house, wrong } = stage;
  const [request] = stage.round.requests;
  const [first, ...rest] = request?.candidates ?? [];
  if (!request || !first?.fault) return;
  const well = [{ machine: first.machine, fault: null }, ...rest];
  await askOn(stage, { ...request, nonce: `${request.nonce}0`, candidates: well }, 0);
  stub.change();
  await askOn(stage, { ...request, nonce: `${request.nonce}1`, candidates: well }, 0);
  await house.reload();
  const elsewhere = first.fault.ends.then === 'next';
  if (elsewhere) {
    const out = ({ upstream, state }: { readonly upstream: string; readonly state: string }): boolean =>
      upstream === first.machine && state === 'ejected';
    await until(async () => (await house.fleet()).upstreams.some(out), 'it is out', stage);
    if (!house.told.some(({ happening }) => happening.type === 'alarm')) wrong.push('no alarm');
  }
  await askOn(stage, { ...request, nonce: `${request.nonce}2`, candidates: elsewhere ? rest : well }, 0);
}

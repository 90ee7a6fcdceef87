import type { Resolver } from '#egress/resolver.ts';
import { overGate } from '#upstreams/scripted/faults/fault.ts';
import { askOn, send } from './ask.ts';
import { expectedEnd } from './expected-end.ts';
import { judgeAnswer } from './judge-answer.ts';
import { inUse, judgeRecord } from './judge-record.ts';
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
  await askOn(stage, again);
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
  await askOn(stage, { ...request, nonce: `${request.nonce}0`, candidates: well });
  await machine.refuse();
  await askOn(stage, { ...request, nonce: `${request.nonce}1`, candidates: request.candidates });
  for (const turn of [2, 3, 4]) {
    if (turn === 3) await machine.refuse();
    else await machine.server.listen();
    await askOn(stage, { ...request, nonce: `${request.nonce}${turn}`, candidates: rest });
  }
}

/** A machine that works on for a caller who has left keeps its slot, and gets nobody else, until it says that it has stopped. */
export async function playZombie(stage: Stage): Promise<void> {
  const { machines, wrong, round } = stage;
  const [request] = round.requests;
  const [first, ...rest] = request?.candidates ?? [];
  const machine = machines.get(first?.machine ?? '');
  if (!request || !first || !machine) return;
  const taken = await inUse(stage);
  if (taken !== 1) wrong.push(`${taken} slots are in use while the machine works for nobody`);
  await askOn(stage, { ...request, nonce: `${request.nonce}z`, form: 'stream', candidates: rest });
  if (machine.server.requests.some(({ method, alsoRunning }) => method === 'POST' && alsoRunning > 0))
    wrong.push('the machine got more than it has slots');
  machine.open(overGate, request.nonce);
  if (first.fault?.kind === 'llamacpp')
    await until(async () => (await inUse(stage)) === 0, 'the slot is back once the machine says that it is idle', stage);
}

/** A caller who reads nothing and blocks a slot that another waits for is cut; the other is answered. */
export async function playCut(stage: Stage): Promise<void> {
  const [request] = stage.round.requests;
  const [first] = request?.candidates ?? [];
  const machine = stage.machines.get(first?.machine ?? '');
  if (!request || !first || !machine) return;
  const { client, atEnd } = send(stage, request);
  await client.headSeen;
  const other = askOn(stage, { ...request, nonce: `${request.nonce}o`, candidates: [{ machine: first.machine, fault: null }] });
  await other;
  client.read();
  const heard = await client.heard;
  const expected = expectedEnd(request.candidates);
  for (const problem of judgeAnswer(heard, request, expected)) stage.wrong.push(`the one who was cut: ${problem}`);
  for (const problem of await judgeRecord(stage, request, { heard, expected, atEnd: atEnd() }))
    stage.wrong.push(`the one who was cut: ${problem}`);
}

/** The name of a machine in rounds of which the name is the fault. */
export const hostOf = (machine: string): string => `${machine}.test`;

/** A resolver whose answers change: what the names of these rounds lead to. */
export class ChangingNames implements Resolver {
  readonly #now = new Map<string, readonly string[]>();

  constructor(rounds: readonly Round[]) {
    for (const round of rounds) this.#set(round, 'first');
  }

  lookup(host: string): Promise<readonly string[]> {
    return Promise.resolve(this.#now.get(host) ?? []);
  }

  /** From now on the name of this round's machine leads where it leads later. */
  change(round: Round): void {
    this.#set(round, 'later');
  }

  #set(round: Round, when: 'first' | 'later'): void {
    const names = firstFault(round)?.names;
    const machine = round.requests[0]?.candidates[0]?.machine;
    if (names && machine !== undefined) this.#now.set(hostOf(machine), names[when]);
  }
}

/** Pinned when the policy is loaded: a name that leads elsewhere later changes nothing until it is looked up again. */
export async function playNames(stage: Stage, names: ChangingNames): Promise<void> {
  const { house, wrong } = stage;
  const [request] = stage.round.requests;
  const [first, ...rest] = request?.candidates ?? [];
  if (!request || !first?.fault) return;
  const well = [{ machine: first.machine, fault: null }, ...rest];
  await askOn(stage, { ...request, nonce: `${request.nonce}0`, candidates: well });
  names.change(stage.round);
  await askOn(stage, { ...request, nonce: `${request.nonce}1`, candidates: well });
  await house.reload();
  const elsewhere = first.fault.ends.then === 'next';
  if (elsewhere) {
    const out = ({ upstream, state }: { readonly upstream: string; readonly state: string }): boolean =>
      upstream === first.machine && state === 'ejected';
    await until(async () => (await house.fleet()).upstreams.some(out), 'it is out', stage);
    if (!house.told.some(({ happening }) => happening.type === 'alarm' && happening.upstream === first.machine)) wrong.push('no alarm');
  }
  await askOn(stage, { ...request, nonce: `${request.nonce}2`, candidates: elsewhere ? rest : well });
}

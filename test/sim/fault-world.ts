import { createHash } from 'node:crypto';
import { houseOf } from '#core/policy/policy-fixture.ts';
import { tablesOf } from '#core/policy/tables.ts';
import { expectedEnd } from '#test/faults/expected-end.ts';
import type { ExpectedEnd } from '#test/faults/expected-end.ts';
import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import type { ClientScript, FaultCase, Form } from '#upstreams/scripted/faults/fault.ts';
import { checkRecovered } from './check-recovered.ts';
import { checkWorld } from './check-world.ts';
import { stretch } from './play-fault.ts';
import { chatRequest, plainParts } from './random-request.ts';
import { diceOf } from './random.ts';
import type { Dice } from './random.ts';
import { readAnswer } from './read-answer.ts';
import { endlessPatience } from './virtual-caller.ts';
import type { Patience } from './virtual-caller.ts';
import type { MachineSpec } from './virtual-machine.ts';
import { World } from './world.ts';
import type { Asked, Setup } from './world.ts';

/** A request, and what it meets at each machine in turn; null for one that is well. */
export interface FaultPlay {
  readonly name: string;
  readonly form: Form;
  readonly faults: readonly (FaultCase | null)[];
}

/** The clocks of a policy that says nothing of them. */
const clocks = { connectMs: 1_000, loadMs: 300_000, firstTokenMs: 30_000, idleMs: 30_000, replyMs: 600_000, totalMs: 1_800_000 };
/** As in `run-world.ts`: a machine that was out is back after so long, and everything is still after so long again. */
const recoverMs = 320_000;
const hourMs = 3_600_000;

/** Every case of the catalogue in each of its forms, with a machine behind it and without one. */
export function everyFault(): readonly FaultPlay[] {
  return faultCatalog.flatMap(({ id, cases }) =>
    cases.flatMap((fault) =>
      fault.forms.flatMap((form): FaultPlay[] => {
        const name = `${id} ${fault.name} (${form})`;
        // Whoever blocks a slot is cut only where others wait for it and have nobody else to ask.
        const alone = { name: `${name}, alone`, form, faults: [fault] };
        return fault.ends.then === 'cut' ? [alone] : [{ name, form, faults: [fault, null] }, alone];
      }),
    ),
  );
}

/** Two faults that a seed picks, one behind the other, mostly with a third machine that is well. */
export function randomPair(seed: number): FaultPlay {
  const dice = diceOf(seed);
  const form = dice.pick<Form>(['stream', 'whole']);
  const served = faultCatalog.flatMap(({ id, cases }) =>
    cases
      .filter((fault) => fault.forms.includes(form) && !fault.client && !fault.names && fault.door !== 'flaps')
      .map((fault) => ({ name: `${id} ${fault.name}`, fault })),
  );
  const first = dice.pick(served);
  // A connection that is used again is the first machine's.
  const second = dice.pick(served.filter(({ fault }) => fault.warm !== true));
  const rest = dice.chance(0.7) ? [null] : [];
  return { name: `${first.name}, behind it ${second.name} (${form})`, form, faults: [first.fault, second.fault, ...rest] };
}

/**
 * Plays it in a world of its own, with clocks of their real length: the fault once more after the other, then everything is mended and each
 * machine has to answer again. Gives what was wrong; nothing if all went as it must.
 */
export async function playFaultWorld(play: FaultPlay, seed: number): Promise<{ readonly world: World; readonly wrong: readonly string[] }> {
  const world = new World(seed, {}, setupOf(play));
  const dice = diceOf(seed ^ 0xfa);
  const { clock } = world;
  const wrong: string[] = [];
  void world.prober.start();
  await clock.run({ atMs: clock.now() + 2_000, over: () => false });
  const first = play.faults[0] ?? null;
  if (first?.warm) {
    ask(world, play, { mark: 1, dice, client: undefined });
    await settled(world);
  }
  for (const [at, fault] of play.faults.entries()) begin(world, at, fault);
  const asked = ask(world, play, { mark: 2, dice, client: first?.client });
  const other = first?.ends.then === 'cut' ? await otherAsks(world, play, dice) : null;
  await over(world);
  wrong.push(...judge(world, asked, expectedOf(play)));
  if (other) wrong.push(...judge(world, other, expectedOf({ ...play, faults: [null] })).map((what) => `the one who waited: ${what}`));
  // While others are tried, what was said of it is forgotten.
  if (first?.shuns && (play.faults[1] ?? null) === null) {
    const again = ask(world, play, { mark: 4, dice, client: undefined });
    await over(world);
    if (again.calls.some(({ target }) => target === 'm0/alpha')) wrong.push('a machine that was found out was asked again');
  }
  world.heal();
  await clock.run({ atMs: clock.now() + recoverMs, over: () => false });
  wrong.push(...checkRecovered(world, 'mended'));
  for (const [at] of play.faults.entries()) {
    // Ollama's own API is played by the catalogue alone.
    if (play.faults[at]?.kind === 'ollama') continue;
    const request = chatRequest(10 + at, `m${at}/alpha`, { ...plainParts, stream: play.form === 'stream' });
    world.ask(request, { principal: 'k0', profile: 'p0' }, { dice, afterwards: true });
    await settled(world);
  }
  wrong.push(...checkRecovered(world, 'asked'));
  world.prober.stop();
  void world.record.close();
  await clock.run({ atMs: clock.now() + recoverMs, over: () => false });
  await world.rest();
  return { world, wrong: [...wrong, ...checkWorld(world)] };
}

/** A machine for each fault, of the kind and with the clocks that it needs, all on one route. */
export function setupOf({ faults }: FaultPlay): Setup {
  const first = faults[0] ?? null;
  const scarce = first?.client !== undefined && (first.ends.then === 'cut' || first.kind !== undefined);
  const machines = faults.map((fault, at): MachineSpec => ({
    name: `m${at}`,
    kind: fault?.kind ?? 'vllm',
    url: `http://10.0.0.${at + 1}:8000`,
    location: 'house',
    stopsOnAbort: fault?.kind === undefined || fault.kind === 'ollama',
    models: [{ name: 'alpha', context: 32_000, image: false, tools: false, ownSlots: null }],
  }));
  const upstreams = machines.map(({ name, kind, url, models }, at) => [
    name,
    {
      kind,
      url,
      slots: scarce ? 1 : 4,
      clocks: { ...clocks, ...longClocks(faults[at] ?? null) },
      models: Object.fromEntries(models.map((model) => [model.name, { context: model.context }])),
    },
  ]);
  const [target = 'm0/alpha', ...failover] = machines.map(({ name }) => `${name}/alpha`);
  const { policy } = houseOf({
    upstreams: Object.fromEntries(upstreams) as Parameters<typeof houseOf>[0]['upstreams'],
    routes: { r0: { target: [target], failover } },
    profiles: [{ name: 'p0', waitMs: first?.ends.then === 'cut' ? 30_000 : 0 }],
  });
  return { machines, tables: tablesOf(policy, createHash('sha256').update(JSON.stringify(policy)).digest('hex')) };
}

/** What the catalogue sets small for real sockets, in real length; a connection has its second. */
function longClocks(fault: FaultCase | null): Partial<typeof clocks> {
  const small = Object.entries(fault?.clocks ?? {}).filter(([name]) => name !== 'connectMs');
  return Object.fromEntries(small.map(([name, ms]: [string, number]) => [name, ms * stretch]));
}

function begin(world: World, at: number, fault: FaultCase | null): void {
  const machine = world.machines[at];
  if (!machine || !fault) return;
  // With its door its open connections are gone.
  if (fault.door || fault.names) world.network.idle.set(machine, []);
  if (fault.door === 'refuses' || fault.door === 'flaps') machine.door = 'refuses';
  else if (fault.door === 'black_hole') machine.door = 'silent';
  else if (fault.names) machine.door = fault.ends.then === 'answered' ? 'open' : 'wrong_peer';
  else machine.fault = { case: fault, times: fault.once ? 1 : Number.POSITIVE_INFINITY };
}

function ask(
  world: World,
  play: FaultPlay,
  { mark, dice, client }: { readonly mark: number; readonly dice: Dice; readonly client: ClientScript | undefined },
): Asked {
  const request = chatRequest(mark, 'home/r0', { ...plainParts, stream: play.form === 'stream' });
  return world.ask(request, { principal: 'k0', profile: 'p0' }, { dice, patience: patienceOf(client) });
}

/** How the catalogue's callers behave on the virtual clock. */
function patienceOf(client: ClientScript | undefined): Patience {
  switch (client?.does) {
    case undefined:
      return endlessPatience;
    case 'reads_slowly':
      return { ...endlessPatience, thinness: 1, readEveryMs: 200 };
    case 'reads_nothing':
      return { ...endlessPatience, thinness: 1, readEveryMs: null };
    case 'leaves':
      if (client.at === 'upload') return { ...endlessPatience, uploadMs: 500, leavesAfterMs: 100 };
      return client.at === 'end' ? { ...endlessPatience, leavesAt: '[DONE]' } : { ...endlessPatience, leavesAfterMs: 15_000 };
  }
}

/** Somebody else, who waits for the slot that is blocked. */
async function otherAsks(world: World, play: FaultPlay, dice: Dice): Promise<Asked> {
  await world.clock.run({ atMs: world.clock.now() + 8_000, over: () => false });
  return ask(world, play, { mark: 3, dice, client: undefined });
}

/** Everybody has come to their end. */
async function over(world: World): Promise<void> {
  await world.clock.run({ atMs: world.clock.now() + hourMs, over: () => world.unfinished.length === 0 });
}

/** And a moment later the slots are back. */
async function settled(world: World): Promise<void> {
  await over(world);
  await world.clock.run({ atMs: world.clock.now() + 2_000, over: () => false });
}

function expectedOf({ faults }: FaultPlay): ExpectedEnd {
  return expectedEnd(faults.map((fault, at) => ({ machine: `m${at}`, fault })));
}

/** What the caller heard and the record says, against what the catalogue says has to come of it. */
function judge(world: World, asked: Asked, { end, attempts }: ExpectedEnd): string[] {
  const [terminal] = world.record.of(asked.id).terminals;
  const heard = readAnswer(asked.caller, asked.request);
  const wrong: string[] = [];
  const must = (what: string, is: unknown, should: unknown): void => {
    if (is !== should) wrong.push(`${what} is ${String(is)} instead of ${String(should)}`);
  };
  switch (end.type) {
    case 'answered':
      // Whoever leaves at the terminator holds everything.
      if (asked.caller.gone === null) must('the answer', heard.form, 'whole');
      must('the machine that answered', terminal?.servedBy, `${end.machine}/alpha`);
      must('the record', terminal?.result, 'ok');
      break;
    case 'broken':
      must('the answer', heard.form, 'error');
      must('its code', heard.code, end.code);
      must('the record', terminal?.result, 'failed');
      if (heard.text === '') wrong.push('nothing of the answer was told');
      break;
    case 'error':
      must('the answer', heard.form, 'error');
      must('its code', heard.code, end.code);
      must('the record', terminal?.result, 'refused');
      break;
    case 'left':
      must('the record', terminal?.result, 'cancelled');
      break;
    case 'cut':
      must('the caller', asked.caller.gone, 'cut');
      must('the code of the record', terminal?.code, 'caller_too_slow');
      break;
  }
  const seen = terminal?.attempts.map(({ target, result }) => `${target.split('/')[0]} ${result}`).join(', ');
  // Whoever leaves while the body comes has asked nobody.
  if (terminal?.attempts.length === 0 && end.type === 'left') return wrong;
  must('what was tried', seen, attempts.map((attempt) => attempt.join(' ')).join(', '));
  return wrong;
}

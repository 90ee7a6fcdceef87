import type { Terminal } from '#core/record/record.ts';
import { decide } from '#core/routing/decide.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import { replayCall } from '#replay/replay-call.ts';
import { readAnswer } from './read-answer.ts';
import type { ReadAnswer } from './read-answer.ts';
import { syntheticJson } from './random-policy.ts';
import { replayWalks } from './replay-walks.ts';
import type { MachineCall } from './virtual-machine.ts';
import type { RecordState } from './virtual-record.ts';
import type { Asked, World } from './world.ts';

/** Nobody is dialled again and again for one request more often than this, whatever it says. */
const hammerMs = 90;

/** Everything that is wrong with a world that has been lived to its end; empty if all invariants held. */
export function checkWorld(world: World): readonly string[] {
  const calls = new Map(world.machineCalls.map((call) => [call.number, call]));
  return [
    ...world.violations,
    ...leaks(world),
    ...world.record.problems({ mended: world.healed }),
    ...world.asked.flatMap((asked) => checkAsked(world, asked, calls).map((what) => `${asked.id}: ${what}`)),
  ];
}

/** A slot, a promise, a reservation, a socket or a timer that outlived everybody. */
function leaks({ fleet, tables, limits, network, clock }: World): string[] {
  const found: string[] = [];
  if (fleet.slotsInUse() !== 0) found.push(`${fleet.slotsInUse()} slots are still in use`);
  if (fleet.waiters.count !== 0) found.push(`${fleet.waiters.count} still wait`);
  for (const pool of tables.pools.keys()) {
    const promised = fleet.waiters.promised(pool, null);
    if (promised !== 0) found.push(`${promised} slots of ${pool} are still promised`);
  }
  for (const target of tables.targets.keys()) {
    const inFlight = fleet.snapshot(target.slice(0, target.indexOf('/')))?.targets.find((each) => each.target === target)?.inFlight ?? 0;
    if (inFlight !== 0) found.push(`${inFlight} calls of ${target} are still counted`);
  }
  if (limits.reserved !== limits.settled) found.push(`${limits.reserved} reservations, ${limits.settled} settlements`);
  if (network.openCalls !== 0) found.push(`${network.openCalls} connections are still open`);
  if (clock.pending !== 0) found.push(`${clock.pending} timers are still set`);
  return found;
}

function checkAsked(world: World, asked: Asked, calls: ReadonlyMap<number, MachineCall>): string[] {
  if (asked.doneAt === null) return ['never came to an end'];
  const state = world.record.of(asked.id);
  const answer = readAnswer(asked.caller, asked.request);
  return [
    ...asked.caller.faults,
    ...checkAnswer(asked, answer, { state, calls }),
    ...checkRecord(asked, answer, state),
    ...checkWalk(asked, state),
    ...(asked.afterwards ? checkAfterwards(state, answer) : []),
  ];
}

/** A caller that stayed got one whole answer of one model, or an error it can understand; one that left got at most a piece of one. */
function checkAnswer(
  asked: Asked,
  answer: ReadAnswer,
  { state, calls }: { readonly state: RecordState; readonly calls: ReadonlyMap<number, MachineCall> },
): string[] {
  const found: string[] = [];
  if (answer.form === 'ill') found.push(`was told ${answer.why}`);
  if (answer.form === 'nothing') found.push(`was left without an end: ${answer.why}`);
  if (answer.form === 'cut' && asked.caller.gone === null) found.push('was cut off without having left');
  const [terminal] = state.terminals;
  if (terminal?.verdict === 'synthetic') {
    if (answer.form === 'whole' && answer.text !== JSON.stringify(syntheticJson))
      found.push(`was told ${answer.text} as the profile's own reply`);
    return found;
  }
  const heard = answer.reasoning + answer.text + answer.toolArguments;
  const numbers = new Set([...heard.matchAll(/‹(\d+)\./g)].map((match) => Number(match[1])));
  if (numbers.size > 1) found.push(`got an answer spliced from calls ${[...numbers].join(', ')}`);
  const [number] = numbers;
  const call = number === undefined ? undefined : calls.get(number);
  if (!call) {
    if (answer.form === 'whole') found.push(`got a whole answer that no machine meant: ${JSON.stringify(heard.slice(0, 80))}`);
    return found;
  }
  if (call.mark !== asked.number) found.push(`got words of request ${call.mark}`);
  for (const part of ['text', 'reasoning', 'toolArguments'] as const) {
    const said = call.answer[part];
    const got = call.answer.noise === undefined ? answer[part] : answer[part].replaceAll(call.answer.noise, '');
    if (answer.form === 'whole' && got !== said) found.push(`got ${shown(got)} as the whole ${part} ${shown(said)} (${call.behaviour})`);
    if (!said.startsWith(got)) found.push(`got ${shown(got)}, which does not begin ${shown(said)} (${call.behaviour})`);
  }
  if (answer.form === 'whole' && answer.usages > 0 && asked.request.stream && !asked.request.wantsUsage)
    found.push('got a usage event that it had not asked for');
  if (terminal && terminal.servedBy !== null && terminal.servedBy !== `${call.machine.name}/${call.model}`)
    found.push(`was answered by ${call.machine.name}, recorded as ${terminal.servedBy}`);
  return found;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 300));
}

/** Every intent has exactly one terminal, and it says what the caller saw. */
function checkRecord(asked: Asked, answer: ReadAnswer, state: RecordState): string[] {
  const [terminal, more] = state.terminals;
  if (more) return ['has two terminals'];
  // A key whose profile a reload took away, a body that does not parse: counted, not recorded one by one.
  if (state.begin === 'none')
    return terminal ? ['has a terminal without an intent'] : answer.form === 'whole' ? ['was answered without an intent'] : [];
  const left = asked.caller.gone !== null;
  if (state.begin === 'failed') return unrecorded(answer, { left, half: 'intent' });
  if (!terminal) return ['has an intent and no terminal'];
  if (state.end === 'failed') return unrecorded(answer, { left, half: 'terminal' });
  const found: string[] = [];
  const expected: Record<ReadAnswer['form'], readonly Terminal['result'][]> = {
    whole: ['ok'],
    error: ['refused', 'failed'],
    cut: ['cancelled', 'ok', 'refused', 'failed'],
    nothing: [],
    ill: [],
  };
  if (answer.form !== 'ill' && !expected[answer.form].includes(terminal.result))
    found.push(`saw ${answer.form} (${answer.code ?? answer.status}), recorded as ${terminal.result}`);
  if (terminal.result === 'cancelled' && asked.caller.gone !== 'left') found.push('is recorded as cancelled but did not leave');
  if (answer.form === 'error' && answer.code !== terminal.code) found.push(`was told ${answer.code}, recorded as ${terminal.code}`);
  if (answer.form === 'error' && answer.status !== terminal.status)
    found.push(`was told status ${answer.status}, recorded as ${terminal.status}`);
  if (answer.form === 'whole' && terminal.verdict !== 'ok' && terminal.verdict !== 'synthetic')
    found.push(`was answered with verdict ${terminal.verdict}`);
  if (answer.form === 'error' && terminal.result === 'refused' && answer.text + answer.toolArguments !== '')
    found.push('is recorded as refused after part of an answer');
  return found;
}

/** Without the record nothing is answered: whoever stayed is told so, and when to come again. */
function unrecorded(answer: ReadAnswer, { left, half }: { readonly left: boolean; readonly half: string }): string[] {
  if (answer.form === 'whole') return [`was answered whole without a durable ${half}`];
  if (left || (answer.form === 'error' && answer.code === 'record_unavailable')) return [];
  return [`was told ${answer.form} (${answer.code}) without a durable ${half}`];
}

/** The record alone replays decision and walk, and nobody was dialled whom the walk did not choose. */
function checkWalk(asked: Asked, { intent, terminals }: RecordState): string[] {
  const [terminal] = terminals;
  if (!intent?.facts || !intent.decision || !terminal)
    return asked.calls.length > 0 && !intent?.decision ? ['was dialled for without a decision'] : [];
  const found: string[] = [];
  const decision = decide(intent.facts, asked.tables);
  const refusedFor = intent.decision.refusal?.code;
  if (refusedFor !== 'upstream_crashed' && JSON.stringify(decision) !== JSON.stringify(intent.decision))
    found.push('its facts and policy do not give its decision again');
  const { plan } = intent.decision;
  if (!plan) return asked.calls.length > 0 ? [...found, 'was dialled for without a plan'] : found;
  found.push(...replayWalks(plan, terminal));
  const replay = replayCall({ intent, terminal, requestText: JSON.stringify(asked.request.body) }, asked.tables);
  if (replay.outcome === 'differs' && refusedFor !== 'upstream_crashed')
    found.push(`decided again, it differs in ${replay.field}: ${JSON.stringify(replay.recorded)}, now ${JSON.stringify(replay.replayed)}`);
  const dialled = terminal.attempts.map((attempt) => attempt.target).join(' ');
  const called = asked.calls.map((call) => call.target).join(' ');
  if (dialled !== called) found.push(`dialled [${called}], recorded [${dialled}]`);
  for (const target of new Set(asked.calls.map((call) => call.target))) {
    const times = asked.calls.filter((call) => call.target === target).length;
    if (times > 3 + terminal.durationMs / hammerMs) found.push(`dialled ${target} ${times} times within ${terminal.durationMs} ms`);
  }
  const profile = asked.tables.profiles.get(asked.profile);
  const route = plan.route === null ? null : asked.tables.routes.get(plan.route);
  if (profile?.fallback === 'never' && route)
    for (const call of asked.calls) if (!route.target.includes(call.target)) found.push(`fell back to ${call.target}`);
  return found;
}

/** With everything mended, whoever can be answered at all is. */
function checkAfterwards({ intent, terminals }: RecordState, answer: ReadAnswer): string[] {
  if (answer.code === 'record_unavailable') return ['is not recorded although the disk was mended'];
  const plan = intent?.decision?.plan;
  if (!plan || !candidatesOf(plan).some((candidate) => candidate.lacks.length === 0)) return [];
  const [terminal] = terminals;
  return terminal?.result === 'ok' && terminal.verdict === 'ok'
    ? []
    : [`is not answered although everything was mended: ${terminal?.code} ${terminal?.message}`];
}

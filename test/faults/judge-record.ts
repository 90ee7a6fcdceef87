import type { ExpectedEnd } from './expected-end.ts';
import type { Heard } from './fault-client.ts';
import type { FaultHouse, RecordLine } from './fault-house.ts';
import { firstFault } from './round.ts';
import type { FaultRequest } from './round.ts';
import { until } from './stage.ts';
import type { Stage } from './stage.ts';

/** The record of a request: complete when its answer is, once, and true. */
export async function judgeRecord(
  stage: Stage,
  { route, candidates }: FaultRequest,
  { heard, expected, atEnd }: { readonly heard: Heard; readonly expected: ExpectedEnd; readonly atEnd: readonly RecordLine[] | null },
): Promise<readonly string[]> {
  const { house } = stage;
  const client = candidates[0]?.fault?.client;
  const said = heard.headers['x-request-id'];
  // Who left before the head knows no id; it is the only one on its route.
  const waited = client?.does === 'leaves' && client.at === 'waiting';
  const started = (): RecordLine | undefined => house.record().find((line) => line.type === 'start' && line.decision?.route === route);
  if (waited) await until(() => started() !== undefined, 'the request has its start', stage);
  const id = waited ? started()?.id : said;
  const wrong: string[] = [];
  if (typeof id !== 'string') {
    // Nothing was told, the id included; that every start has its end is looked at in the rest.
    if (expected.end.type !== 'left' || waited) wrong.push('no id: neither in the reply nor in the record');
    return wrong;
  }
  if (heard.proper && atEnd !== null && !atEnd.some((line) => line.type === 'terminal' && line.id === id))
    wrong.push('the answer was whole before its record was');
  await until(() => house.record().some((line) => line.type === 'terminal' && line.id === id), 'the request has its terminal', stage);
  const [terminal] = house.record().filter((line) => line.type === 'terminal' && line.id === id);
  if (terminal?.type !== 'terminal') return [...wrong, 'lost: no terminal'];
  const { end } = expected;
  const result = { answered: 'ok', broken: 'failed', error: 'refused', left: 'cancelled', cut: 'failed' }[end.type];
  if (terminal.result !== result) wrong.push(`the record says ${terminal.result} instead of ${result}`);
  const code = end.type === 'broken' || end.type === 'error' ? end.code : end.type === 'cut' ? 'caller_too_slow' : null;
  if (terminal.code !== code) wrong.push(`the record says ${terminal.code} instead of ${code}`);
  const attempts = terminal.attempts.map(({ target, result: of }) => `${target.split('/')[0]} ${of}`).join(', ');
  const wanted = expected.attempts.map((attempt) => attempt.join(' ')).join(', ');
  if (attempts !== wanted) wrong.push(`the record says: ${attempts}; instead of: ${wanted}`);
  return wrong;
}

/** What must hold after a round: nothing of it is left. */
export async function judgeRest(stage: Stage): Promise<void> {
  const { house, machines, round } = stage;
  const zombies = firstFault(round)?.kind === 'mlx' ? 1 : 0;
  await until(async () => (await inUse(stage)) === zombies, 'every slot is back', stage);
  for (const { name, server } of machines.values()) await until(() => server.running === 0, `${name} works for nobody`, stage);
  if (house.faults.length > 0)
    stage.wrong.push(...house.faults.map((fault) => `a fault of the house’s own: ${fault instanceof Error ? fault.stack : String(fault)}`));
}

/** Slots of a round's machines that are taken. */
export async function inUse({ house, machines }: Stage): Promise<number> {
  const { upstreams } = await house.fleet();
  return upstreams.filter(({ upstream }) => machines.has(upstream)).reduce((sum, { inFlight }) => sum + inFlight, 0);
}

/** What must hold of a house when all its rounds are over: nobody is under way, and every request that began has its one end. */
export async function judgeHouse(house: FaultHouse, wrong: string[]): Promise<void> {
  await until(() => house.active() === 0, 'no call is under way', { wrong });
  await until(async () => (await house.fleet()).waiting === 0, 'nobody waits', { wrong });
  const ids = (type: string): readonly string[] =>
    house
      .record()
      .flatMap((line) => (line.type === type ? [line.id] : []))
      .toSorted();
  await until(() => ids('start').length === ids('terminal').length, 'every start has its end', { wrong });
  const [starts, terminals] = [ids('start'), ids('terminal')];
  if (starts.join() !== terminals.join()) wrong.push(`lost: ${starts.length} starts, ${terminals.length} terminals`);
  if (new Set(terminals).size !== terminals.length) wrong.push('a request has two ends');
}

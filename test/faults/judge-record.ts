import type { ExpectedEnd } from './expected-end.ts';
import type { Heard } from './fault-client.ts';
import type { RecordLine } from './fault-house.ts';
import { firstFault } from './round.ts';
import { until } from './stage.ts';
import type { Stage } from './stage.ts';

/** The record of a request: complete when its answer is, once, and true. */
export async function judgeRecord(
  stage: Stage,
  { heard, expected, atEnd }: { readonly heard: Heard; readonly expected: ExpectedEnd; readonly atEnd: readonly RecordLine[] | null },
): Promise<readonly string[]> {
  const { house } = stage;
  const id = heard.headers['x-request-id'];
  const wrong: string[] = [];
  if (typeof id !== 'string') {
    // Nothing was told, the id included; that every start has its end is looked at in the rest.
    if (expected.end.type !== 'left') wrong.push('no reply with an id');
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

/** What must hold after every round: nothing is lost and nothing is left. */
export async function judgeRest(stage: Stage): Promise<void> {
  const { house, machines, round } = stage;
  const zombies = firstFault(round)?.kind === 'mlx' ? 1 : 0;
  await until(() => house.active() === 0, 'no call is under way', stage);
  await until(
    async () => {
      const { slotsInUse, waiting } = await house.fleet();
      return slotsInUse === zombies && waiting === 0;
    },
    'every slot is back, and nobody waits',
    stage,
  );
  for (const { name, server } of machines.values()) await until(() => server.running === 0, `${name} works for nobody`, stage);
  const ids = (type: string): readonly string[] =>
    house
      .record()
      .flatMap((line) => (line.type === type ? [line.id] : []))
      .toSorted();
  const [starts, terminals] = [ids('start'), ids('terminal')];
  if (starts.join() !== terminals.join()) stage.wrong.push(`lost: ${starts.length} starts, ${terminals.length} terminals`);
  if (new Set(terminals).size !== terminals.length) stage.wrong.push('a request has two ends');
}

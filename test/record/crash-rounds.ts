import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answering, startModelServer } from '#test/e2e/model-server.ts';
import { diceOf } from '#test/sim/random.ts';
import { verifyRecord } from './verify-record.ts';

/** What became of a run of crashes. */
export interface CrashReport {
  readonly rounds: number;
  /** Answers that the client had as a whole. */
  readonly whole: number;
  /** Calls that were under way when the house was killed, as far as the client knew their id. */
  readonly cut: number;
  /** Calls that the record calls interrupted. */
  readonly interrupted: number;
  /** What the record does not say though it was promised. */
  readonly failures: readonly string[];
}

/** How many callers ask at once. */
const callers = 6;
/** A record is used for so many rounds; then a new one is begun. */
const roundsOfOne = 20;

interface Seen {
  readonly whole: Set<string>;
  readonly cut: Set<string>;
}

/**
 * Kills a house again and again at random moments under load, and compares what this process was answered with what the record says
 * after the next start. `early`: the house answers before it records.
 */
export async function crashRounds({
  rounds,
  seed,
  early = false,
}: {
  readonly rounds: number;
  readonly seed: number;
  readonly early?: boolean;
}): Promise<CrashReport> {
  const dice = diceOf(seed);
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-crash-'));
  const machine = await startModelServer('spark', ['spark'], answering({ text: ['he', 'llo'] }));
  const policyPath = join(root, 'gatehouse.yaml');
  writeFileSync(
    policyPath,
    `version: 1\nhouse: lab\nupstreams:\n  spark: { kind: vllm, url: "${machine.server.url}", slots: 8, models: { spark: { context: 32k } } }\nroutes: { chat: { target: spark } }\n`,
  );
  const total = { whole: 0, cut: 0, interrupted: 0, failures: [] as string[] };
  try {
    for (let done = 0; done < rounds; done += roundsOfOne) {
      const folder = join(root, `data-${done}`);
      const begin = (): Promise<House> => startChild(folder, policyPath, early);
      const seen: Seen = { whole: new Set(), cut: new Set() };
      const running: { key: string | null } = { key: null };
      for (let round = 0; round < Math.min(roundsOfOne, rounds - done); round++) {
        const house = await begin();
        running.key ??= house.key;
        // Something was answered; then at any moment.
        await load(house, { key: running.key ?? '', seen, answers: dice.int(1, 30), thenMs: dice.int(0, 20) });
        await end(house.child);
      }
      await end((await begin()).child);
      const compared = compare(folder, seen);
      total.whole += seen.whole.size;
      total.cut += seen.cut.size;
      total.interrupted += compared.interrupted;
      total.failures.push(...compared.failures);
      rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    await machine.server.close();
    rmSync(root, { recursive: true, force: true });
  }
  return { rounds, ...total };
}

interface House {
  readonly child: ChildProcess;
  readonly address: string;
  readonly key: string | null;
}

async function startChild(folder: string, policyPath: string, early: boolean): Promise<House> {
  const program = join(import.meta.dirname, 'crash-house.ts');
  const child = spawn(process.execPath, [program, folder, policyPath, ...(early ? ['early'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['null'])]);
  const said = JSON.parse(String(line)) as { readonly address: string; readonly key: string | null } | null;
  if (!said) throw new Error('the house did not start');
  return { child, ...said };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Asks without a pause until so many answers came; a little later the house is killed in the middle of the next. */
async function load(
  house: House,
  { key, seen, answers, thenMs }: { readonly key: string; readonly seen: Seen; readonly answers: number; readonly thenMs: number },
): Promise<void> {
  const state = { over: false };
  let came = 0;
  let enough = (): void => {};
  const caller = async (number: number): Promise<void> => {
    for (let call = 0; !state.over; call++) {
      await ask(house, { key, seen, stream: (number + call) % 2 === 0 });
      if (++came >= answers) enough();
    }
  };
  const reached = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const asking = Array.from({ length: callers }, (_, number) => caller(number));
  await reached;
  await sleep(thenMs);
  state.over = true;
  house.child.kill('SIGKILL');
  await Promise.all(asking);
}

async function ask(
  { address }: House,
  { key, seen, stream }: { readonly key: string; readonly seen: Seen; readonly stream: boolean },
): Promise<void> {
  let id: string | null = null;
  try {
    const answer = await fetch(`http://${address}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'lab/chat', stream, messages: [{ role: 'user', content: 'hello' }] }),
    });
    id = answer.headers.get('x-gatehouse-request-id');
    const text = await answer.text();
    const isWhole = answer.status === 200 && (stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}'));
    if (id !== null) (isWhole ? seen.whole : seen.cut).add(id);
  } catch {
    if (id !== null) seen.cut.add(id);
  }
}

/** Every whole answer has its record; whatever had begun has an end, and one. */
function compare(folder: string, { whole, cut }: Seen): { readonly interrupted: number; readonly failures: readonly string[] } {
  const failures: string[] = [];
  const { entries, records } = verifyRecord(folder);
  const results = new Map(records.map(({ id, result }) => [String(id), String(result)]));
  for (const id of whole) if (results.get(id) !== 'ok') failures.push(`${id} was answered as a whole; the record says ${results.get(id)}`);
  for (const id of cut) if (!results.has(id)) failures.push(`${id} began to be answered; the record does not know it`);
  const ends = new Map<string, number>();
  for (const { type, id } of entries)
    if (type === 'terminal' || type === 'interrupted') ends.set(String(id), (ends.get(String(id)) ?? 0) + 1);
  for (const { type, id } of entries)
    if (type === 'start' && ends.get(String(id)) !== 1) failures.push(`${String(id)} has ${ends.get(String(id)) ?? 0} ends`);
  return { interrupted: [...results.values()].filter((result) => result === 'interrupted').length, failures };
}

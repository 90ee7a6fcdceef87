/** A machine that is gone, from the prober's first bad look to its command, its return and the record; only time is not real. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { FakeClock, until } from '#test/gateway/fake-clock.ts';
import { readView } from '#test/record/read-view.ts';
import { clientOf, question } from './den.ts';
import { answering } from './model-server.ts';
import { startHouseOnLoopback } from './running-house.ts';
import type { HouseOnLoopback } from './running-house.ts';

interface Watched {
  readonly lab: HouseOnLoopback<'spark' | 'tower'>;
  readonly clock: FakeClock;
  /** How often the command has begun. */
  readonly begun: () => number;
  /** How often one has ended, by whoever it was begun. */
  readonly ended: () => number;
  /** Lets the command that runs come to its end. */
  readonly finish: () => Promise<void>;
  /** Lets the clock run to the next look at spark, and the look come to its end. */
  readonly nextLook: () => Promise<void>;
}

/** A lab whose spark is refused from the start of the test; its command notes that it runs, then waits to be let go. */
async function watched(t: TestContext): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-watchdog-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [runs, gate] = [join(folder, 'runs'), join(folder, 'gate')];
  execFileSync('mkfifo', [gate]);
  const clock = new FakeClock();
  const lab = await startHouseOnLoopback(
    t,
    { spark: { does: answering({ text: 'from spark' }) }, tower: { does: answering({ text: 'from tower' }) } },
    ({ spark, tower }) => `
version: 1
house: lab
upstreams:
  spark:
    kind: vllm
    url: ${spark}
    slots: 1
    recover: { command: [sh, -c, 'echo run >> ${runs}; read word < ${gate}; echo "$word"'] }
    models: { spark: { context: 8k } }
  tower: { kind: vllm, url: ${tower}, slots: 1, models: { tower: { context: 8k } } }
routes:
  chat: { target: spark, failover: tower }
`,
    { clock },
  );
  const begun = (): number => (existsSync(runs) ? readFileSync(runs, 'utf8').trim().split('\n').length : 0);
  await until(() => stateOf(lab) === 'up');
  await lab.machines.spark.server.refuse();
  lab.machines.spark.server.resetAll();
  assert.equal(await answerOf(lab), 'from tower', 'whoever asks is answered by the other machine');
  assert.equal(stateOf(lab), 'ejected');
  return {
    lab,
    clock,
    begun,
    ended: () => lab.told.filter(({ happening }) => happening.type === 'recovery' && happening.outcome !== 'started').length,
    finish: async () => {
      const file = await open(gate, 'w');
      await file.write('bye\n');
      await file.close();
    },
    nextLook: async () => {
      await clock.advance((await untilNextProbeMs(lab)) + 1_000);
      while ((await untilNextProbeMs(lab)) <= 0);
    },
  };
}

function stateOf(lab: Watched['lab']): string | undefined {
  const last = lab.told.findLast(({ happening }) => happening.type === 'upstream' && happening.upstream === 'spark')?.happening;
  return last?.type === 'upstream' ? last.state : undefined;
}

async function answerOf(lab: Watched['lab']): Promise<string | null | undefined> {
  const reply = await clientOf(lab).chat.completions.create(question('lab/chat'));
  return reply.choices[0]?.message.content;
}

/** How long until spark is looked at again; nothing or less while it is being looked at. */
async function untilNextProbeMs(lab: Watched['lab']): Promise<number> {
  const { text } = await lab.operator('GET', '/admin/upstreams');
  const { upstreams }: { readonly upstreams: readonly { readonly upstream: string; readonly nextProbeMs: number | null }[] } =
    JSON.parse(text);
  const ms = upstreams.find(({ upstream }) => upstream === 'spark')?.nextProbeMs;
  assert.ok(typeof ms === 'number', 'spark is out');
  return ms;
}

test('still out at the second look, its command runs once, whoever else asks for it; it comes back and is up after two good looks', async (t) => {
  const { lab, clock, begun, ended, finish, nextLook } = await watched(t);
  await clock.advance(29_000);
  assert.equal(begun(), 0, 'what was out for a moment is left alone');
  await nextLook();
  await until(() => begun() === 1);
  // Looked at again while the command runs, and asked for by the operator: it is the same run.
  assert.equal((await lab.operator('POST', '/admin/reload-config')).status, 200);
  const joined = lab.operator('POST', '/admin/recover/spark');
  // It is recorded before it is done; only then has it joined the run.
  await until(() => lab.decisions().some((line) => line.type === 'admin' && line.action === 'recover'));
  await lab.machines.spark.server.listen();
  await finish();
  assert.equal(JSON.parse((await joined).text).by, 'watchdog');
  assert.equal(begun(), 1);
  // Its end is a reason to look at once; a second good look brings it back.
  await until(() => ended() === 1);
  while ((await untilNextProbeMs(lab)) > 1_000);
  // A look also asks for the list of models; one that is due meanwhile waits for the next tick.
  for (let tries = 0; stateOf(lab) !== 'up' && tries < 100; tries++) {
    await clock.advance(1_000);
    await lab.operator('GET', '/admin/upstreams');
  }
  assert.equal(stateOf(lab), 'up');
  assert.equal(await answerOf(lab), 'from spark');
  const lines = readView(lab.folder, 'recovery-events');
  assert.equal(lines.length, 1);
  const { at: _at, durationMs: _took, command: _words, ...line } = JSON.parse(lines[0] ?? '');
  assert.deepEqual(line, { upstream: 'spark', by: 'watchdog', outcome: 'done', exitCode: 0, output: 'bye\n' });
});

test('a machine that stays out: its command rests between two runs, and not at all while the operator has it drained', async (t) => {
  const { lab, clock, begun, ended, finish, nextLook } = await watched(t);
  await nextLook();
  await until(() => begun() === 1);
  await finish();
  await until(() => ended() === 1);
  const endedAt = clock.now();
  while (clock.now() - endedAt < 200_000) await nextLook();
  assert.equal(begun(), 1, 'looked at, but the last run is too near');
  assert.equal((await lab.operator('POST', '/admin/drain/spark')).status, 200);
  while (clock.now() - endedAt < 900_000) await nextLook();
  assert.equal(begun(), 1, 'somebody is at work on it');
  assert.equal((await lab.operator('POST', '/admin/undrain/spark')).status, 200);
  await nextLook();
  await until(() => begun() === 2);
  await finish();
  await until(() => ended() === 2);
});

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { memoryStore } from '#store/memory-store.ts';
import type { MemoryStore } from '#store/memory-store.ts';
import type { Happening } from '#telemetry/ports.ts';
import { Recovery } from './recovery.ts';

interface Stage {
  readonly folder: string;
  readonly recovery: Recovery;
  readonly store: MemoryStore;
  readonly told: Happening[];
  readonly succeeded: string[];
  /** What the recovery's clock says; its timers are real. */
  now: number;
}

/** A recovery whose one upstream `spark` has a script of the given lines. */
function stage(t: TestContext, lines: string, more: { readonly timeoutMs?: number; readonly words?: readonly string[] } = {}): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'gh recovery '));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(folder, 'bring back.sh');
  writeFileSync(script, `#!/bin/sh\n${lines}\n`);
  chmodSync(script, 0o700);
  const [store, told, succeeded]: [MemoryStore, Happening[], string[]] = [memoryStore(), [], []];
  const made: Stage = {
    folder,
    store,
    told,
    succeeded,
    now: 1_000,
    recovery: new Recovery({
      commandOf: (upstream) => (upstream === 'spark' ? (more.words ?? ['./bring back.sh', '$(id)', 'a b']) : null),
      store,
      watch: { tell: (happening) => void told.push(happening) },
      clock: {
        now: () => made.now,
        wallNow: () => 77,
        after: (delayMs, what) => {
          const timer = setTimeout(what, delayMs);
          return () => clearTimeout(timer);
        },
      },
      env: { PATH: process.env['PATH'] ?? '' },
      cwd: folder,
      succeeded: (upstream) => void succeeded.push(upstream),
      ...(more.timeoutMs === undefined ? {} : { timeoutMs: more.timeoutMs }),
    }),
  };
  return made;
}

test('the command gets its words as they are, no shell, and hardly any environment; how it ended is kept', async (t) => {
  process.env['GATEHOUSE_TEST_SECRET'] = 'sk-secret';
  t.after(() => delete process.env['GATEHOUSE_TEST_SECRET']);
  const at = stage(t, 'echo "$1|$2|$GATEHOUSE_UPSTREAM|$GATEHOUSE_TEST_SECRET|$#"; echo oops >&2');
  const event = { upstream: 'spark', by: 'operator', outcome: 'done', exitCode: 0, durationMs: 0 } as const;
  assert.deepEqual(await at.recovery.recover('spark', 'operator'), { ran: true, event });
  const [op] = at.store.ops;
  assert.ok(op?.op === 'recovery');
  const { output, ...rest } = op;
  assert.deepEqual(rest, { op: 'recovery', at: 77, ...event, command: ['./bring back.sh', '$(id)', 'a b'] });
  assert.match(output, /\$\(id\)\|a b\|spark\|\|2\n/);
  assert.match(output, /oops/);
  assert.deepEqual(at.succeeded, ['spark']);
  assert.deepEqual(
    at.told.map((happening) => (happening.type === 'recovery' ? `${happening.by} ${happening.outcome}` : happening.type)),
    ['operator started', 'operator done'],
  );
  assert.doesNotMatch(JSON.stringify(at.told), /oops/, 'what a command says is for the log alone');
});

test('one at a time: whoever asks meanwhile hears how that run ends; then it rests', async (t) => {
  const at = stage(t, 'echo run >> runs');
  const answers = await Promise.all([at.recovery.recover('spark', 'watchdog'), at.recovery.recover('spark', 'operator')]);
  assert.equal(answers[0], answers[1]);
  assert.deepEqual(await at.recovery.recover('spark', 'operator'), { ran: false, retryAfterMs: 300_000 });
  at.now += 299_999;
  assert.deepEqual(await at.recovery.recover('spark', 'watchdog'), { ran: false, retryAfterMs: 1 });
  at.now += 1;
  assert.equal((await at.recovery.recover('spark', 'watchdog')).ran, true);
  assert.equal(readFileSync(join(at.folder, 'runs'), 'utf8'), 'run\nrun\n');
});

test('an upstream without a command runs none', async (t) => {
  const at = stage(t, 'exit 0');
  assert.deepEqual(await at.recovery.recover('tower', 'watchdog'), { ran: false, retryAfterMs: null });
  assert.deepEqual([at.told, at.store.ops], [[], []]);
});

test('a command that fails, or is none, is said to have; the machine is not looked at for it', async (t) => {
  const failing = stage(t, 'exit 3');
  const failed = await failing.recovery.recover('spark', 'watchdog');
  assert.ok(failed.ran);
  assert.deepEqual([failed.event.outcome, failed.event.exitCode, failing.succeeded], ['failed', 3, []]);
  const none = stage(t, '', { words: ['./not-there'] });
  const missing = await none.recovery.recover('spark', 'watchdog');
  assert.ok(missing.ran);
  assert.deepEqual([missing.event.outcome, missing.event.exitCode], ['not_started', null]);
  const broken = stage(t, '', { words: ['echo', 'a\0b'] });
  const impossible = await broken.recovery.recover('spark', 'watchdog');
  assert.ok(impossible.ran);
  assert.equal(impossible.event.outcome, 'not_started');
});

test('one that takes too long is killed, with what it started', async (t) => {
  const at = stage(t, 'sleep 600 & echo $! > child; wait', { timeoutMs: 300 });
  const answer = await at.recovery.recover('spark', 'watchdog');
  assert.ok(answer.ran);
  assert.equal(answer.event.outcome, 'timed_out');
  await goneOf(Number(readFileSync(join(at.folder, 'child'), 'utf8')));
});

test('what it leaves running on purpose is not waited for', async (t) => {
  const at = stage(t, 'sleep 600 & echo $! > child; echo started');
  const answer = await at.recovery.recover('spark', 'operator');
  const child = Number(readFileSync(join(at.folder, 'child'), 'utf8'));
  t.after(() => process.kill(child, 'SIGKILL'));
  assert.ok(answer.ran);
  assert.equal(answer.event.outcome, 'done');
  assert.ok(process.kill(child, 0), 'it still runs');
});

test('what it says is capped to its end', async (t) => {
  const at = stage(t, 'i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done; echo last');
  await at.recovery.recover('spark', 'operator');
  const [op] = at.store.ops;
  assert.ok(op?.op === 'recovery');
  assert.ok(op.output.length <= 4_000);
  assert.ok(op.output.endsWith('last\n'));
});

test('a record that cannot be written does not keep a machine down, and is told', async (t) => {
  const at = stage(t, 'touch ran');
  at.store.setWritable(false);
  await at.recovery.recover('spark', 'watchdog');
  assert.ok(existsSync(join(at.folder, 'ran')));
  assert.deepEqual(at.succeeded, ['spark']);
  assert.equal(at.told.at(-1)?.type, 'alarm');
});

test('at the close what runs is killed, and nothing is run any more', async (t) => {
  const at = stage(t, 'sleep 600');
  const running = at.recovery.recover('spark', 'watchdog');
  at.recovery.stop();
  const answer = await running;
  assert.ok(answer.ran);
  assert.equal(answer.event.outcome, 'failed');
  at.now += 1e9;
  assert.deepEqual(await at.recovery.recover('spark', 'watchdog'), { ran: false, retryAfterMs: null });
});

/** Resolves once no such process runs. A zombie that nobody has collected yet counts as gone. */
async function goneOf(pid: number): Promise<void> {
  for (;;) {
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] : 'gone';
    if (state !== 'S' && state !== 'R') return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

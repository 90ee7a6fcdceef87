/** Lists of calls, one call's story, sums of costs, runs and scores, asked of a record that the real writer wrote. */
import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type { Intent, Terminal } from '#core/record/record.ts';
import { AskingThread } from '#record/asking/asking-thread.ts';
import { costGroups } from '#record/asking/cost-groups.ts';
import { latestRecords, listRecords, recordsAfter } from '#record/asking/list-records.ts';
import type { RecordFilter } from '#record/asking/list-records.ts';
import { readCall } from '#record/asking/read-call.ts';
import { openForAsking, policyJson } from '#record/asking/record-reader.ts';
import { listRuns, readRun } from '#record/asking/runs.ts';
import { scoreRanks } from '#record/asking/score-ranks.ts';
import { TermTask, termsThrough } from '#record/asking/terms.ts';
import { openLog } from '#record/open-log.ts';
import { isStartProblem } from '#store/ports.ts';
import type { StoreOp } from '#store/ports.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { openRecord, recordFolder } from './record-stage.ts';

interface CallParts {
  readonly id: string;
  readonly intent?: Partial<Intent>;
  readonly terminal?: Partial<Terminal>;
  readonly said?: { readonly request: string; readonly reply: string };
}

function callOps({ id, intent = {}, terminal = {}, said }: CallParts): StoreOp[] {
  const full = (text: string) => ({ said: { capture: 'full', bytes: Buffer.from(text) } as const });
  return [
    { op: 'start', intent: intentWith({ id, ...intent }), ...(said ? full(said.request) : {}) },
    { op: 'terminal', terminal: terminalWith({ id, ...terminal }), ...(said ? full(said.reply) : {}) },
  ];
}

/** A record with these calls, closed, and open for asking. */
async function recordOf(t: TestContext, ops: readonly StoreOp[]): Promise<{ readonly folder: string; readonly database: DatabaseSync }> {
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  for (const op of ops) await store.commit([op]);
  await store.close();
  const database = openForAsking(folder);
  t.after(() => database.close());
  return { folder, database };
}

const idsOf = (database: DatabaseSync, filter: RecordFilter, limit = 100): readonly string[] =>
  listRecords(database, filter, { limit, before: null }).rows.map(({ id }) => id);

/** Writes terms until there is nothing to write, as the idle writer does. */
function writeTerms(folder: string, slices: number): void {
  const opened = openLog(folder, 0);
  assert.ok(!isStartProblem(opened));
  const task = new TermTask(opened.writer.database, (work) => opened.writer.transaction(work));
  for (let slice = 0; slice < slices && task.slice(); slice++);
  opened.writer.close();
}

test('lists are newest first, in pages, and filters find just what they say', async (t) => {
  const { database } = await recordOf(t, [
    ...callOps({ id: 'a', intent: { task: 'nightly', at: 1_000 }, terminal: { servedBy: 'spark/m', durationMs: 10 } }),
    ...callOps({ id: 'b', intent: { at: 2_000 }, terminal: { result: 'refused', code: 'saturated', status: 429, durationMs: 10 } }),
    ...callOps({ id: 'c', intent: { task: 'nightly', at: 3_000 }, terminal: { servedBy: 'thor/m', durationMs: 10 } }),
  ]);
  assert.deepEqual(idsOf(database, {}), ['c', 'b', 'a']);
  const first = listRecords(database, {}, { limit: 2, before: null });
  assert.deepEqual([first.rows.map(({ id }) => id), first.next], [['c', 'b'], first.rows[1]?.seq]);
  const second = listRecords(database, {}, { limit: 2, before: first.next });
  assert.deepEqual([second.rows.map(({ id }) => id), second.next], [['a'], null]);
  assert.deepEqual(idsOf(database, { task: 'nightly' }), ['c', 'a']);
  assert.deepEqual(idsOf(database, { task: 'nightly', upstream: 'spark' }), ['a']);
  assert.deepEqual(idsOf(database, { code: 'saturated' }), ['b']);
  assert.deepEqual(idsOf(database, { task: 'nobody' }), []);
  assert.deepEqual(idsOf(database, { since: 1_500 }), ['c', 'b']);
  assert.deepEqual(idsOf(database, { until: 2_500 }), ['b', 'a']);
  assert.deepEqual(
    recordsAfter(database, {}, first.rows[1]?.seq ?? 0).map(({ id }) => id),
    ['c'],
  );
  const [row] = listRecords(database, { task: 'nightly' }, { limit: 1, before: null }).rows;
  assert.deepEqual([row?.target, row?.upstream, row?.result, row?.stream, row?.durationMs], ['thor/m', 'thor', 'ok', false, 10]);
});

test('a call that was cut by the end of the process hides none that ended before it did', async (t) => {
  const folder = recordFolder(t);
  const first = await openRecord(folder);
  await first.commit([{ op: 'start', intent: intentWith({ id: 'cut', at: 1_000 }) }]);
  for (const at of [50_000, 60_000, 70_000])
    for (const op of callOps({ id: `whole-${at}`, intent: { at }, terminal: { at, durationMs: 0 } })) await first.commit([op]);
  await first.close();
  // Its end is written now, and says nothing of how long it took.
  const second = await openRecord(folder);
  for (const at of [80_000, 90_000])
    for (const op of callOps({ id: `whole-${at}`, intent: { at }, terminal: { at, durationMs: 0 } })) await second.commit([op]);
  await second.close();
  const database = openForAsking(folder);
  t.after(() => database.close());
  const later = ['whole-90000', 'whole-80000', 'cut', 'whole-70000', 'whole-60000'];
  assert.deepEqual(idsOf(database, { since: 55_000 }), later);
});

test('with terms, without them and with terms for half of the calls the same is found', async (t) => {
  const values = { task: ['one', 'two', null], route: ['code', 'chat'], result: ['ok', 'failed'], upstream: ['spark', 'thor'] } as const;
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat()), fc.nat(450), async (dice, indexed) => {
      const pick = <Value>(from: readonly Value[]): Value => {
        const value = from[(dice.next().value ?? 0) % from.length];
        assert.ok(value !== undefined);
        return value;
      };
      const calls = Array.from({ length: 450 }, (_, at) => ({
        id: `r${at}`,
        at: 1_000 * at,
        task: pick(values.task),
        route: pick(values.route),
        result: pick(values.result),
        upstream: pick(values.upstream),
      }));
      const folder = recordFolder(t);
      const store = await openRecord(folder);
      await store.commit(
        calls.flatMap(({ id, at, task, route, result, upstream }) =>
          callOps({
            id,
            intent: { at, task, decision: { reason: 'rest', bucket: null, route, promotedTo: null, notes: [], plan: null, refusal: null } },
            terminal: { result, servedBy: `${upstream}/m`, durationMs: 5 },
          }),
        ),
      );
      await store.close();
      writeTerms(folder, Math.ceil(indexed / 200));
      const database = openForAsking(folder);
      try {
        for (const filter of [
          { task: 'one' },
          { route: 'code', upstream: 'thor' },
          { result: 'failed', task: 'two', since: 50_000, until: 300_000 },
        ]) {
          const wanted = calls
            .filter((call) =>
              Object.entries(filter).every(
                ([key, value]) => key === 'since' || key === 'until' || new Map(Object.entries(call)).get(key) === value,
              ),
            )
            .filter(({ at }) => !('since' in filter) || (at + 5 >= 50_000 && at + 5 <= 300_000));
          for (const [lookAt, frequent] of [
            [1, 20_000],
            [33, 20_000],
            [100_000, 20_000],
            [33, 0],
            [100_000, 50],
          ] as const) {
            const found: string[] = [];
            for (let before: number | null = null; ;) {
              const page: ReturnType<typeof listRecords> = listRecords(database, filter, { limit: 7, before, lookAt, frequent });
              assert.ok(page.rows.length <= 7);
              found.push(...page.rows.map(({ id }) => id));
              if (page.next === null) break;
              assert.ok(page.next < (before ?? Number.MAX_SAFE_INTEGER), 'every page leads further');
              before = page.next;
            }
            assert.deepEqual(found, wanted.map(({ id }) => id).toReversed());
          }
          assert.deepEqual(
            latestRecords(database, filter, 20).map(({ id }) => id),
            wanted
              .map(({ id }) => id)
              .toReversed()
              .slice(0, 20),
          );
        }
      } finally {
        database.close();
      }
    }),
    { numRuns: 3 },
  );
});

test('the terms of calls are written when nothing else is to do', async (t) => {
  const { folder, database } = await recordOf(t, callOps({ id: 'a', intent: { task: 'nightly' } }));
  writeTerms(folder, 9);
  assert.equal(termsThrough(database), 2);
  assert.deepEqual(idsOf(database, { task: 'nightly' }), ['a']);
});

test('one call in full: what was asked, decided, seen, said and thought of it; its beginning is enough to name it', async (t) => {
  const said = { request: '{"model":"auto","messages":[{"role":"user","content":"ü"}]}', reply: '{"choices":[]}' };
  const { database } = await recordOf(t, [
    ...callOps({ id: 'req_abc', terminal: { attempts: [attemptWith()], servedBy: 'one/m' }, said }),
    ...callOps({ id: 'req_abd' }),
    { op: 'score', at: 9, id: 'req_abc', name: 'useful', value: 0.5, label: null, source: 'me', comment: 'fair' },
  ]);
  const story = readCall(database, 'req_abc');
  assert.deepEqual(story?.intent, intentWith({ id: 'req_abc' }));
  assert.deepEqual(story?.terminal, terminalWith({ id: 'req_abc', attempts: [attemptWith()], servedBy: 'one/m' }));
  assert.deepEqual(story?.scores, [{ at: 9, name: 'useful', value: 0.5, label: null, source: 'me', comment: 'fair' }]);
  assert.equal(story?.bodies.request.state === 'kept' && Buffer.from(story.bodies.request.bytes).toString(), said.request);
  assert.equal(story?.bodies.reply.state === 'kept' && Buffer.from(story.bodies.reply.bytes).toString(), said.reply);
  assert.equal(readCall(database, 'req_abd')?.row.id, 'req_abd');
  assert.equal(readCall(database, 'req_ab'), null, 'two begin so');
  assert.equal(readCall(database, 'req_x'), null);
});

test('costs are summed by task, key, model and day; what is not known is counted', async (t) => {
  const usage = { input: 10, output: 5, cachedInput: null, reasoning: null };
  const day = 86_400_000;
  const { database } = await recordOf(t, [
    ...callOps({ id: 'a', intent: { task: 'nightly', at: day }, terminal: { servedBy: 'far/org/big', costNano: 500, usage } }),
    ...callOps({
      id: 'b',
      intent: { task: 'nightly', at: day + 5 },
      terminal: { servedBy: 'one/m', costNano: 20, energyMws: 7, compareNano: 90, usage },
    }),
    ...callOps({ id: 'c', intent: { at: 2 * day, principal: 'k_two' }, terminal: { servedBy: 'one/m' } }),
  ]);
  const nightly = {
    name: 'nightly',
    calls: 2,
    inputTokens: 20,
    outputTokens: 10,
    costNano: 520,
    unknown: 0,
    energyMws: 7,
    compareNano: 90,
  };
  const other = { name: null, calls: 1, inputTokens: 0, outputTokens: 0, costNano: 0, unknown: 1, energyMws: 0, compareNano: 0 };
  assert.deepEqual(costGroups(database, 'task', {}), [nightly, other]);
  assert.deepEqual(
    costGroups(database, 'model', {}).map(({ name, costNano }) => [name, costNano]),
    [
      ['org/big', 500],
      ['m', 20],
    ],
  );
  assert.deepEqual(
    costGroups(database, 'key', {}).map(({ name }) => name),
    ['k_one', 'k_two'],
  );
  assert.deepEqual(
    costGroups(database, 'day', {}).map(({ name, calls }) => [name, calls]),
    [
      ['1970-01-02', 2],
      ['1970-01-03', 1],
    ],
  );
  assert.deepEqual(
    costGroups(database, 'day', { offsetMs: -day / 2 }).map(({ name }) => name),
    ['1970-01-01', '1970-01-02'],
  );
});

test('of more groups than are wanted the cheapest are one sum, so that the total is whole; a filter leaves out what it does not name', async (t) => {
  const usage = { input: 1, output: 1, cachedInput: null, reasoning: null };
  const calls = Array.from({ length: 9 }, (_, at) =>
    callOps({
      id: `r${at}`,
      intent: { session: `s${at}`, task: at < 4 ? 'nightly' : null },
      terminal: { servedBy: 'one/m', costNano: 100 - at, usage },
    }),
  );
  const { database } = await recordOf(t, calls.flat());
  const told = (limit: number) =>
    costGroups(database, 'session', { limit }).map(({ name, others, calls: count, costNano }) => [name, others, count, costNano]);
  assert.deepEqual(told(2), [
    ['s0', undefined, 1, 100],
    ['s1', undefined, 1, 99],
    [null, 7, 7, 98 + 97 + 96 + 95 + 94 + 93 + 92],
  ]);
  assert.equal(told(9).length, 9);
  assert.deepEqual(told(8).at(-1), ['s8', undefined, 1, 92], 'one that is left is told by its name');
  assert.deepEqual(
    costGroups(database, 'key', { task: 'nightly' }).map(({ calls: count }) => count),
    [4],
  );
});

test('whoever asks for too much hears what to do instead: every question looks at the time while it looks at rows', async (t) => {
  const calls = Array.from({ length: 1_100 }, (_, at) => callOps({ id: `r${at}`, intent: { session: `s${at >> 1}`, task: 'one' } }));
  const scores = Array.from({ length: 1_100 }, (_, at): StoreOp => ({
    op: 'score',
    at: 1,
    id: `r${at}`,
    name: 'n',
    value: 1,
    label: null,
    source: null,
    comment: null,
  }));
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  await store.commit(calls.flat());
  await store.commit(scores);
  await store.close();
  writeTerms(folder, 9);
  const late = openForAsking(folder, () => false);
  t.after(() => late.close());
  for (const ask of [
    () => costGroups(late, 'session', {}),
    () => listRuns(late, {}, 10),
    () => scoreRanks(late, 'route'),
    () => listRecords(late, {}, { limit: 2_000, before: null }),
    () => listRecords(late, { task: 'one' }, { limit: 2_000, before: null }),
    () => costGroups(late, 'session', { task: 'nobody' }),
    () => recordsAfter(late, { task: 'nobody' }, 0),
  ])
    assert.throws(ask, /ask for a shorter time, with since and until/);
  assert.equal(readCall(late, 'r7')?.row.id, 'r7');
});

test('a question that takes too long is given up, and the next one is answered', async (t) => {
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  await store.commit(callOps({ id: 'a' }));
  await store.close();
  const hasty = new AskingThread(folder, 0);
  t.after(() => hasty.close());
  await assert.rejects(hasty.ask({ ask: 'id', named: 'a' }), { name: 'QuestionTooLong' });
  const patient = new AskingThread(folder);
  t.after(() => patient.close());
  assert.equal(await patient.ask({ ask: 'id', named: 'a' }), 'a');
  assert.equal(await patient.ask({ ask: 'id', named: 'b' }), null);
});

const reply = (args: string): string =>
  JSON.stringify({ choices: [{ message: { role: 'assistant', tool_calls: [{ function: { name: 'read', arguments: args } }] } }] });

test('a run that makes the same tool call again and again is looping, however its arguments are ordered; so is one that only fails', async (t) => {
  const turn = (id: string, session: string, said: string, terminal: Partial<Terminal> = {}): StoreOp[] =>
    callOps({ id, intent: { session, surface: 'openai-chat' }, terminal, said: { request: '{"messages":[]}', reply: said } });
  const { database } = await recordOf(t, [
    ...turn('a', 'loops', reply('{"path":"x","n":1}'), { usage: { input: 100, output: 1, cachedInput: null, reasoning: null } }),
    ...turn('b', 'loops', reply('{"n":1,"path":"x"}')),
    ...turn('c', 'loops', reply('{"n":1, "path":"x"}'), { usage: { input: 900, output: 1, cachedInput: null, reasoning: null } }),
    ...turn('d', 'works', reply('{"path":"x"}')),
    ...turn('e', 'works', reply('{"path":"y"}')),
    ...['f', 'g', 'h', 'i'].flatMap((id) => turn(id, 'fails', '', { result: 'refused', verdict: null })),
    ...turn('j', 'alone', ''),
  ]);
  assert.deepEqual(
    listRuns(database, {}, 10).map(({ session, calls, failed }) => [session, calls, failed]),
    [
      ['fails', 4, 4],
      ['works', 2, 0],
      ['loops', 3, 0],
    ],
  );
  const loops = readRun(database, 'loops');
  assert.deepEqual(loops?.repeatedCall, { call: 'read({"n":1,"path":"x"})', times: 3 });
  assert.equal(loops?.looping, 'this run is looping: the same tool call 3 times in a row');
  assert.deepEqual(loops?.contextGrowth?.to, 900);
  assert.equal(readRun(database, 'works')?.looping, null);
  assert.equal(readRun(database, 'fails')?.looping, 'this run is looping: 4 turns in a row without a good answer');
  assert.equal(readRun(database, 'nobody'), null);
});

test('routes and models are ranked by their scores; of two from one source the later counts', async (t) => {
  const score = (id: string, value: number | null, label: string | null = null): StoreOp => ({
    op: 'score',
    at: 1,
    id,
    name: 'useful',
    value,
    label,
    source: 'me',
    comment: null,
  });
  const { database } = await recordOf(t, [
    ...callOps({ id: 'a', terminal: { servedBy: 'one/m' } }),
    ...callOps({ id: 'b', terminal: { servedBy: 'two/n' } }),
    ...callOps({ id: 'c', terminal: { servedBy: 'two/n' } }),
    score('a', 1),
    score('a', 0),
    score('b', 0.5),
    score('c', null, 'good'),
  ]);
  assert.deepEqual(scoreRanks(database, 'model'), [
    { name: 'n', score: 'useful', numbers: 1, mean: 0.5, labels: [{ label: 'good', count: 1 }] },
    { name: 'm', score: 'useful', numbers: 1, mean: 0, labels: [] },
  ]);
});

test('the policy that a call was decided under is there', async (t) => {
  const { database } = await recordOf(t, [{ op: 'policy', at: 1, hash: 'h', json: '{"a":1}' }]);
  assert.equal(policyJson(database, 'h'), '{"a":1}');
  assert.equal(policyJson(database, 'x'), null);
});

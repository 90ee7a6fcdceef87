/** What the operator may ask of the record, and what is said to a question that means nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuestionTooLong } from '#record/asking/question-too-long.ts';
import type { Question } from '#record/asking/question.ts';
import { RecordUnavailable } from '#store/ports.ts';
import { ask, startStage } from './stage.ts';
import type { Stage } from './stage.ts';

async function get(stage: Stage, path: string): Promise<{ readonly status: number; readonly json: Readonly<Record<string, unknown>> }> {
  const { status, body } = await ask(stage.operator, path);
  return { status, json: JSON.parse(body) };
}

test('lists, one call, sums, runs and rankings come as JSON', async (t) => {
  const stage = await startStage(t);
  const list = await get(stage, '/admin/records?principal=k_one&limit=10');
  assert.deepEqual([list.status, list.json['next']], [200, null]);
  assert.match(JSON.stringify(list.json['rows']), /^\[\{"seq":2,"startSeq":1,"id":"r1"/);
  assert.deepEqual((await get(stage, '/admin/records?task=nobody')).json['rows'], []);
  const call = await get(stage, '/admin/records/r1');
  assert.deepEqual(
    [call.json['captured'], Object.keys(call.json)],
    [{ request: 'none', reply: 'none' }, ['row', 'intent', 'terminal', 'scores', 'captured', 'said']],
  );
  assert.equal((await get(stage, '/admin/cost?by=key')).status, 200);
  assert.equal((await get(stage, '/admin/runs')).status, 200);
  assert.deepEqual((await get(stage, '/admin/runs/s1')).json['looping'], null);
  assert.equal((await get(stage, '/admin/scores?by=model')).status, 200);
});

test('what means nothing is refused with the words there are, and what is not there is not found', async (t) => {
  const stage = await startStage(t);
  for (const [path, status, words] of [
    ['/admin/records?rout=code', 400, 'There is no filter "rout". The nearest names are "route"'],
    ['/admin/records?limit=0', 400, '"limit" must be 1 to 1000'],
    ['/admin/records?since=yesterday', 400, '"since" must be a whole number'],
    ['/admin/records?before=-1', 400, '"before" must be a whole number'],
    ['/admin/cost?limit=1001', 400, '"limit" must be 1 to 1000'],
    ['/admin/cost?by=weather', 400, 'There is no sum "weather"'],
    ['/admin/scores?by=mood', 400, 'There is no ranking "mood"'],
    ['/admin/records/r999', 404, 'No call that has ended has the id "r999"'],
    ['/admin/runs/nobody', 404, 'No call belongs to that session'],
  ] as const) {
    const { status: got, json } = await get(stage, path);
    const message = JSON.stringify(json['error']).replaceAll('\\"', '"');
    assert.equal(got, status, path);
    assert.ok(message.includes(words), `${path}: ${message}`);
  }
});

test('a score is a number or a word for a call that is there, and becomes an entry', async (t) => {
  const scores: unknown[] = [];
  const stage = await startStage(t, {
    control: {
      score: (score) => {
        scores.push(score);
        return Promise.resolve();
      },
    },
  });
  const give = async (body: object): Promise<number> =>
    (await ask(stage.operator, '/admin/scores', { method: 'POST', body: JSON.stringify(body) })).status;
  assert.equal(await give({ id: 'r1', name: 'useful', value: 0.5, source: 'me' }), 200);
  assert.deepEqual(scores, [{ id: 'r1', name: 'useful', value: 0.5, label: null, source: 'me', comment: null }]);
  assert.equal(await give({ id: 'r1', name: 'useful' }), 400);
  assert.equal(await give({ id: 'r1', name: 'useful', value: 1, label: 'both' }), 400);
  assert.equal(await give({ id: 'r1', name: 'useful', value: '1' }), 400);
  assert.equal(await give({ name: 'useful', value: 1 }), 400);
  assert.equal(await give({ id: 'r1', name: 'x'.repeat(65), value: 1 }), 400);
  assert.equal(await give({ id: 'r2', name: 'useful', value: 1 }), 404);
  assert.equal(scores.length, 1);
});

test('whether a call is there is asked by its id; nothing of what was said in it is read for a score', async (t) => {
  const asked: string[] = [];
  const control = {
    askRecord: (question: Question) => {
      asked.push(question.ask);
      return Promise.resolve('r1' as never);
    },
    score: () => Promise.resolve(),
  };
  const stage = await startStage(t, { control });
  const { status } = await ask(stage.operator, '/admin/scores', { method: 'POST', body: '{"id":"r","name":"useful","value":1}' });
  assert.deepEqual([status, asked], [200, ['id']]);
});

test('a question that takes too long is told how to ask for less', async (t) => {
  const stage = await startStage(t, { control: { askRecord: () => Promise.reject(new QuestionTooLong()) } });
  const { status, json } = await get(stage, '/admin/cost?by=session');
  assert.equal(status, 400);
  assert.match(JSON.stringify(json), /takes too long: .*ask for a shorter time, with since and until/);
});

test('a record that cannot be read is 503, not an empty list', async (t) => {
  const stage = await startStage(t, { control: { askRecord: () => Promise.reject(new RecordUnavailable('gone')) } });
  for (const path of ['/admin/records', '/admin/records/r1', '/admin/cost', '/admin/runs'])
    assert.equal((await get(stage, path)).status, 503);
});

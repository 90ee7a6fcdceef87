/** `POST /admin/records/erase`: what it asks of the record, and what it answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EraseAsk } from '#record/erase.ts';
import { RecordUnavailable } from '#store/ports.ts';
import { ask, startStage } from './stage.ts';

const erased = { records: 1, texts: 2, bytes: 3, shared: 4, unknown: [], emptied: true };

test('ids, a key by its name or id, also a revoked one, and a time are what the record is asked for', async (t) => {
  const asked: EraseAsk[] = [];
  const control = {
    erase: (what: EraseAsk) => {
      asked.push(what);
      return Promise.resolve(erased);
    },
  };
  const stage = await startStage(t, { control });
  const erase = (body: object): ReturnType<typeof ask> =>
    ask(stage.operator, '/admin/records/erase', { method: 'POST', body: JSON.stringify(body) });
  assert.deepEqual(JSON.parse((await erase({ ids: ['a', 'b'] })).body), erased);
  for (const key of ['phone', 'k_1', 'old', 'operator']) await erase({ key });
  await erase({ before: 86_400_000 });
  assert.deepEqual(asked, [
    { ids: ['a', 'b'] },
    { principal: 'k_1' },
    { principal: 'k_1' },
    { principal: 'k_0' },
    { principal: 'operator' },
    { before: 86_400_000 },
  ]);
  assert.deepEqual(
    stage.changes.map(({ action, subject }) => `${action} ${subject}`),
    ['2 calls', 'k_1', 'k_1', 'k_0', 'operator', 'before 1970-01-02T00:00:00.000Z'].map((subject) => `records-erase ${subject}`),
  );
});

test('a record that is away erases nothing, and says so', async (t) => {
  const stage = await startStage(t, { control: { erase: () => Promise.reject(new RecordUnavailable('full')) } });
  const answer = await ask(stage.operator, '/admin/records/erase', { method: 'POST', body: '{"ids":["a"]}' });
  assert.equal(answer.status, 503);
  assert.match(answer.body, /record_unavailable/);
});

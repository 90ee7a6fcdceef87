/** What a running house keeps of what was said, and how it is erased while the house runs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { BodyText } from '#record/read-bodies.ts';
import { answering } from '#test/e2e/model-server.ts';
import { rawAnswer } from '#test/e2e/raw-exchange.ts';
import { startHouseOnLoopback } from '#test/e2e/running-house.ts';
import type { HouseOnLoopback } from '#test/e2e/running-house.ts';
import { readKept, standsInFiles } from './kept-calls.ts';

const policy = ({ one }: Readonly<Record<'one', string>>): string => `
version: 1
house: home
upstreams:
  one: { kind: vllm, url: ${one}, slots: 3, models: { one: { context: 32k } } }
routes:
  chat: { target: one }
profiles:
  open: { tier: local-first }
  closed: { tier: sovereign }
`;

const start = (t: TestContext): Promise<HouseOnLoopback<'one'>> =>
  startHouseOnLoopback(t, { one: { does: answering({ model: 'one', text: 'an answer-canary of some length' }) } }, policy);

async function ask(house: HouseOnLoopback<'one'>, body: string, key = house.key): Promise<{ readonly id: string; readonly text: string }> {
  const answer = await rawAnswer(`${house.origin()}/v1/chat/completions`, { key, body });
  assert.equal(answer.status, 200, answer.text);
  return { id: String(answer.headers['x-gatehouse-request-id']), text: answer.text };
}

function kept(house: HouseOnLoopback<'one'>, id: string): readonly [request: string, reply: string] {
  const database = new DatabaseSync(join(house.folder, 'record.db'), { readOnly: true });
  try {
    const { request, reply } = readKept(database, id);
    return [textOf(request), textOf(reply)];
  } finally {
    database.close();
  }
}

function textOf(body: BodyText): string {
  return body.state === 'kept' ? Buffer.from(body.bytes).toString('utf8') : body.state;
}

function requestText(content: string, more = ''): string {
  return `{ "model":"home/chat",${more} "messages":[ {"role":"system","content":"Be brief."}, {"role":"user","content":"${content}"} ] }\n`;
}

test('request and reply are kept byte for byte; of a stream the body it amounts to; of sovereign calls a hash', async (t) => {
  const house = await start(t);
  const whole = await ask(house, requestText('h\\u00e9 ü 😀'));
  assert.deepEqual(kept(house, whole.id), [requestText('h\\u00e9 ü 😀'), whole.text]);
  const streamed = await ask(house, requestText('again', ' "stream":true,'));
  const [request, reply] = kept(house, streamed.id);
  assert.equal(request, requestText('again', ' "stream":true,'));
  const said: { readonly object?: unknown; readonly choices?: readonly { readonly message?: { readonly content?: unknown } }[] } =
    JSON.parse(reply);
  assert.deepEqual([said.object, said.choices?.[0]?.message?.content], ['chat.completion', 'an answer-canary of some length']);
  const closed = await ask(house, requestText('sealed-canary'), await house.newKey('closed'));
  assert.deepEqual(kept(house, closed.id), ['hash', 'hash']);
  await house.restart();
  assert.deepEqual(kept(house, whole.id), [requestText('h\\u00e9 ü 😀'), whole.text]);
  assert.ok(!standsInFiles(house.folder, 'sealed-canary'));
});

test('the operator erases while the house runs: by id, by key, by age', async (t) => {
  const house = await start(t);
  const other = await house.newKey('open', 'tablet');
  const first = await ask(house, requestText('first-canary'));
  const second = await ask(house, requestText('second-canary'), other);
  const third = await ask(house, requestText('third-canary'));
  const erase = (body: object): ReturnType<typeof house.operator> => house.operator('POST', '/admin/records/erase', body);
  // The machine says the same each time, so the reply is shared like the frame and the first message.
  const { json } = await erase({ ids: [first.id] });
  assert.deepEqual({ ...(json as object), bytes: 0 }, { records: 1, texts: 1, bytes: 0, shared: 3, unknown: [], emptied: true });
  assert.deepEqual(kept(house, first.id), ['erased', 'erased']);
  assert.ok(!standsInFiles(house.folder, 'first-canary'));
  assert.equal(kept(house, third.id)[0], requestText('third-canary'));
  assert.equal((await erase({ key: 'tablet' })).status, 200);
  assert.ok(!standsInFiles(house.folder, 'second-canary'));
  assert.deepEqual(kept(house, second.id), ['erased', 'erased']);
  assert.equal(kept(house, third.id)[0], requestText('third-canary'));
  assert.equal((await erase({ before: Date.now() + 1_000 })).status, 200);
  for (const canary of ['third-canary', 'answer-canary', 'Be brief']) assert.ok(!standsInFiles(house.folder, canary), canary);
  const deeds = house.decisions().flatMap((line) => (line.type === 'admin' && line.action === 'records-erase' ? [line.subject] : []));
  assert.equal(deeds.length, 3);
  assert.equal((await ask(house, requestText('fourth'))).text.length > 0, true);
});

test('what is not one clear wish is refused', async (t) => {
  const house = await start(t);
  // The name of a key that was revoked is free again: then it does not say whose calls are meant.
  await house.newKey('open', 'twice');
  assert.equal((await house.operator('POST', '/admin/keys/revoke', { key: 'twice' })).status, 200);
  await house.newKey('open', 'twice');
  const two = await house.operator('POST', '/admin/records/erase', { key: 'twice' });
  assert.equal(two.status, 400);
  assert.match(JSON.stringify(two.json), /k_[^ ]+, k_/);
  for (const body of [{}, { ids: [] }, { ids: ['a'], key: 'first' }, { key: 'frist' }, { ids: 'a' }, { before: -1 }, { all: true }])
    assert.equal((await house.operator('POST', '/admin/records/erase', body)).status, 400, JSON.stringify(body));
});

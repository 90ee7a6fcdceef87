/** Embeddings through the official client, over a whole house. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { refusalScript } from '#upstreams/scripted/refusal-script.ts';
import { isJsonArray } from '#upstreams/scripted/script.ts';
import type { Json } from '#upstreams/scripted/script.ts';
import { clientOf } from './den.ts';
import { answering, bodyOf } from './model-server.ts';
import { startHouseOnLoopback } from './running-house.ts';
import type { HouseOnLoopback } from './running-house.ts';

const policy = (urls: Readonly<Record<'chatty' | 'small' | 'spare', string>>): string => `
version: 1
house: den
upstreams:
  chatty: { kind: vllm, url: ${urls.chatty}, slots: 2, models: { chatty: { context: 8k } } }
  small: { kind: llamacpp, url: ${urls.small}, slots: 2, models: { nomic: { serves: embeddings, context: 2k } } }
  spare: { kind: vllm, url: ${urls.spare}, slots: 2, models: { nomic: { serves: embeddings, context: 2k } } }
routes:
  chat: { target: chatty }
  embed: { target: small, failover: [spare] }
profiles:
  family: { tier: sovereign, exhausted: { reply: { sorry: true } } }
`;

const numbers = [0.5, -0.25, 1024];
const packed = Buffer.from(new Float32Array(numbers).buffer).toString('base64');

/** A server that gives one vector an input, in one format whatever was asked. */
function embedding(vector: Json, count: (inputs: number) => number = (inputs) => inputs): ScriptHandler {
  return (request) => {
    const { input = null, model = null } = bodyOf(request);
    const inputs = isJsonArray(input) && typeof input[0] !== 'number' ? input.length : 1;
    const data = Array.from({ length: count(inputs) }, (_, index) => ({ object: 'embedding', index, embedding: vector }));
    return [{ do: 'json', value: { object: 'list', data, model, usage: { prompt_tokens: 9, total_tokens: 9 } } }];
  };
}

function startDen(
  t: TestContext,
  small: ScriptHandler,
  spare: ScriptHandler = embedding(numbers),
): Promise<HouseOnLoopback<'chatty' | 'small' | 'spare'>> {
  const settings = {
    chatty: { does: answering({ text: 'hello' }) },
    small: { models: ['nomic'], does: small },
    spare: { models: ['nomic'], does: spare },
  };
  return startHouseOnLoopback(t, settings, policy);
}

test('auto is the first route that embeds, whatever the first one does', async (t) => {
  const den = await startDen(t, embedding(packed));
  const reply = await clientOf(den).embeddings.create({ model: 'den/auto', input: ['one', 'two'] });
  assert.deepEqual(
    reply.data.map((entry) => [entry.index, entry.embedding]),
    [
      [0, numbers],
      [1, numbers],
    ],
  );
  assert.equal(reply.usage.prompt_tokens, 9);
  const sent = bodyOf(await den.machines.small.nextChat());
  assert.deepEqual(
    sent,
    { model: 'nomic', input: ['one', 'two'], encoding_format: 'base64' },
    'the client’s own body, with the model’s name',
  );
  const line = den.decisions().findLast((each) => each.type === 'terminal');
  assert.deepEqual(line?.usage, { input: 9, output: null, cachedInput: null, reasoning: null });
});

for (const [server, vector] of [
  ['lists', numbers],
  ['base64', packed],
] as const) {
  test(`a server that gives ${server} whatever it is asked`, async (t) => {
    const den = await startDen(t, embedding(vector));
    const client = clientOf(den);
    const ask = { model: 'nomic', input: 'one' };
    assert.deepEqual((await client.embeddings.create(ask)).data[0]?.embedding, numbers, 'the client asks for base64 and unpacks it');
    assert.deepEqual((await client.embeddings.create({ ...ask, encoding_format: 'float' })).data[0]?.embedding, numbers);
    const raw = await client.embeddings.create({ ...ask, encoding_format: 'base64' });
    assert.equal(raw.data[0]?.embedding, packed);
  });
}

test('tokens, dimensions and unknown fields reach the server as they were', async (t) => {
  const den = await startDen(t, embedding(packed));
  await clientOf(den).embeddings.create({ model: 'den/embed', input: [[1, 2], [3]], dimensions: 3, user: 'me' });
  const sent = await den.machines.small.nextChat();
  assert.equal(sent.path, '/v1/embeddings');
  assert.equal(sent.headers['accept'], 'application/json', 'never as a stream, although this kind does not hear its caller leave');
  assert.deepEqual(bodyOf(sent), { model: 'nomic', input: [[1, 2], [3]], dimensions: 3, user: 'me', encoding_format: 'base64' });
});

test('no vector, too few or too many are no answer: the next one is asked', async (t) => {
  for (const count of [() => 0, (inputs: number) => inputs - 1, (inputs: number) => inputs + 1]) {
    const den = await startDen(t, embedding(packed, count), embedding(numbers));
    const { data, response } = await clientOf(den)
      .embeddings.create({ model: 'den/embed', input: ['a', 'b'] })
      .withResponse();
    assert.equal(data.data.length, 2);
    assert.equal(response.headers.get('x-gatehouse-upstream'), 'spare');
    await den.house().close(0);
  }
});

test('a reply of the profile’s own is no vector: an error says what happened', async (t) => {
  const broken: ScriptHandler = () => refusalScript(500, { error: { message: 'input is too large', code: 500 } });
  const den = await startDen(t, broken, broken);
  await assert.rejects(clientOf(den).embeddings.create({ model: 'den/embed', input: 'x' }), { status: 502 });
});

test('a server without the ability is left out for a while, and a chat model is no embedder', async (t) => {
  const without: ScriptHandler = () =>
    refusalScript(501, {
      error: { code: 501, message: 'This server does not support embeddings. Start it with `--embeddings`', type: 'not_supported_error' },
    });
  const den = await startDen(t, without);
  const client = clientOf(den);
  for (let round = 0; round < 2; round += 1)
    assert.equal((await client.embeddings.create({ model: 'den/embed', input: 'x' })).data.length, 1);
  assert.equal(den.machines.small.server.requests.filter(({ path }) => path === '/v1/embeddings').length, 1);
  await assert.rejects(client.embeddings.create({ model: 'chatty', input: 'x' }), { status: 400 });
  await assert.rejects(client.embeddings.create({ model: 'den/embed', input: 'word '.repeat(9000) }), {
    status: 400,
    code: 'context_length_exceeded',
  });
});

test('more than the body may hold is 413', async (t) => {
  const den = await startDen(t, embedding(packed));
  const input = Array.from({ length: 30 }, () => 'x'.repeat(1_000_000));
  await assert.rejects(clientOf(den).embeddings.create({ model: 'den/embed', input }), { status: 413 });
});

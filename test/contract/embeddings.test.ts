/** What every kind of server that makes embeddings keeps to, whatever its API calls them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import { openaiEmbeddingsSurface } from '#surfaces/openai-embeddings/openai-embeddings.ts';
import { errorOf } from '#test/gateway/read-answer.ts';
import { setStage } from '#test/gateway/stage.ts';
import type { Stage } from '#test/gateway/stage.ts';
import type { Answer } from '#test/gateway/fake-client.ts';
import { forEachKind } from './each-kind.ts';
import type { Contracted } from './each-kind.ts';
import type { Embeds } from './fixture.ts';

const embedder = { m: { context: '2k', serves: 'embeddings' } } as const;
const vectors = [
  [0.5, -0.25, 1024],
  [0, 1, -1],
];
const packed = vectors.map((vector) => Buffer.from(new Float32Array(vector).buffer).toString('base64'));
const spare = [
  [9, 9, 9],
  [8, 8, 8],
];

interface Embedding {
  readonly stage: Stage<'one' | 'two'>;
  readonly ask: (body?: object) => Promise<Answer>;
}

/** A machine of the kind that answers with these vectors, and another one behind it that does well. */
async function embedding(t: TestContext, { kind, server }: Contracted, says: readonly (readonly number[])[]): Promise<Embedding> {
  const does = (those: readonly (readonly number[])[]) => (): ReturnType<Embeds['answer']> =>
    server.embeds?.answer(those, { model: 'm', tokens: 7 }) ?? [];
  const machine = { kind: kind.name, models: embedder, ...server.policy };
  const stage = await setStage(t, { machines: { one: { ...machine, does: does(says) }, two: { ...machine, does: does(spare) } } });
  return {
    stage,
    ask: (body = {}) => stage.under.ask({ messages: undefined, input: ['a', 'b'], ...body }, { surface: openaiEmbeddingsSurface }).done,
  };
}

const embeds = ({ server }: Contracted): boolean => server.embeds !== null;

function vectorsOf({ text }: Answer): readonly unknown[] {
  const { data }: { readonly data: readonly { readonly index: number; readonly embedding: unknown }[] } = JSON.parse(text);
  assert.deepEqual(
    data.map(({ index }) => index),
    data.map((_, place) => place),
  );
  return data.map((entry) => entry.embedding);
}

forEachKind(
  'embeddings: a vector for each input, in both formats, and what they used',
  async (t, contracted) => {
    const { stage, ask } = await embedding(t, contracted, vectors);
    const answer = await ask();
    assert.equal(answer.status, 200);
    assert.deepEqual(vectorsOf(answer), vectors);
    assert.deepEqual(vectorsOf(await ask({ encoding_format: 'base64' })), packed);
    assert.deepEqual(JSON.parse(answer.text).usage, { prompt_tokens: 7, total_tokens: 7 });
    assert.deepEqual([JSON.parse(answer.text).object, JSON.parse(answer.text).model], ['list', 'm']);
    const sent = stage.machines.one.request(0);
    assert.equal(sent.path, contracted.server.embeds?.path);
    assert.ok(isJsonObject(sent.json));
    assert.deepEqual([sent.json['model'], sent.json['input']], ['m', ['a', 'b']]);
    assert.deepEqual(stage.under.terminals[0]?.usage, { input: 7, output: null, cachedInput: null, reasoning: null });
  },
  embeds,
);

for (const [name, says, body] of [
  ['too few', vectors.slice(1), {}],
  ['too many', [...vectors, [1, 1, 1]], {}],
  ['of another length than asked', [vectors[0]?.slice(1) ?? [], vectors[1]?.slice(1) ?? []], { dimensions: 3 }],
] as const) {
  forEachKind(
    `embeddings: vectors ${name} are no answer; the next one is asked, and nobody is called sick for it`,
    async (t, contracted) => {
      const { stage, ask } = await embedding(t, contracted, says);
      assert.deepEqual(vectorsOf(await ask(body)), spare);
      const attempts = stage.under.terminals[0]?.attempts ?? [];
      assert.deepEqual(
        attempts.map(({ verdict }) => verdict),
        ['not_as_asked', 'ok'],
      );
      // Three bodies that a machine answered badly would take it out; what it cannot do takes nothing from others.
      for (const input of ['c', 'd', 'e', 'f']) await ask({ ...body, input: [input, input] });
      assert.equal(stage.machines.one.requests.length, 5);
    },
    embeds,
  );
}

forEachKind(
  'embeddings: dimensions are told to the server, and held to',
  async (t, contracted) => {
    const { stage, ask } = await embedding(t, contracted, vectors);
    assert.deepEqual(vectorsOf(await ask({ dimensions: 3 })), vectors);
    const sent = stage.machines.one.request(0);
    assert.ok(isJsonObject(sent.json));
    assert.equal(sent.json['dimensions'], 3);
  },
  embeds,
);

forEachKind(
  'embeddings: an input that is too long is an error, and its words are ours',
  async (t, contracted) => {
    const { stage, ask } = await embedding(t, contracted, vectors);
    for (const machine of [stage.machines.one, stage.machines.two]) machine.handle(() => contracted.server.refusals.tooLong);
    const answer = await ask();
    assert.equal(answer.status, 400);
    assert.equal(errorOf(answer)?.code, 'context_length_exceeded');
  },
  embeds,
);

/** A whole house and a receiver of traces: every call is told, words only where they may be, and no receiver costs the calls anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { answering } from '#test/e2e/model-server.ts';
import { startHouseOnLoopback } from '#test/e2e/running-house.ts';
import type { HouseOnLoopback } from '#test/e2e/running-house.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import type { OtlpReceiver } from './otlp-receiver.ts';

const policyWith =
  (traces: string, capture = 'full') =>
  ({ spark }: { readonly spark: string }): string =>
    `
version: 1
house: den
upstreams: { spark: { kind: vllm, url: ${spark}, slots: 4, models: { big: { context: 32k } } } }
routes: { chat: { target: spark } }
profiles: { family: { tier: sovereign, capture: ${capture} } }
export: { traces: ${traces} }
`;

async function houseWith(t: TestContext, policy: ReturnType<typeof policyWith>): Promise<HouseOnLoopback<'spark'>> {
  return startHouseOnLoopback(t, { spark: { models: ['big'], does: answering({ text: 'the answer' }) } }, policy);
}

async function ask(house: HouseOnLoopback<'spark'>, text = 'the question'): Promise<number> {
  const reply = await fetch(`${house.origin()}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.key}`, 'content-type': 'application/json', 'x-gatehouse-task': 'nightly' },
    body: JSON.stringify({ model: 'den/chat', messages: [{ role: 'user', content: text }] }),
  });
  await reply.text();
  return reply.status;
}

/** The span of the first call that is told. */
async function callSpan(receiver: OtlpReceiver): Promise<ReturnType<OtlpReceiver['spans']>[number]> {
  for (;;) {
    const span = receiver.spans().find(({ name }) => name === 'chat chat');
    if (span) return span;
    await receiver.nextPost();
  }
}

test('the house tries the receiver at its start and says how that went; then every call is told', async (t) => {
  const receiver = await startOtlpReceiver(t);
  const house = await houseWith(t, policyWith(`{ url: "${receiver.url}", text: true }`));
  await house.untilTold(({ happening }) => happening.type === 'traces' && happening.message.startsWith('a span of our own was taken by'));
  assert.equal(await ask(house), 200);
  const span = await callSpan(receiver);
  assert.ok(receiver.posts.every(({ path }) => path === '/v1/traces'));
  assert.deepEqual([span.attributes.get('gatehouse.task'), span.attributes.get('gatehouse.target')], ['nightly', 'spark/big']);
  assert.match(String(span.attributes.get('input.value')), /the question/);
  assert.match(String(span.attributes.get('output.value')), /the answer/);
  const attempt = receiver.spans().find(({ parentSpanId }) => parentSpanId === span.spanId);
  assert.equal(attempt?.attributes.get('gen_ai.request.model'), 'big');
});

test('words go only where policy and profile both say so', async (t) => {
  for (const [text, capture] of [
    ['false', 'full'],
    ['true', 'hash'],
  ] as const) {
    const receiver = await startOtlpReceiver(t);
    const house = await houseWith(t, policyWith(`{ url: "${receiver.url}", text: ${text} }`, capture));
    await ask(house);
    await callSpan(receiver);
    assert.doesNotMatch(Buffer.concat(receiver.posts.map(({ body }) => body)).toString('latin1'), /the (?:question|answer)/);
  }
});

test('a receiver that is not there, says no or never answers costs the calls nothing, and the reason is told', async (t) => {
  const receiver = await startOtlpReceiver(t);
  receiver.answer = 401;
  const refused = await houseWith(t, policyWith(`{ url: "${receiver.url}" }`));
  await refused.untilTold(
    ({ happening }) => happening.type === 'traces' && happening.message.includes('it answered 401: the key is missing or wrong'),
  );
  assert.equal(await ask(refused), 200);
  receiver.answer = 'never';
  for (let call = 0; call < 5; call++) assert.equal(await ask(refused), 200);
  const away = await houseWith(t, policyWith('{ url: "http://127.0.0.1:9" }'));
  await away.untilTold(
    ({ happening }) => happening.type === 'traces' && happening.message.includes('was not taken by http://127.0.0.1:9: refused'),
  );
  assert.equal(await ask(away), 200);
});

test('a reload that changes where traces go tries the new receiver at once; one that does not tries nobody', async (t) => {
  const [first, second] = [await startOtlpReceiver(t), await startOtlpReceiver(t)];
  const house = await houseWith(t, policyWith(`{ url: "${first.url}" }`));
  const taken = (url: string) => house.told.filter(({ happening }) => JSON.stringify(happening).includes(`taken by ${url}`)).length;
  await house.untilTold(() => taken(first.url) === 1);
  house.writePolicy(policyWith(`{ url: "${second.url}" }`));
  await house.house().reload();
  await house.untilTold(() => taken(second.url) === 1);
  assert.equal(second.spans()[0]?.name, 'gatehouse self-test');
  house.writePolicy((urls) => policyWith(`{ url: "${second.url}" }`)(urls).replace('slots: 4', 'slots: 5'));
  await house.house().reload();
  await ask(house);
  await callSpan(second);
  assert.deepEqual([taken(first.url), taken(second.url)], [1, 1]);
});

/** Refusals before anybody is dialled, and answers of our own: each one intent, one terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers } from './machines.ts';
import { contentOf, doneCount, errorOf, payloadsOf } from './read-answer.ts';
import { setStage } from './stage.ts';
import type { AskOptions } from './house-under-test.ts';

const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] };

const refused: readonly [name: string, body: object, asked: AskOptions, status: number, code: string][] = [
  ['a model nobody has', { model: 'gpt-9' }, {}, 404, 'model_not_found'],
  ['an unknown route in the header', {}, { headers: { 'x-gatehouse-route': 'nowhere' } }, 404, 'model_not_found'],
  ['a header that is not ours to take', {}, { headers: { 'x-gatehouse-upstream': 'one' } }, 400, 'invalid_request'],
  ['a wider tier', {}, { headers: { 'x-gatehouse-tier': 'cloud-explicit' } }, 403, 'scope_denied'],
  ['the tier coordination', {}, { headers: { 'x-gatehouse-tier': 'coordination' } }, 403, 'scope_denied'],
  ['a route of another profile', { model: 'home/other' }, {}, 403, 'scope_denied'],
  ['a route without a machine in the house', { model: 'home/far' }, { profile: 'roaming' }, 403, 'egress_forbidden'],
  ['an image for machines that are blind', { messages: [image] }, {}, 400, 'invalid_request'],
  ['more than any window holds', { messages: [{ role: 'user', content: 'word '.repeat(40_000) }] }, {}, 400, 'context_length_exceeded'],
  ['a field that routes', { api_base: 'http://127.0.0.1:9' }, {}, 400, 'invalid_request'],
  ['a template of the caller’s own', { chat_template: '{{ x }}' }, {}, 400, 'invalid_request'],
  ['a profile that is gone', {}, { profile: 'gone' }, 403, 'scope_denied'],
];

for (const [name, body, asked, status, code] of refused) {
  for (const stream of [false, true]) {
    test(`${name} is refused, and recorded (stream: ${stream})`, async (t) => {
      const { under, machines } = await setStage(t, {
        machines: { one: answers('x'), two: answers('y'), cloudy: { does: answers('z'), location: 'cloud' } },
        routes: { chat: { target: 'one' }, other: { target: 'two' }, far: { target: 'cloudy' } },
        profiles: { home: { routes: ['chat'] }, roaming: { tier: 'local-first' }, open: { tier: 'cloud-explicit' } },
      });
      const answer = await under.ask({ ...body, stream }, asked).done;
      assert.deepEqual([answer.status, errorOf(answer)?.code], [status, code], answer.text);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal(answer.headers['x-should-retry'], 'false');
      assert.match(errorOf(answer)?.message ?? '', new RegExp(answer.headers['x-gatehouse-request-id'] ?? 'no id'));
      assert.equal(under.intents.length, 1);
      const [terminal] = under.terminals;
      assert.deepEqual([terminal?.result, terminal?.status, terminal?.code, terminal?.attempts.length], ['refused', status, code, 0]);
      for (const machine of Object.values(machines)) assert.equal(machine.connectionCount, 0);
    });
  }
}

test('shutting down: 503 that may be tried again', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') } });
  under.closing = true;
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code, answer.headers['x-should-retry']], [503, 'draining', undefined]);
});

const reply = { cameras: { exhausted: { reply: { verdict: 'escalate', synthetic: true } } } };

for (const stream of [false, true]) {
  test(`exhausted: reply is answered like a model and recorded as synthetic (stream: ${stream})`, async (t) => {
    const { under, machines } = await setStage(t, { machines: { one: answers('x') }, profiles: reply });
    await machines.one.refuse();
    const answer = await under.ask({ stream }).done;
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(contentOf(answer)), { verdict: 'escalate', synthetic: true });
    assert.equal(answer.headers['x-gatehouse-verdict'], 'synthetic');
    assert.equal(doneCount(answer), stream ? 1 : 0);
    assert.equal(payloadsOf(answer).at(-1)?.choices?.[0]?.finish_reason, 'stop');
    const [terminal] = under.terminals;
    assert.deepEqual([terminal?.result, terminal?.verdict, terminal?.servedBy, terminal?.attempts.length], ['ok', 'synthetic', null, 1]);
  });
}

test('a synthetic reply never hides a stream that broke', async (t) => {
  const { under } = await setStage(t, {
    machines: {
      one: [
        { do: 'header', name: 'content-type', value: 'text/event-stream' },
        { do: 'body', bytes: 'data: {"choices":[{"index":0,"delta":{"content":"half"}}]}\n\n' },
        { do: 'rst' },
      ],
    },
    profiles: reply,
  });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(errorOf(answer)?.code, 'upstream_stream_broken');
  assert.equal(under.terminals[0]?.result, 'failed');
});

test('fallback: never is the target or an error', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: answers('x'), two: answers('y') },
    profiles: { client: { fallback: 'never' } },
  });
  assert.equal(contentOf(await under.ask().done), 'x');
  await machines.one.refuse();
  machines.one.resetAll();
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'no_route']);
  assert.match(errorOf(answer)?.message ?? '', /This profile never falls back/);
  assert.equal(machines.two.connectionCount, 0);
});

test('a narrower tier is taken: the cloud behind the house is not asked', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: answers('x'), far: { does: answers('from afar'), location: 'cloud' } },
    profiles: { roaming: { tier: 'local-first' } },
  });
  await machines.one.refuse();
  assert.equal(contentOf(await under.ask().done), 'from afar');
  const answer = await under.ask({}, { headers: { 'x-gatehouse-tier': 'sovereign' } }).done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'no_route']);
  assert.equal(machines.far.requests.length, 1);
});

test('what a caller said about its task and why it was routed is in the record and the headers', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') } });
  const answer = await under.ask({}, { headers: { 'x-gatehouse-task': 'nightly' } }).done;
  assert.equal(under.intents[0]?.task, 'nightly');
  assert.equal(answer.headers['x-gatehouse-route'], 'chat');
  assert.equal(answer.headers['x-gatehouse-tier'], 'sovereign');
});

/** Calls as spans: what a receiver of traces reads, and what becomes of them when it is down, slow, or does not want them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { attemptWith } from '#store/record-fixture.ts';
import { encodeSpans } from '#traces/encode-spans.ts';
import { spansOfCall } from '#traces/spans-of-call.ts';
import type { EndedCall } from '#traces/spans-of-call.ts';
import { TraceExporter } from '#traces/trace-exporter.ts';
import type { BatchRight, Posted } from '#traces/trace-exporter.ts';
import { tracedRecord } from '#traces/traced-record.ts';
import { FakeClock, turns } from '#test/gateway/fake-clock.ts';
import { houseWith, recordedCall } from '#test/replay/recorded.ts';
import { readTraces } from './otlp-receiver.ts';

const tables = houseWith();
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const source = { version: '1.2.3', house: 'den' };
const usage = { input: 12, output: 3, cachedInput: null, reasoning: null };

function callWith(parts: Partial<EndedCall['terminal']> = {}, id = 'r1'): EndedCall {
  const { intent, terminal } = recordedCall(tables, 'refactor this', { id });
  assert.ok(terminal);
  return { intent, terminal: { ...terminal, at: 1_763_700_000_500, durationMs: 400, ...parts }, said: null };
}

test('a call is a span with a span for each attempt below it, in both vocabularies', () => {
  const attempts = [
    attemptWith({ target: 'tower/coder', result: 'failed', startedMs: 10, endMs: 100, firstTokenMs: null }),
    attemptWith({ target: 'away/large', model: 'large-2', startedMs: 120, endMs: 200, firstTokenMs: 50, usage, costNano: 18_000 }),
  ];
  const { resource, spans } = readTraces(
    Buffer.from(encodeSpans(spansOfCall(callWith({ attempts, servedBy: 'away/large' }), { tables, digest }), source)),
  );
  assert.equal(resource.get('service.name'), 'gatehouse');
  assert.equal(resource.get('openinference.project.name'), 'den');
  const [call, failed, answered] = spans;
  assert.ok(call && failed && answered && spans.length === 3);
  assert.deepEqual([call.name, call.parentSpanId, call.status.code], ['chat code', '', 0n]);
  assert.equal(call.startNs, 1_763_700_000_100_000_000n);
  assert.equal(call.attributes.get('openinference.span.kind'), 'CHAIN');
  assert.equal(call.attributes.get('session.id'), 's');
  for (const span of [failed, answered]) assert.deepEqual([span.traceId, span.parentSpanId], [call.traceId, call.spanId]);
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 3);
  assert.deepEqual([failed.status.code, failed.attributes.get('error.type')], [2n, 'failed']);
  const told = (name: string): unknown => answered.attributes.get(name);
  assert.deepEqual(['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.response.model'].map(told), [
    'chat',
    'openai',
    'large',
    'large-2',
  ]);
  assert.deepEqual(['gen_ai.usage.input_tokens', 'llm.token_count.completion', 'llm.token_count.total'].map(told), [12, 3, 15]);
  assert.equal(told('langfuse.observation.completion_start_time'), '"2025-11-21T04:40:00.270Z"');
  assert.equal(told('langfuse.observation.cost_details'), '{"total":0.000018}');
});

const talk = JSON.stringify({
  model: 'auto',
  temperature: 0.2,
  messages: [
    { role: 'system', content: 'be brief' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what is this' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'read', arguments: '{"path":"x"}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'nothing' },
  ],
});
const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

test('the span of the attempt that answered has the messages one by one; a stream is told as the message that it amounts to', () => {
  const attempts = [
    attemptWith({ target: 'tower/coder', result: 'failed', firstTokenMs: null }),
    attemptWith({ target: 'away/large', usage }),
  ];
  const call = callWith({ attempts, servedBy: 'away/large' });
  const stream = `${chunk({ role: 'assistant', content: 'a ' })}${chunk({ content: 'cat' })}${chunk({ tool_calls: [{ index: 0, id: 'call_2', type: 'function', function: { name: 'look', arguments: '{}' } }] })}${chunk({}, 'tool_calls')}data: [DONE]\n\n`;
  const told = spansOfCall({ ...call, said: { request: talk, reply: stream, streamed: true } }, { tables, digest });
  const [whole, failed, answered] = readTraces(Buffer.from(encodeSpans(told, source))).spans.map(({ attributes }) => attributes);
  assert.ok(whole && failed && answered);
  const body: { choices: { message: { content: string } }[] } = JSON.parse(String(whole.get('output.value')));
  assert.equal(body.choices[0]?.message.content, 'a cat');
  assert.deepEqual(
    [...failed.keys()].filter((key) => /_messages|put\.value/.test(key)),
    [],
  );
  const at = (key: string): unknown => answered.get(`llm.${key}`);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((index) => at(`input_messages.${index}.message.role`)),
    ['system', 'user', 'assistant', 'tool', undefined],
  );
  assert.equal(at('input_messages.1.message.content'), 'what is this\n[image/png]');
  assert.equal(at('input_messages.2.message.tool_calls.0.tool_call.function.arguments'), '{"path":"x"}');
  assert.equal(at('input_messages.3.message.tool_call_id'), 'call_1');
  assert.equal(at('invocation_parameters'), '{"temperature":0.2}');
  assert.deepEqual([at('output_messages.0.message.role'), at('output_messages.0.message.content')], ['assistant', 'a cat']);
  assert.equal(at('output_messages.0.message.tool_calls.0.tool_call.function.name'), 'look');
  assert.deepEqual([answered.get('session.id'), answered.get('user.id')], ['s', call.intent.principal]);
  assert.doesNotMatch(JSON.stringify([...answered]), /iVBORw0KGgo/);
});

test('of a long conversation the latest messages are told and the others counted; what cannot be read is left out', () => {
  const messages = Array.from({ length: 300 }, (_, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content: `message ${at}` }));
  const call = callWith({ attempts: [attemptWith({ target: 'away/large' })], servedBy: 'away/large' });
  const attributesFor = (request: string) =>
    spansOfCall({ ...call, said: { request, reply: 'no JSON', streamed: false } }, { tables, digest })[1]?.attributes ?? {};
  const long = attributesFor(JSON.stringify({ model: 'auto', messages }));
  assert.equal(long['llm.input_messages.199.message.content'], 'message 299');
  assert.equal(long['llm.input_messages.200.message.role'], undefined);
  assert.equal(long['gatehouse.messages_left_out'], 100);
  assert.equal(attributesFor('{"messages":')['llm.input_messages.0.message.role'], undefined);
});

test('the same call has the same ids, another call others', () => {
  const [one, again, other] = [callWith(), callWith(), callWith({}, 'r2')].map((call) => spansOfCall(call, { tables, digest })[0]);
  assert.equal(one?.traceId, again?.traceId);
  assert.notEqual(one?.traceId, other?.traceId);
});

interface Stage {
  readonly exporter: TraceExporter;
  readonly clock: FakeClock;
  readonly bodies: Buffer[];
  readonly troubles: (string | null)[];
  readonly rights: BatchRight[];
  party: { location: 'house' | 'cloud'; text: boolean } | null;
  answer: Posted | Promise<Posted>;
}

function stage(party: { location: 'house' | 'cloud'; text: boolean } | null = { location: 'house', text: true }): Stage {
  const clock = new FakeClock();
  const bodies: Buffer[] = [];
  const troubles: (string | null)[] = [];
  const on: Stage = {
    clock,
    bodies,
    troubles,
    rights: [],
    party,
    answer: { outcome: 'taken' },
    exporter: new TraceExporter({
      source,
      party: () => on.party,
      tables: () => tables,
      clock,
      digest,
      onState: (trouble) => troubles.push(trouble),
      post: (body, right) => {
        bodies.push(Buffer.from(body));
        on.rights.push(right);
        return Promise.resolve(on.answer);
      },
    }),
  };
  return on;
}

const said = { request: '{"messages":[]}', reply: 'the words', streamed: false };

const tierOf = (call: EndedCall, tier: 'sovereign' | 'local-first' | 'cloud-explicit'): EndedCall => ({
  ...call,
  said,
  intent: { ...call.intent, facts: call.intent.facts && { ...call.intent.facts, tier } },
});

test('calls gather for a moment and go together', async () => {
  const { exporter, clock, bodies } = stage();
  for (const id of ['a', 'b', 'c']) exporter.take(callWith({}, id));
  assert.equal(bodies.length, 0);
  await clock.advance(1_000);
  await turns();
  assert.equal(readTraces(bodies[0] ?? Buffer.alloc(0)).spans.length, 3);
  assert.deepEqual(exporter.counts(), { exported: 3, dropped: 0, waiting: 0 });
});

test('words go where they may: to the house if the policy says so, to a cloud of cloud-explicit calls only; of sovereign calls it hears nothing', async () => {
  const heard = async (party: { location: 'house' | 'cloud'; text: boolean }, tier: 'sovereign' | 'local-first' | 'cloud-explicit') => {
    const { exporter, clock, bodies } = stage(party);
    exporter.take(tierOf(callWith(), tier));
    await clock.advance(1_000);
    await turns();
    const all = Buffer.concat(bodies).toString('latin1');
    return all === '' ? 'nothing' : all.includes('the words') ? 'words' : 'facts';
  };
  assert.equal(await heard({ location: 'house', text: true }, 'sovereign'), 'words');
  assert.equal(await heard({ location: 'house', text: false }, 'sovereign'), 'facts');
  assert.equal(await heard({ location: 'cloud', text: true }, 'sovereign'), 'nothing');
  assert.equal(await heard({ location: 'cloud', text: true }, 'local-first'), 'facts');
  assert.equal(await heard({ location: 'cloud', text: true }, 'cloud-explicit'), 'words');
});

test('a receiver that is down is tried again, later and later; nothing is lost until the queue is full', async () => {
  const on = stage();
  on.answer = { outcome: 'not_now', reason: 'refused: nobody listens' };
  on.exporter.take(callWith());
  for (const ms of [1_000, 1_000, 5_000, 15_000]) {
    await on.clock.advance(ms);
    await turns();
  }
  assert.equal(on.bodies.length, 4);
  assert.deepEqual(on.troubles, ['refused: nobody listens']);
  on.answer = { outcome: 'taken' };
  await on.clock.advance(60_000);
  await turns();
  assert.deepEqual(on.exporter.counts(), { exported: 1, dropped: 0, waiting: 0 });
  assert.deepEqual(on.troubles, ['refused: nobody listens', null]);
});

test('once a span of our own is taken, what waited for its next try goes at once', async () => {
  const on = stage();
  on.answer = { outcome: 'not_now', reason: 'refused: nobody listens' };
  on.exporter.take(callWith());
  for (const ms of [1_000, 1_000, 5_000]) {
    await on.clock.advance(ms);
    await turns();
  }
  on.answer = { outcome: 'taken' };
  await on.exporter.selfTest();
  await on.clock.advance(0);
  await turns();
  assert.deepEqual(on.exporter.counts(), { exported: 1, dropped: 0, waiting: 0 });
});

test('what is refused is given up and counted, with the reason told once', async () => {
  const on = stage();
  on.answer = { outcome: 'refused', reason: 'it answered 401' };
  for (const id of ['a', 'b']) {
    on.exporter.take(callWith({}, id));
    await on.clock.advance(1_000);
    await turns();
  }
  assert.deepEqual([on.exporter.counts(), on.troubles], [{ exported: 0, dropped: 2, waiting: 0 }, ['it answered 401']]);
});

test('a receiver that never answers costs a bounded queue and nothing else', async () => {
  const on = stage();
  on.answer = new Promise<Posted>(() => {});
  on.exporter.take(callWith({}, 'first'));
  await on.clock.advance(1_000);
  for (let at = 0; at < 3_000; at++) on.exporter.take(callWith({}, `r${at}`));
  assert.equal(on.bodies.length, 1);
  assert.deepEqual(on.exporter.counts(), { exported: 0, dropped: 3_001 - 2_048, waiting: 2_048 });
});

test('without a party nothing is gathered', async () => {
  const { exporter, clock, bodies } = stage(null);
  exporter.take(callWith());
  await clock.advance(5_000);
  assert.deepEqual([bodies.length, exporter.counts().waiting, await exporter.selfTest()], [0, 0, null]);
});

test('what waits for a receiver in the house is not told to a cloud that takes its place: no words of local-first calls, no sovereign call', async () => {
  const on = stage();
  on.answer = { outcome: 'not_now', reason: 'refused: nobody listens' };
  on.exporter.take(tierOf(callWith({}, 'own'), 'sovereign'));
  on.exporter.take(tierOf(callWith({}, 'near'), 'local-first'));
  await on.clock.advance(1_000);
  await turns();
  assert.deepEqual(on.rights, [{ tier: 'sovereign', location: 'house', policyHash: tables.hash }]);
  on.party = { location: 'cloud', text: true };
  on.answer = { outcome: 'taken' };
  await on.clock.advance(1_000);
  await turns();
  assert.deepEqual(on.rights[1], { tier: 'local-first', location: 'cloud', policyHash: tables.hash });
  const calls = readTraces(on.bodies[1] ?? Buffer.alloc(0)).spans.map(({ attributes }) => attributes.get('gatehouse.id'));
  assert.deepEqual(
    calls.filter((id) => id !== undefined),
    ['near'],
  );
  assert.doesNotMatch((on.bodies[1] ?? Buffer.alloc(0)).toString('latin1'), /the words/);
  assert.deepEqual(on.exporter.counts(), { exported: 1, dropped: 1, waiting: 0 });
});

test('at the end all that waits is sent, batch after batch', async () => {
  const on = stage();
  for (let at = 0; at < 1_000; at++) on.exporter.take(callWith({}, `r${at}`));
  await on.exporter.stop();
  assert.deepEqual(on.exporter.counts(), { exported: 1_000, dropped: 0, waiting: 0 });
  assert.equal(on.bodies.length, 8);
  on.exporter.take(callWith());
  assert.equal(on.exporter.counts().waiting, 0);
});

test('the end waits for the batch under way, and two seconds at most: what is left is counted as dropped', async () => {
  const on = stage();
  on.answer = new Promise<Posted>(() => {});
  for (let at = 0; at < 300; at++) on.exporter.take(callWith({}, `r${at}`));
  await on.clock.advance(1_000);
  let stopped = false;
  const stopping = on.exporter.stop().then(() => (stopped = true));
  await on.clock.advance(1_999);
  await turns();
  assert.equal(stopped, false);
  await on.clock.advance(1);
  await stopping;
  assert.deepEqual(on.exporter.counts(), { exported: 0, dropped: 300, waiting: 0 });
  assert.deepEqual(on.troubles, ['300 calls were not told before the house closed']);
});

test('at the end a receiver that was away is tried once more, and only once', async () => {
  const on = stage();
  on.answer = { outcome: 'not_now', reason: 'refused: nobody listens' };
  for (let at = 0; at < 200; at++) on.exporter.take(callWith({}, `r${at}`));
  await on.clock.advance(1_000);
  await turns();
  await on.exporter.stop();
  assert.equal(on.bodies.length, 2);
  assert.deepEqual(on.exporter.counts(), { exported: 0, dropped: 200, waiting: 0 });
});

test('an answer that comes after the end changes no count', async () => {
  const on = stage();
  let answer: (posted: Posted) => void = () => {};
  on.answer = new Promise<Posted>((resolve) => (answer = resolve));
  on.exporter.take(callWith());
  await on.clock.advance(1_000);
  const stopping = on.exporter.stop();
  await on.clock.advance(2_000);
  await stopping;
  answer({ outcome: 'taken' });
  await turns();
  assert.deepEqual(on.exporter.counts(), { exported: 0, dropped: 1, waiting: 0 });
});

test('once nobody collects any more, nothing waits', async () => {
  const on = stage();
  on.exporter.take(callWith());
  on.party = null;
  await on.clock.advance(1_000);
  await turns();
  assert.deepEqual([on.bodies.length, on.exporter.counts()], [0, { exported: 0, dropped: 1, waiting: 0 }]);
});

test('a call whose start the record refuses is not remembered', async () => {
  const { intent, terminal } = callWith();
  const taken: EndedCall[] = [];
  const record = tracedRecord(
    { begin: () => Promise.reject(new Error('no room')), end: () => Promise.resolve(), writable: () => false },
    { take: (call) => taken.push(call), party: () => ({ text: true }) },
  );
  await assert.rejects(record.begin(intent));
  await record.end(terminal);
  assert.deepEqual(taken, []);
});

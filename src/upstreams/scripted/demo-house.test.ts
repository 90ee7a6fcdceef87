import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import OpenAI, { APIConnectionError, APIUserAbortError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { startDemoMachines, UnknownDemoMachine } from './demo-house.ts';
import type { DemoHouse } from './demo-house.ts';
import { startDemoMachine } from './demo-machine.ts';
import { DEMO_WHY_HEADER } from './why-header.ts';
import { whySentence } from './why-sentence.ts';
import type { DemoMachine, DemoMachineSpec } from './demo-machine.ts';

const SPEC: DemoMachineSpec = {
  name: 'attic',
  models: [
    { name: 'talker', context: 1_000 },
    { name: 'seer', input: ['text', 'image'] },
  ],
  tokensPerSecond: 100_000,
};

const ask = (prompt: string, model = 'talker') => ({ model, messages: [{ role: 'user' as const, content: prompt }] });

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

function clientOf(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
}

async function attic(t: TestContext, spec: Partial<DemoMachineSpec> = {}): Promise<{ machine: DemoMachine; client: OpenAI }> {
  const machine = await startDemoMachine({ ...SPEC, ...spec });
  t.after(() => machine.close());
  return { machine, client: clientOf(machine.url) };
}

test('an answer names the machine, says why it was chosen, and what was said', async (t) => {
  const { client } = await attic(t);
  const why = 'it is about code ✓ 100%';
  const reply = await client.chat.completions.create(ask('Good evening'), { headers: { [DEMO_WHY_HEADER]: encodeURIComponent(why) } });
  const text = reply.choices[0]?.message.content ?? '';
  assert.match(text, /^\[scripted: attic\] Hello from attic! You said "Good evening"\./);
  assert.ok(text.includes(`because ${why}`), text);
  assert.equal(reply.usage?.total_tokens, (reply.usage?.prompt_tokens ?? 0) + (reply.usage?.completion_tokens ?? 0));
});

test('the stream says the same as the whole answer, with usage', async (t) => {
  const { client } = await attic(t);
  const whole = await client.chat.completions.create(ask('hi'));
  const stream = await client.chat.completions.create({ ...ask('hi'), stream: true, stream_options: { include_usage: true } });
  let text = '';
  let usage: unknown = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0]?.message.content);
  assert.deepEqual(usage, whole.usage);
});

test('max_tokens cuts the answer and says so', async (t) => {
  const { client } = await attic(t);
  const reply = await client.chat.completions.create({ ...ask('hi'), max_tokens: 3 });
  assert.deepEqual([reply.choices[0]?.finish_reason, reply.choices[0]?.message.content], ['length', '[scripted: attic] Hello']);
});

test('asked for the weather it calls the tool, and then tells what the tool said', async (t) => {
  const { client } = await attic(t);
  const first = await client.chat.completions.create({ ...ask('What is the weather in Porto?'), tools: [WEATHER] });
  const call = first.choices[0]?.message.tool_calls?.[0];
  assert.ok(call?.type === 'function');
  assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ['get_weather', { city: 'Porto' }]);
  assert.equal(first.choices[0]?.finish_reason, 'tool_calls');

  const messages = [...ask('What is the weather in Porto?').messages, first.choices[0].message];
  const result = { role: 'tool' as const, tool_call_id: call.id, content: 'sunny' };
  const second = await client.chat.completions.create({ model: 'talker', messages: [...messages, result], tools: [WEATHER] });
  assert.match(second.choices[0]?.message.content ?? '', /The tool told me: "sunny"/);
});

test('tools on offer are left alone in small talk and when forbidden, and called when demanded', async (t) => {
  const { client } = await attic(t);
  const calls = async (prompt: string, choice: 'auto' | 'none' | 'required'): Promise<number> => {
    const reply = await client.chat.completions.create({ ...ask(prompt), tools: [WEATHER], tool_choice: choice });
    return reply.choices[0]?.message.tool_calls?.length ?? 0;
  };
  assert.deepEqual(await Promise.all([calls('hi', 'auto'), calls('use a tool', 'none'), calls('hi', 'required')]), [0, 0, 1]);
});

test('an image is seen by a model that takes images, and refused by one that does not', async (t) => {
  const { client } = await attic(t);
  const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } };
  const asking = (model: string) => ({
    model,
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'What is it?' }, image] }],
  });
  const reply = await client.chat.completions.create(asking('seer'));
  assert.match(reply.choices[0]?.message.content ?? '', /I see an image/);
  await assert.rejects(client.chat.completions.create(asking('talker')), BadRequestError);
});

test('a JSON schema gets an instance of it', async (t) => {
  const { client } = await attic(t);
  const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
  const reply = await client.chat.completions.create({
    ...ask('hi'),
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  });
  assert.deepEqual(JSON.parse(reply.choices[0]?.message.content ?? ''), { ok: true });
});

test('what a real server refuses is refused', async (t) => {
  const { client } = await attic(t);
  await assert.rejects(client.chat.completions.create(ask('hi', 'nobody')), NotFoundError);
  await assert.rejects(client.chat.completions.create(ask('x'.repeat(4_001))), /maximum context length is 1000 tokens/);
  await assert.rejects(client.post('/chat/completions', { body: { model: 'talker' } }), BadRequestError);
  await assert.rejects(client.post('/nothing', { body: {} }), NotFoundError);
});

test('models are listed with their window and what they take', async (t) => {
  const { client } = await attic(t);
  const { data } = await client.models.list();
  assert.deepEqual(
    data.map((model) => model.id),
    ['talker', 'seer'],
  );
});

test('more requests than slots are told that it is busy; an abandoned one gives its slot back', async (t) => {
  const { machine, client } = await attic(t, { slots: 1, firstTokenMs: 600_000 });
  const leaving = new AbortController();
  const first = client.chat.completions.create({ ...ask('hi'), stream: true }, { signal: leaving.signal });
  const log = await machine.server.nextRequest();
  await assert.rejects(client.chat.completions.create(ask('hi')), RateLimitError);
  leaving.abort();
  await assert.rejects(first, APIUserAbortError);
  await log.aborted;
  await machine.server.idle();
});

test('a broken machine refuses and cuts what it was saying; mended it answers on the same port', async (t) => {
  const house: DemoHouse = await startDemoMachines([
    { ...SPEC, tokensPerSecond: 0.001 },
    { ...SPEC, name: 'cellar' },
  ]);
  t.after(() => house.close());
  const attic = clientOf(house.urls.get('attic') ?? '');
  const stream = await attic.chat.completions.create({ ...ask('hi'), stream: true });
  await house.break('attic');
  assert.deepEqual(house.broken(), ['attic']);
  await assert.rejects(async () => {
    for await (const _ of stream);
  });
  await assert.rejects(attic.models.list(), APIConnectionError);
  await clientOf(house.urls.get('cellar') ?? '').models.list();
  await house.mend('attic');
  assert.equal((await attic.models.list()).data.length, 2);
});

test('a name that is not there is told what there is', async (t) => {
  const house = await startDemoMachines([SPEC]);
  t.after(() => house.close());
  await assert.rejects(house.break('atic'), new UnknownDemoMachine('atic', ['attic']));
});

test('if one machine cannot start, none is left running', async (t) => {
  const taken = await startDemoMachine(SPEC);
  t.after(() => taken.close());
  const port = taken.server.port;
  await assert.rejects(
    startDemoMachines([
      { ...SPEC, name: 'first' },
      { ...SPEC, port },
    ]),
    { code: 'EADDRINUSE' },
  );
});

test('the reason line of a decision becomes a sentence', () => {
  assert.equal(whySentence('words:coding'), 'your words are those of the bucket "coding"');
  assert.equal(
    whySentence('words:fast,promoted'),
    'your words are those of the bucket "fast", and the prompt is long enough for a larger window',
  );
  assert.equal(
    whySentence('rest:chat; spark is down (connection refused)'),
    'no words of any bucket were found, and "chat" takes the rest; spark is down (connection refused)',
  );
  assert.equal(whySentence('model'), 'you named the model or route yourself');
  assert.equal(whySentence('constructor'), 'constructor');
});

/** The official `openai` client, unmodified, against a whole house: what works must work as with the servers themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { chatChunks, chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import { isJsonArray, isJsonObject } from '#upstreams/scripted/script.ts';
import { clientOf, question, readerModel, seerModel, startDen } from './den.ts';
import { answering, asksStream, bodyOf } from './model-server.ts';

const usage = { prompt_tokens: 21, completion_tokens: 4 };
const weather = (city: string): string => JSON.stringify({ city, unit: 'celsius' });
const tools = [
  {
    type: 'function' as const,
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } } } },
  },
];

test('a whole answer, and the request id under the name the client looks for', async (t) => {
  const den = await startDen(t, {
    reader: answering({ model: readerModel, id: 'chatcmpl-77', text: 'four', reasoning: 'two and two', usage }),
  });
  const completion = await clientOf(den).chat.completions.create(question());
  const [choice] = completion.choices;
  assert.equal(choice?.message.content, 'four');
  assert.equal(choice?.finish_reason, 'stop');
  assert.equal((choice.message as { reasoning_content?: string }).reasoning_content, 'two and two');
  assert.deepEqual({ id: completion.id, model: completion.model }, { id: 'chatcmpl-77', model: readerModel });
  assert.equal(completion.usage?.total_tokens, 25);
  const { response, request_id: id } = await clientOf(den).chat.completions.create(question()).withResponse();
  assert.match(id ?? '', /^req_/);
  assert.equal(response.headers.get('x-gatehouse-upstream'), 'reader');
  assert.equal(response.headers.get('x-gatehouse-model'), readerModel);
  assert.equal(response.headers.get('x-gatehouse-route'), 'chat');
});

test('a stream with usage: words in order, one id, usage last and alone', async (t) => {
  const den = await startDen(t, { reader: answering({ model: readerModel, id: 'chatcmpl-9', text: ['one ', 'two ', 'three'], usage }) });
  const stream = await clientOf(den).chat.completions.create({ ...question(), stream: true, stream_options: { include_usage: true } });
  const chunks = await Array.fromAsync(stream);
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), 'one two three');
  assert.deepEqual([...new Set(chunks.map((chunk) => chunk.id))], ['chatcmpl-9']);
  assert.deepEqual(
    chunks.map((chunk) => chunk.choices[0]?.finish_reason ?? null).filter((finish) => finish !== null),
    ['stop'],
  );
  const last = chunks.at(-1);
  assert.deepEqual({ choices: last?.choices, total: last?.usage?.total_tokens }, { choices: [], total: 25 });
});

test('a stream without usage asked for: the server is asked, the caller is not told', async (t) => {
  const den = await startDen(t, { reader: answering({ model: readerModel, text: ['one ', 'two'], usage }) });
  const chunks = await Array.fromAsync(await clientOf(den).chat.completions.create({ ...question(), stream: true }));
  assert.deepEqual(bodyOf(await den.machines.reader.nextChat())['stream_options'], { include_usage: true });
  assert.equal(chunks.filter((chunk) => chunk.choices.length === 0).length, 0, 'no usage chunk leaks');
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), 'one two');
  const line = den.decisions().findLast((each) => each.type === 'terminal');
  assert.deepEqual(line?.usage, { input: 21, output: 4, cachedInput: null, reasoning: null }, 'the record knows it all the same');
});

test('a tool call in a whole answer', async (t) => {
  const call = { id: 'call_a', name: 'weather', arguments: weather('Oslo') };
  const den = await startDen(t, { reader: answering({ model: readerModel, toolCalls: [call] }) });
  const { choices } = await clientOf(den).chat.completions.create({ ...question(), tools });
  assert.equal(choices[0]?.finish_reason, 'tool_calls');
  assert.deepEqual(choices[0].message.tool_calls, [
    { id: 'call_a', type: 'function', function: { name: 'weather', arguments: weather('Oslo') } },
  ]);
  assert.deepEqual(bodyOf(await den.machines.reader.nextChat())['tools'], tools, 'the tools reached the server as they were');
});

test('two parallel tool calls in fragments that take turns', async (t) => {
  const fragments = (city: string): string[] => weather(city).match(/.{1,3}/gs) ?? [];
  const toolCalls = [
    { id: 'call_oslo', name: 'weather', arguments: fragments('Oslo') },
    { id: 'call_rome', name: 'weather', arguments: fragments('Rome [DONE]') },
  ];
  const den = await startDen(t, { reader: answering({ model: readerModel, toolCalls }, { interleaveTools: true }) });
  const runner = clientOf(den).chat.completions.stream({ ...question(), tools });
  const indices = new Map<number, string[]>();
  runner.on('chunk', ({ choices }) => {
    for (const { index, id } of choices[0]?.delta.tool_calls ?? [])
      indices.set(index, [...(indices.get(index) ?? []), ...(id === undefined ? [] : [id])]);
  });
  const { choices } = await runner.finalChatCompletion();
  assert.equal(choices[0]?.finish_reason, 'tool_calls');
  assert.deepEqual(
    choices[0].message.tool_calls?.map((call) => (call.type === 'function' ? [call.id, call.function.arguments] : [])),
    [
      ['call_oslo', weather('Oslo')],
      ['call_rome', weather('Rome [DONE]')],
    ],
  );
  assert.deepEqual(
    [...indices],
    [
      [0, ['call_oslo']],
      [1, ['call_rome']],
    ],
    'the id comes once, on the first fragment of its index',
  );
});

test('an image goes to the machine that sees, whatever the words, and never to the one that does not', async (t) => {
  const den = await startDen(t);
  const client = clientOf(den);
  const url = `data:image/png;base64,${Buffer.alloc(300, 7).toString('base64')}`;
  const content = [
    { type: 'text' as const, text: 'please refactor this' },
    { type: 'image_url' as const, image_url: { url, detail: 'low' as const } },
  ];
  const completion = await client.chat.completions.create({ model: 'den/auto', messages: [{ role: 'user', content }] });
  assert.equal(completion.model, seerModel);
  const { messages } = bodyOf(await den.machines.seer.nextChat());
  assert.deepEqual(isJsonArray(messages) && isJsonObject(messages[0]) ? messages[0]['content'] : null, content);
  await assert.rejects(client.chat.completions.create({ model: 'den/chat', messages: [{ role: 'user', content }] }), /image/);
  const outside = [{ type: 'image_url' as const, image_url: { url: 'https://pictures.example/cat.png' } }];
  await assert.rejects(client.chat.completions.create({ model: 'den/auto', messages: [{ role: 'user', content: outside }] }), /data:/);
  assert.equal(den.machines.reader.chats().length, 0);
  assert.equal(den.machines.seer.chats().length, 1);
});

test('JSON-schema output through the client’s own parser', async (t) => {
  const Sum = z.object({ steps: z.array(z.string()), result: z.number() });
  const said = { steps: ['2 + 2'], result: 4 };
  const den = await startDen(t, { reader: answering({ model: readerModel, text: JSON.stringify(said) }) });
  const completion = await clientOf(den).chat.completions.parse({ ...question(), response_format: zodResponseFormat(Sum, 'sum') });
  assert.deepEqual(completion.choices[0]?.message.parsed, said);
  const format = bodyOf(await den.machines.reader.nextChat())['response_format'];
  assert.deepEqual(format, JSON.parse(JSON.stringify(zodResponseFormat(Sum, 'sum'))), 'the schema reached the server as it was');
});

test('leaving a stream closes the socket to the machine', async (t) => {
  const [role, first] = chatChunks({ model: readerModel, text: ['first', 'never'] });
  const den = await startDen(t, { reader: [...chatStreamHead(), { do: 'sse', events: [role ?? null, first ?? null] }, { do: 'stall' }] });
  const stream = await clientOf(den).chat.completions.create({ ...question(), stream: true });
  const chat = await den.machines.reader.nextChat();
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'first') break;
  const leftAt = performance.now();
  await chat.aborted;
  t.diagnostic(`the machine saw the abort of a stream after ${Math.round(performance.now() - leftAt)} ms`);
  await chat.finished;
  assert.equal(chat.end, 'stopped');
  await den.untilTold(({ happening }) => happening.type === 'request' && happening.terminal.result === 'cancelled');
});

test('leaving before a whole answer closes the socket to the machine', async (t) => {
  const den = await startDen(t, { reader: [{ do: 'stall' }] });
  const abort = new AbortController();
  const asked = clientOf(den).chat.completions.create(question(), { signal: abort.signal });
  const chat = await den.machines.reader.nextChat();
  const leftAt = performance.now();
  abort.abort();
  await assert.rejects(asked, { name: 'Error', message: 'Request was aborted.' });
  await chat.aborted;
  t.diagnostic(`the machine saw the abort of a whole request after ${Math.round(performance.now() - leftAt)} ms`);
  await den.untilTold(({ happening }) => happening.type === 'request' && happening.terminal.result === 'cancelled');
});

test('models: the list, and one by its name, raw or escaped', async (t) => {
  const den = await startDen(t);
  const client = clientOf(den);
  const names = (await Array.fromAsync(await client.models.list())).map((model) => model.id);
  for (const name of ['den/auto', 'den/chat', 'den/vision', readerModel, seerModel])
    assert.ok(names.includes(name), `${name} in ${names.join()}`);
  for (const name of names) assert.equal((await client.models.retrieve(name)).id, name);
  const raw = await fetch(`${den.origin()}/v1/models/${readerModel}`, { headers: { authorization: `Bearer ${den.key}` } });
  const model = (await raw.json()) as { readonly id: string; readonly max_model_len: number };
  assert.deepEqual({ id: model.id, length: model.max_model_len }, { id: readerModel, length: 32_000 });
  const reader = clientOf(den, { key: await den.newKey('readers') });
  const fewer = (await Array.fromAsync(await reader.models.list())).map((model) => model.id);
  assert.ok(fewer.includes('den/chat') && !fewer.includes('den/vision'), fewer.join());
  assert.equal(den.machines.reader.chats().length + den.machines.seer.chats().length, 0, 'the list is from memory');
});

test('a model’s own name works, so that a base URL is all that changes', async (t) => {
  const den = await startDen(t);
  const { choices } = await clientOf(den).chat.completions.create(question(readerModel));
  assert.equal(choices[0]?.message.content, 'read');
  assert.equal(bodyOf(await den.machines.reader.nextChat())['model'], readerModel);
});

test('a machine that answers a whole body to a stream, and a stream that is asked for whole', async (t) => {
  const whole = answering({ model: readerModel, text: 'in one piece' });
  const den = await startDen(t, {
    reader: (request) => (asksStream(request) ? whole({ ...request, json: { stream: false } }) : whole(request)),
  });
  const stream = await clientOf(den).chat.completions.create({ ...question(), stream: true });
  const chunks = await Array.fromAsync(stream);
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), 'in one piece');
  assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'stop');
});

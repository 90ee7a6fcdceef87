/** The wire beside the client: what an SDK forgives is looked at byte by byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatChunks, chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import type { Script, Step } from '#upstreams/scripted/script.ts';
import { question, readerModel, startDen } from './den.ts';
import type { Den } from './den.ts';
import { bodyOf } from './model-server.ts';
import { eventsOf, rawAnswer, rawExchange } from './raw-exchange.ts';
import type { RawAsk } from './raw-exchange.ts';

const chatUrl = (den: Den): string => `${den.origin()}/v1/chat/completions`;
const streamed = (den: Den, more: object = {}): RawAsk => ({ key: den.key, body: { ...question(), stream: true, ...more } });
const head: Script = chatStreamHead();
const bytes = (text: string): Step => ({ do: 'body', bytes: text });

/** Events in a spelling of their own: odd spacing, escapes, key order, unknown fields, numbers that a parser would round. */
const oddEvents = [
  'data: {"id":"chatcmpl-x","object":"chat.completion.chunk","created":1.0e3,"model":"alias","x_unknown":{"b":1,"a":[null]},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n',
  'data: { "choices":[{"delta":{"reasoning_content":"\\u00e4 \\ud83d\\ude00 h\\/m","reasoning":"same"},"index":0}], "id":"chatcmpl-x", "seed": 12345678901234567890 }\n\n',
  'data: {"id":"chatcmpl-x","choices":[{"index":0,"delta":{"content":"ä 😀"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n',
  'data: {"id":"chatcmpl-x","choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}\n\n',
  'data: {"id":"chatcmpl-x","choices":[{"index":0,"delta":{"content":" data: [DONE]\\n\\n"},"finish_reason":null}],"timings":{"ms":0.10}}\n\n',
  'data: {"id":"chatcmpl-x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"system_fingerprint":""}\n\n',
];
const done = 'data: [DONE]\n\n';

test('the events of a stream are the server’s, byte for byte', async (t) => {
  const den = await startDen(t, { reader: [...head, ...oddEvents.map(bytes), bytes(done)] });
  const { text, status, headers, proper } = await rawAnswer(chatUrl(den), streamed(den));
  assert.deepEqual({ status, proper, text }, { status: 200, proper: true, text: [...oddEvents, done].join('') });
  assert.equal(headers['content-type'], 'text/event-stream; charset=utf-8');
});

test('and stay so when the wire cuts them anywhere', async (t) => {
  const den = await startDen(t, { reader: [{ do: 'slice', size: 7 }, ...head, bytes([...oddEvents, done].join(''))] });
  assert.equal((await rawAnswer(chatUrl(den), streamed(den))).text, [...oddEvents, done].join(''));
});

test('a whole answer is the server’s, byte for byte', async (t) => {
  const body =
    '{ "choices" : [ {"message":{"reasoning_content":"\\u00e4","content":"a\\/b","role":"assistant","x":null},"finish_reason":"stop","index":0} ],\n "id":"chatcmpl-y", "seed":12345678901234567890, "nothing":{} }\n';
  const den = await startDen(t, { reader: [{ do: 'header', name: 'content-type', value: 'application/json' }, bytes(body)] });
  const { text, headers } = await rawAnswer(chatUrl(den), { key: den.key, body: question() });
  assert.equal(text, body);
  assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
});

test('a request reaches the server byte for byte, but for the model’s name', async (t) => {
  const den = await startDen(t);
  const sent = (model: string): string =>
    `{ "temperature": 0.70, "seed":12345678901234567890,"x_unknown":[{"b":1,"a":null}],\n"model" : "${model}", "messages":[{"role":"user","content":"\\u00e4 \\/ ä","name":"n"}] }`;
  await rawAnswer(chatUrl(den), { key: den.key, body: sent('den/chat'), headers: { 'x-secret': 'mine', cookie: 'a=b' } });
  const chat = await den.machines.reader.nextChat();
  assert.equal(chat.bodyText, sent(readerModel));
  assert.deepEqual(
    Object.keys(chat.headers).filter((name) => /^(x-|cookie|authorization)/.test(name)),
    [],
    'nothing of the caller’s headers goes on, its key least of all',
  );
});

test('each token is with the caller before the next leaves the server', async (t) => {
  const words = ['zero', 'one', 'two', 'three', 'four', 'five'];
  const chunks = chatChunks({ model: readerModel, text: words });
  const [role, ...rest] = chunks.map((chunk): Step => ({ do: 'sse', events: [chunk] }));
  assert.ok(role);
  const gated = rest.flatMap((step, at): Step[] => (at === 0 ? [step] : [{ do: 'gate', name: `gate ${at}` }, step]));
  const den = await startDen(t, { reader: [...head, role, ...gated, bytes(done)] });
  const exchange = await rawExchange(chatUrl(den), streamed(den));
  for (const [at, word] of words.entries()) {
    await exchange.until(`"${word}"`);
    assert.ok(!exchange.text().includes('"finish_reason":"stop"'));
    den.machines.reader.server.open(`gate ${at + 1}`);
  }
  assert.ok((await exchange.ended).text.endsWith(done));
});

test('a missing terminator is added after a finish reason, with usage only for who asked', async (t) => {
  const answer = { model: readerModel, text: 'all', usage: { prompt_tokens: 3, completion_tokens: 1 } };
  const den = await startDen(t, { reader: [...head, { do: 'sse', events: chatChunks(answer, { includeUsage: true }) }] });
  const without = await rawAnswer(chatUrl(den), streamed(den));
  assert.equal(eventsOf(without.text).at(-1), '[DONE]');
  assert.ok(!without.text.includes('prompt_tokens'), without.text);
  const asked = await rawAnswer(chatUrl(den), streamed(den, { stream_options: { include_usage: true } }));
  const events = eventsOf(asked.text);
  assert.equal(events.at(-1), '[DONE]');
  assert.equal(JSON.parse(events.at(-2) ?? '').usage.total_tokens, 4);
});

test('bytes after the terminator, comments and foreign events do not come through', async (t) => {
  const noise = [': hello\n\n', 'event: ping\ndata: {}\n\n', 'data:\n\n'];
  const events = [...oddEvents.slice(0, 3), ...noise, ...oddEvents.slice(3)];
  const den = await startDen(t, { reader: [...head, ...events.map(bytes), bytes(done), bytes(oddEvents[2] ?? ''), bytes(done)] });
  assert.equal((await rawAnswer(chatUrl(den), streamed(den))).text, [...oddEvents, done].join(''));
});

const cuts: Readonly<Record<string, Script>> = {
  'reset by the machine': [{ do: 'rst' }],
  'closed without its end': [{ do: 'fin' }],
  'ended properly but without a finish reason': [],
  'broken by an event that does not parse': [bytes('data: {"id":\n\n'), { do: 'stall' }],
  'broken by an error in the stream': [
    bytes('data: {"error":{"message":"CUDA error","type":"server_error","code":500}}\n\n'),
    { do: 'stall' },
  ],
};
for (const [how, rest] of Object.entries(cuts)) {
  test(`a stream ${how} after content ends with an error and no terminator`, async (t) => {
    const [role, first] = chatChunks({ model: readerModel, text: ['some'] });
    const den = await startDen(t, {
      reader: [...head, { do: 'sse', events: [role ?? null, first ?? null] }, { do: 'gate', name: 'cut' }, ...rest],
    });
    const exchange = await rawExchange(chatUrl(den), streamed(den));
    await exchange.until('some');
    den.machines.reader.server.open('cut');
    const events = eventsOf((await exchange.ended).text);
    assert.ok(!events.includes('[DONE]') && !events.some((event) => event.includes('"finish_reason":"')), events.join('\n'));
    const { error } = JSON.parse(events.at(-1) ?? '{}');
    assert.match(error.code, /^upstream_(stream_broken|truncated)$/);
    assert.ok(error.message.includes(exchange.headers['x-request-id']), 'the error names the request');
    assert.ok(!error.message.includes('CUDA'), 'what the machine said stays in the record');
    const line = den.decisions().findLast((each) => each.type === 'terminal');
    assert.deepEqual({ result: line?.result, code: line?.code }, { result: 'failed', code: error.code });
    assert.equal(den.machines.reader.chats().length, 1, 'nothing was asked again');
  });
}

test('the fields that would reach out never get near a machine', async (t) => {
  const den = await startDen(t);
  for (const field of ['api_base', 'base_url', 'api_key', 'fallbacks', 'user_config', 'extra_headers', 'organization']) {
    const { status, text } = await rawAnswer(chatUrl(den), { key: den.key, body: { ...question(), [field]: 'http://203.0.113.9' } });
    assert.equal(status, 400);
    assert.ok(text.includes(field), text);
  }
  assert.equal(den.machines.reader.chats().length, 0);
  const told = { ...question('den/chat', 'api_base base_url api_key'), metadata: { api_base: 'said, not asked' } };
  assert.equal((await rawAnswer(chatUrl(den), { key: den.key, body: told })).status, 200);
  assert.deepEqual(bodyOf(await den.machines.reader.nextChat())['metadata'], told.metadata);
});

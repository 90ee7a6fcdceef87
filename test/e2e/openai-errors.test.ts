/** Every class of error as the official `openai` client throws it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import OpenAI, { APIError } from 'openai';
import { chatChunks, chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import { busyScript, contentPolicyScript, loadingScript, redirectScript, serverErrorScript } from '#upstreams/scripted/refusal-script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { clientOf, question, readerModel, seerModel, startDen } from './den.ts';
import type { Den } from './den.ts';
import { answering } from './model-server.ts';
import { rawAnswer } from './raw-exchange.ts';

type ErrorClass = new (...parts: never[]) => APIError;

/** What the client throws for `asked`, held to its class and to what every error of ours has. */
async function thrown(
  asked: Promise<unknown>,
  expected: { readonly class: ErrorClass; readonly status: number; readonly code: string },
): Promise<APIError> {
  const error: unknown = await asked.then(
    () => assert.fail('it was answered'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof expected.class, String(error));
  assert.deepEqual({ status: error.status, code: error.code }, { status: expected.status, code: expected.code });
  assert.match(error.requestID ?? '', /^req_/);
  assert.ok(error.message.includes(error.requestID ?? ''), error.message);
  assert.equal(error.headers?.get('x-request-id'), error.requestID);
  return error;
}

const shouldRetry = (error: APIError): string | null => error.headers?.get('x-should-retry') ?? null;

test('400: a request that cannot be understood, or that reaches out', async (t) => {
  const den = await startDen(t);
  const client = clientOf(den, { maxRetries: 2 });
  const bad = { class: OpenAI.BadRequestError, status: 400, code: 'invalid_request' };
  const noMessages = await thrown(client.chat.completions.create({ ...question(), messages: [] }), bad);
  assert.equal(noMessages.param, 'messages');
  assert.equal(noMessages.type, 'invalid_request_error');
  assert.equal(shouldRetry(noMessages), 'false');
  await thrown(client.chat.completions.create(question(), { headers: { 'x-gatehouse-nonsense': '1' } }), bad);
  const long = question('den/vision', 'word '.repeat(20_000));
  await thrown(client.chat.completions.create(long), { ...bad, code: 'context_length_exceeded' });
  assert.equal(den.machines.reader.chats().length + den.machines.seer.chats().length, 0);
});

test('400: what a machine refuses nobody else is asked, and its reason is passed on', async (t) => {
  const den = await startDen(t, { reader: contentPolicyScript() });
  const error = await thrown(clientOf(den, { maxRetries: 2 }).chat.completions.create(question()), {
    class: OpenAI.BadRequestError,
    status: 400,
    code: 'upstream_rejected',
  });
  assert.match(error.message, /content policy/);
  assert.equal(den.machines.reader.chats().length, 1, 'x-should-retry: false was heard');
});

test('401: no key, or one that nobody knows', async (t) => {
  const den = await startDen(t);
  const missing = new OpenAI({ baseURL: `${den.origin()}/v1`, apiKey: 'unused', defaultHeaders: { authorization: null }, maxRetries: 2 });
  const expected = { class: OpenAI.AuthenticationError, status: 401, code: 'key_missing' };
  const error = await thrown(missing.chat.completions.create(question()), expected);
  assert.match(error.message, /Send "Authorization: Bearer gh_…"; make one with: gatehouse keys new/);
  assert.equal(error.headers?.get('www-authenticate'), 'Bearer');
  assert.equal(shouldRetry(error), 'false');
  await thrown(clientOf(den, { key: 'gh_nobody' }).chat.completions.create(question()), { ...expected, code: 'key_unknown' });
  await thrown(clientOf(den, { key: 'gh_nobody' }).models.list(), { ...expected, code: 'key_unknown' });
  assert.ok(!den.decisions().some((line) => line.type === 'terminal'), 'nobody’s requests are counted, not recorded');
});

test('403: a route the profile may not use, a tier that would widen, the operator’s paths', async (t) => {
  const den = await startDen(t);
  const client = clientOf(den, { key: await den.newKey('readers'), maxRetries: 2 });
  const denied = { class: OpenAI.PermissionDeniedError, status: 403, code: 'scope_denied' };
  assert.equal(shouldRetry(await thrown(client.chat.completions.create(question('den/vision')), denied)), 'false');
  await thrown(client.chat.completions.create(question(seerModel)), denied);
  await thrown(client.chat.completions.create(question(), { headers: { 'x-gatehouse-tier': 'local-first' } }), denied);
  await thrown(client.get('/../admin/upstreams'), denied);
  assert.equal(den.machines.seer.chats().length, 0);
});

test('404: a model nobody serves, with the nearest names', async (t) => {
  const den = await startDen(t);
  const error = await thrown(clientOf(den, { maxRetries: 2 }).chat.completions.create(question('den/chet')), {
    class: OpenAI.NotFoundError,
    status: 404,
    code: 'model_not_found',
  });
  assert.match(error.message, /chat/);
  await thrown(clientOf(den).models.retrieve('nobody/nothing'), { class: OpenAI.NotFoundError, status: 404, code: 'model_not_found' });
  await thrown(clientOf(den).images.generate({ model: 'den/chat', prompt: 'x' }), {
    class: OpenAI.NotFoundError,
    status: 404,
    code: 'not_found',
  });
});

test('413: a body over the limit is refused from its head alone', async (t) => {
  const den = await startDen(t);
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(den.port(), '127.0.0.1');
  t.after(() => socket.destroy());
  let heard = '';
  socket.on('data', (part) => {
    heard += part.toString('latin1');
  });
  socket.on('close', () => resolve(heard));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${den.key}\r\ncontent-length: 30000000\r\n\r\n`,
  );
  assert.match(await promise, /^HTTP\/1\.1 413 [^]*"code":"too_large"/);
});

test('429: every slot in use, and when to come back', async (t) => {
  const den = await startDen(t, { reader: [...chatStreamHead(), { do: 'stall' }] });
  const abort = new AbortController();
  const client = clientOf(den);
  const holding = [1, 2, 3, 4].map(() =>
    client.chat.completions.create({ ...question(), stream: true }, { signal: abort.signal }).catch(() => {}),
  );
  for (const _ of holding) await den.machines.reader.nextChat();
  const error = await thrown(client.chat.completions.create(question()), { class: OpenAI.RateLimitError, status: 429, code: 'saturated' });
  assert.match(error.headers?.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.equal(shouldRetry(error), null);
  assert.match(error.message, /den\/chat is busy: reader has no free slot \(4 of 4 in use\)/);
  assert.equal(den.machines.reader.chats().length, 4);
  abort.abort();
  await Promise.all(holding);
});

test('429: the machine’s own word that it is busy, with its Retry-After, and the client’s retry that then works', async (t) => {
  const den = await startDen(t, { reader: busyScript(7) });
  const busy = { class: OpenAI.RateLimitError, status: 429, code: 'saturated' };
  const error = await thrown(clientOf(den).chat.completions.create(question()), busy);
  assert.equal(error.headers?.get('retry-after'), '7');
  const again = await thrown(clientOf(den).chat.completions.create(question()), busy);
  assert.ok(Number(again.headers?.get('retry-after')) <= 7);
  assert.equal(den.machines.reader.chats().length, 1, 'busy counts for everyone, for as long as it said');
});

const broken: readonly { readonly what: string; readonly reader: Script; readonly status: number; readonly code: string }[] = [
  { what: 'an answer of nothing', reader: answeringOnce({ text: '' }), status: 502, code: 'upstream_empty' },
  {
    what: 'reasoning that ate the whole output',
    reader: answeringOnce({ reasoning: 'hm', finish: 'length' }),
    status: 502,
    code: 'upstream_reasoning_exhausted',
  },
  { what: 'an error of the machine', reader: serverErrorScript('out of luck'), status: 502, code: 'upstream_bad_gateway' },
  {
    what: 'a body that is cut',
    reader: [{ do: 'header', name: 'content-length', value: '500' }, { do: 'body', bytes: '{"choices":[' }, { do: 'fin' }],
    status: 502,
    code: 'upstream_truncated',
  },
  { what: 'a redirect', reader: redirectScript('http://203.0.113.9/v1/chat/completions'), status: 502, code: 'upstream_redirect' },
  { what: 'a model that loads', reader: loadingScript(), status: 503, code: 'model_loading' },
  { what: 'a stream that says nothing in time', reader: [...chatStreamHead(), { do: 'stall' }], status: 504, code: 'upstream_stalled' },
];
for (const { what, reader, status, code } of broken) {
  test(`${status}: ${what}`, async (t) => {
    const den = await startDen(t, { reader });
    const stream = code === 'upstream_stalled';
    const error = await thrown(clientOf(den).chat.completions.create({ ...question(), stream }), {
      class: OpenAI.InternalServerError,
      status,
      code,
    });
    assert.ok(!error.message.includes('out of luck'), 'what the machine said stays in the record');
    assert.match(error.message, /reader/);
    if (code === 'model_loading') assert.match(error.headers?.get('retry-after') ?? '', /^\d+$/);
  });
}

test('503: nobody there, and a machine that is back answers again', async (t) => {
  const den = await startDen(t);
  await den.machines.reader.server.refuse();
  den.machines.reader.server.resetAll();
  const error = await thrown(clientOf(den).chat.completions.create(question()), {
    class: OpenAI.InternalServerError,
    status: 503,
    code: 'no_route',
  });
  assert.match(error.message, /den\/chat has no machine: reader (refused the connection|is down \(.+\))\. This route never falls back\./);
});

test('421: a name that is not ours', async (t) => {
  const den = await startDen(t);
  const { status, text } = await rawAnswer(`${den.origin()}/v1/models`, { key: den.key, headers: { host: 'rebound.example' } });
  assert.equal(status, 421);
  assert.equal(JSON.parse(text).error.code, 'unknown_host');
  assert.match(text, /rebound\.example/);
});

for (const [how, last] of [
  ['cut', [{ do: 'rst' }]],
  ['ended with an error in it', [{ do: 'sse', events: [{ error: { message: 'CUDA error', code: 500 } }] }]],
  ['silently ended', []],
] satisfies [string, Script][]) {
  test(`a stream that is ${how} after content makes the client throw`, async (t) => {
    const [role, first] = chatChunks({ model: readerModel, text: ['some'] });
    const den = await startDen(t, {
      reader: [...chatStreamHead(), { do: 'sse', events: [role ?? null, first ?? null] }, { do: 'gate', name: 'cut' }, ...last],
    });
    const words: (string | null | undefined)[] = [];
    await assert.rejects(
      async () => {
        for await (const chunk of await clientOf(den).chat.completions.create({ ...question(), stream: true })) {
          words.push(chunk.choices[0]?.delta.content);
          den.machines.reader.server.open('cut');
        }
      },
      (error) => error instanceof APIError && /reader .*\(request req_/.test(error.message),
    );
    assert.deepEqual(words, ['', 'some']);
    const whole = clientOf(den).chat.completions.stream(question());
    await assert.rejects(whole.finalChatCompletion(), APIError, 'nor does the helper make a whole answer of it');
  });
}

/** A whole answer that is the same each time. */
function answeringOnce(answer: Parameters<typeof answering>[0]): Script {
  const script = answering({ model: readerModel, ...answer });
  return script({ json: {} } as Parameters<typeof script>[0]);
}

test('nothing is asked of the machines for what is refused at the door', async (t) => {
  const den: Den = await startDen(t);
  for (const path of ['/v1/completions', '/v1/responses', '/v1/audio/speech', '/admin/reload-config']) {
    const { status } = await rawAnswer(`${den.origin()}${path}`, { key: den.key, body: question() });
    assert.ok(status === 404 || status === 403, `${path}: ${status}`);
  }
  assert.equal(den.machines.reader.chats().length, 0);
});

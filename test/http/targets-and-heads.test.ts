/** What a listener makes of request lines and heads, sent as raw bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ask, goodKey, rawAsk, rawClient, startStage, statuses } from './stage.ts';
import type { Stage } from './stage.ts';

const auth = `authorization: Bearer ${goodKey}\r\n`;
const get = (target: string, more = ''): string => `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${more}\r\n`;

/** Shared by the tests that only look. */
async function statusOf(t: Parameters<typeof rawAsk>[0], stage: Stage, bytes: string): Promise<number | undefined> {
  return statuses(await rawAsk(t, stage.place, bytes))[0];
}

test('the path is matched raw, and only once', async (t) => {
  const stage = await startStage(t);
  const cases: readonly (readonly [string, number])[] = [
    ['/healthz', 200],
    ['/healthz?x=1&y', 200],
    ['/healthz/', 404],
    ['//healthz', 404],
    ['//admin/../healthz', 404],
    ['/./healthz', 404],
    ['/v1/../healthz', 404],
    ['/%2e%2e/healthz', 404],
    ['/%68ealthz', 404],
    ['/HEALTHZ', 404],
    ['/healthz;x', 404],
    ['/healthz\\', 404],
    ['/v1/models/', 404],
    ['http://localhost/healthz', 400],
    ['http://admin/healthz', 400],
    ['healthz', 400],
    ['*', 400],
    ['/healthz#x', 400],
    ['/%', 400],
    ['/%zz', 400],
    ['/%c3', 400],
    ['/%00', 400],
    ['/healthz?a=%', 400],
    ['/healthz?a=%0d%0ab', 400],
    ['/heal\tthz', 400],
    ['/heal\u0001thz', 400],
    ['/h\u00e4', 400],
  ];
  for (const [target, status] of cases) assert.equal(await statusOf(t, stage, get(target)), status, JSON.stringify(target));
  assert.deepEqual(stage.faults, []);
});

test('no way of writing an admin path opens it to a key', async (t) => {
  const stage = await startStage(t);
  const targets = [
    '/admin/keys',
    '//admin/keys',
    '/admin/keys/',
    '/v1/../admin/keys',
    '/v1/models/../../admin/keys',
    '/admin%2fkeys',
    '/%61dmin/keys',
    'http://x/admin/keys',
  ];
  for (const target of targets) {
    for (const host of ['localhost', 'localhost/admin', 'localhost?', '127.0.0.1:1']) {
      const text = await rawAsk(t, stage.place, `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${auth}\r\n`);
      assert.ok([400, 403, 404].includes(statuses(text)[0] ?? 0), `${target} ${host}: ${text}`);
      assert.doesNotMatch(text, /createdAt/);
    }
  }
});

test('a model is found raw and percent-encoded', async (t) => {
  const stage = await startStage(t);
  for (const id of ['home/auto', 'home%2Fauto', 'big/coder', 'big%2fcoder', 'coder:latest', 'fast']) {
    const { status, body } = await ask(stage.place, `/v1/models/${id}`, { key: goodKey });
    assert.equal(status, 200, id);
    assert.match(body, new RegExp(`"id":"${decodeURIComponent(id)}"`));
  }
  const { status, body } = await ask(stage.place, '/v1/models/home/cod', { key: goodKey });
  assert.equal(status, 404);
  assert.match(body, /model_not_found.*|home\/code/);
});

test('another method is 405 with Allow, an unknown path 404 with the known ones', async (t) => {
  const stage = await startStage(t);
  const wrong = await ask(stage.place, '/healthz', { method: 'DELETE' });
  assert.deepEqual([wrong.status, wrong.headers['allow']], [405, 'GET, HEAD']);
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT']) {
    const answered = await ask(stage.place, '/v1/chat/completions', { method });
    assert.deepEqual([answered.status, answered.headers['allow']], [405, 'POST']);
  }
  assert.equal((await ask(stage.place, '/admin/keys', { method: 'PUT' })).headers['allow'], 'GET, HEAD, POST');
  const nothing = await ask(stage.place, '/v1/chat/completion', { method: 'POST', body: '{}' });
  assert.equal(nothing.status, 404);
  const envelope: { error: { code: string; message: string } } = JSON.parse(nothing.body);
  assert.equal(envelope.error.code, 'not_found');
  assert.match(envelope.error.message, /POST \/v1\/chat\/completions/);
  assert.doesNotMatch(envelope.error.message, /admin/);
});

test('HEAD is GET without the body', async (t) => {
  const stage = await startStage(t);
  for (const path of ['/', '/healthz', '/v1/models', '/nowhere']) {
    const options = { key: goodKey };
    const [full, head] = await Promise.all([ask(stage.place, path, options), ask(stage.place, path, { ...options, method: 'HEAD' })]);
    assert.equal(head.status, full.status);
    assert.equal(head.body, '');
    if (path !== '/nowhere') assert.equal(head.headers['content-length'], full.headers['content-length']);
  }
});

test('the front page is a page for browsers and one line for programs', async (t) => {
  const stage = await startStage(t);
  const line = await ask(stage.place, '/');
  assert.match(String(line.headers['content-type']), /^text\/plain/);
  assert.match(line.body, /^[^\n]+\n$/);
  const page = await ask(stage.place, '/', { headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } });
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
  assert.doesNotMatch(page.body, /<script|src=|https?:/);
});

test('readiness says whether the record can be written', async (t) => {
  const stage = await startStage(t, { control: { recordWritable: () => false } });
  const ready = await ask(stage.place, '/readyz');
  assert.deepEqual([ready.status, ready.body], [503, 'not ready\n']);
  assert.equal((await ask(stage.place, '/healthz')).body, 'ok\n');
});

test('a foreign Host is refused with the line to add', async (t) => {
  const stage = await startStage(t, { hosts: ['ai.lan'] });
  const cases: readonly (readonly [string, number])[] = [
    ['localhost', 200],
    ['LOCALHOST:8484', 200],
    ['localhost.', 200],
    ['127.0.0.1', 200],
    ['10.1.2.3:80', 200],
    ['[::1]:8484', 200],
    ['[fd00::1]', 200],
    ['attic.example', 200],
    ['Attic', 200],
    ['ai.lan:8484', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example', 421],
    ['0x7f000001', 421],
    ['[::1', 400],
    ['[evil]', 400],
    ['a b', 400],
    ['user@localhost', 400],
    ['localhost/admin', 400],
    ['localhost:80:80', 400],
    ['', 400],
  ];
  for (const [host, status] of cases) {
    const text = await rawAsk(t, stage.place, `GET /healthz HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    assert.equal(statuses(text)[0], status, `${host}: ${text}`);
    if (status === 421) assert.ok(text.includes(`hosts: [ai.lan, ${host}]`), text);
  }
  assert.equal(await statusOf(t, stage, 'GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n'), 400);
  assert.equal(await statusOf(t, stage, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n'), 400);
  assert.equal(
    await statusOf(t, stage, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n'),
    400,
  );
});

test('a page may change something only from a host name of ours', async (t) => {
  const stage = await startStage(t, { hosts: ['ai.lan'] });
  const post = (headers: Readonly<Record<string, string>>): Promise<{ status: number; body: string }> =>
    ask(stage.place, '/v1/chat/completions', { method: 'POST', key: goodKey, body: '{}', headers: { host: 'localhost:8484', ...headers } });
  const cases: readonly (readonly [string, number])[] = [
    ['http://localhost:8484', 200],
    ['http://localhost:3000', 200],
    ['https://ai.lan', 200],
    ['http://evil.example', 421],
    ['http://localhost.evil.example', 421],
    ['http://10.9.9.9', 421],
    ['null', 421],
    ['file://', 421],
    ['nonsense', 421],
  ];
  for (const [origin, status] of cases) assert.equal((await post({ origin })).status, status, origin);
  assert.equal((await post({})).status, 200);
  assert.equal((await ask(stage.place, '/healthz', { headers: { origin: 'http://evil.example' } })).status, 200);
});

test('what may be said only once is refused when said twice', async (t) => {
  const stage = await startStage(t);
  for (const name of ['authorization', 'x-api-key', 'content-type', 'origin', 'x-gatehouse-tier']) {
    assert.equal(await statusOf(t, stage, get('/healthz', `${name}: a\r\n${name}: a\r\n`)), 400, name);
  }
  assert.equal(await statusOf(t, stage, get('/healthz', 'accept: a\r\naccept: b\r\n')), 200);
});

test('heads are bounded', async (t) => {
  const stage = await startStage(t);
  assert.equal(await statusOf(t, stage, get('/healthz', `x: ${'a'.repeat(17_000)}\r\n`)), 431);
  assert.equal(await statusOf(t, stage, get(`/healthz?${'a'.repeat(17_000)}`)), 431);
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `x-${at}: 1\r\n`).join('');
  assert.equal(await statusOf(t, stage, get('/healthz', many(98))), 200);
  for (const count of [99, 150, 500]) assert.equal(await statusOf(t, stage, get('/healthz', many(count))), 431, String(count));
});

test('what is no HTTP gets one plain line and the end of the connection', async (t) => {
  const stage = await startStage(t);
  const cases = [
    'nonsense\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000',
    'GET /healthz\r\n\r\n',
    'GET /healthz HTTP/9.9\r\nhost: localhost\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost localhost\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: localhost\r\nx\u0000y: 1\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: localhost\r\n folded: 1\r\n\r\n',
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}content-length: -1\r\n\r\n`,
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}transfer-encoding: chunked\r\n\r\nnonsense\r\n`,
  ];
  for (const bytes of cases) {
    const text = await rawAsk(t, stage.place, bytes);
    assert.deepEqual(statuses(text), [400], `${JSON.stringify(bytes)}: ${text}`);
    assert.match(text, /connection: close/i);
  }
  assert.equal((await ask(stage.place, '/healthz')).status, 200);
});

test('a head that does not come is given up', async (t) => {
  const stage = await startStage(t, { limits: { headMs: 40, requestMs: 80, checkEveryMs: 20 } });
  assert.deepEqual(statuses(await rawAsk(t, stage.place, 'GET /healthz HTTP/1.1\r\nhost: loc')), [408]);
  const answered = await rawAsk(
    t,
    stage.place,
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}content-length: 9\r\n\r\n{`,
  );
  assert.deepEqual(statuses(answered), [408]);
});

test('garbage after a request does not end up inside its answer', async (t) => {
  const gate = Promise.withResolvers<void>();
  const stage = await startStage(t, {
    serve: async (_surface, incoming) => {
      const { client } = incoming;
      await incoming.readBody(1_000);
      client.head(200, { 'content-type': 'text/plain' });
      client.write('first half ');
      await gate.promise;
      client.write('second half');
      client.end();
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}content-length: 2\r\n\r\n{}`);
  await client.until(/first half/);
  client.send('nonsense\r\n\r\n');
  const text = await client.ended();
  gate.resolve();
  assert.deepEqual(statuses(text), [200]);
});

test('no bytes at all make a listener fall over', async (t) => {
  const stage = await startStage(t);
  const piece = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      ' HTTP/1.1\r\n',
      '\r\n',
      '\r\n\r\n',
      'host: localhost\r\n',
      'content-length: 5\r\n',
      'transfer-encoding: chunked\r\n',
      '/v1/models/',
      auth,
      '%',
      '//',
      ':',
    ),
    fc.string({ maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const lines = fc.sample(fc.array(piece, { minLength: 1, maxLength: 12 }), { numRuns: 300, seed: 20_261 });
  const send = async (pieces: readonly string[]): Promise<void> => {
    const client = await rawClient(t, stage.place);
    client.socket.end(pieces.join(''));
    await client.ended();
  };
  for (let at = 0; at < lines.length; at += 50) await Promise.all(lines.slice(at, at + 50).map(send));
  assert.equal((await ask(stage.place, '/healthz')).status, 200);
  assert.deepEqual(stage.faults, []);
});

test('polluted names stay names', async (t) => {
  const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  const stage = await startStage(t);
  const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
  for (const name of names) {
    assert.equal(await statusOf(t, stage, get(`/healthz?${name}=1&${name}.polluted=1`, `${name}: polluted\r\n`)), 200, name);
    assert.equal((await ask(stage.operator, `/v1/models?profile=${name}`)).status, 400);
    assert.equal((await ask(stage.operator, `/admin/drain/${name}`, { method: 'POST' })).status, 404);
    assert.equal((await ask(stage.operator, `/v1/models/${name}`)).status, 404);
    assert.equal((await ask(stage.operator, '/admin/explain', { method: 'POST', body: `{"${name}":1}` })).status, 400);
  }
  for (const path of ['/admin/keys', '/admin/keys/revoke', '/admin/explain']) {
    assert.equal((await ask(stage.operator, path, { method: 'POST', body: polluted })).status, 400, path);
  }
  const within = `{"request":{"model":"auto","messages":[{"role":"user","content":"hi"}],"metadata":${polluted}}}`;
  assert.equal((await ask(stage.operator, '/admin/explain', { method: 'POST', body: within })).status, 200);
  assert.equal(JSON.stringify(Object.getOwnPropertyNames(Object.prototype)), before);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

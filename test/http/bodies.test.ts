/** Bodies: kinds, limits, and callers who leave in the middle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, goodKey, rawAsk, rawClient, startStage, statuses } from './stage.ts';

const path = '/v1/chat/completions';
const post = (head: string, key: string | null = goodKey): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${key === null ? '' : `authorization: Bearer ${key}\r\n`}${head}\r\n`;

test('a body is JSON or nothing is said of it, and never compressed', async (t) => {
  const stage = await startStage(t);
  const send = (headers: Readonly<Record<string, string>>): Promise<{ status: number }> =>
    ask(stage.place, path, { method: 'POST', key: goodKey, body: '{}', headers });
  const cases: readonly (readonly [Readonly<Record<string, string>>, number])[] = [
    [{}, 200],
    [{ 'content-type': 'application/json' }, 200],
    [{ 'content-type': 'Application/JSON; charset=utf-8' }, 200],
    [{ 'content-encoding': 'identity' }, 200],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, 415],
    [{ 'content-type': '' }, 415],
    [{ 'content-encoding': 'gzip' }, 415],
  ];
  for (const [headers, status] of cases) assert.equal((await send(headers)).status, status, JSON.stringify(headers));
  const admin = await ask(stage.operator, '/admin/keys', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } });
  assert.equal(admin.status, 415);
});

test('a body that says it is too large is refused unread, and the caller can read why', async (t) => {
  const stage = await startStage(t, { limits: { lingerMs: 50 } });
  const text = await rawAsk(t, stage.place, post('content-length: 30000000\r\n'));
  assert.deepEqual(statuses(text), [413]);
  assert.match(text, /too_large/);
  assert.match(text, /connection: close/i);
});

test('a caller that is still sending can read its refusal before the connection goes', async (t) => {
  for (const head of [post('content-length: 30000000\r\n'), post('content-length: 9000000\r\n', null)]) {
    const stage = await startStage(t);
    const client = await rawClient(t, stage.place);
    client.send(head);
    client.send(Buffer.alloc(2_000_000, 0x20));
    await client.until(/"code":"(too_large|key_missing)"/);
    assert.equal(stage.listener.running(), 1, 'the connection waits for the caller to leave');
    client.socket.destroy();
    await stage.listener.close(0);
  }
});

test('a body of unknown length is cut off at the limit', async (t) => {
  const stage = await startStage(t);
  const client = await rawClient(t, stage.operator);
  client.send('POST /admin/keys HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`;
  for (let at = 0; at < 6; at++) client.send(chunk);
  assert.deepEqual(statuses(await client.until(/too_large/)), [413]);
  assert.deepEqual(stage.changes, []);
});

test('nothing of a body is read before the caller is known', async (t) => {
  const read: string[] = [];
  const stage = await startStage(t, {
    limits: { lingerMs: 50 },
    serve: async (_surface, incoming) => {
      read.push('read');
      await incoming.readBody(1);
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(post('content-length: 19000000\r\nexpect: 100-continue\r\n', null));
  const text = await client.ended();
  assert.deepEqual(statuses(text), [401], 'a caller who asks first is not told to go on');
  assert.match(text, /gatehouse keys new/);
  assert.deepEqual(read, []);
});

test('a caller who asks first is told to go on once its body is wanted', async (t) => {
  const stage = await startStage(t);
  const client = await rawClient(t, stage.place);
  client.send(post('content-length: 2\r\nexpect: 100-continue\r\nconnection: close\r\n'));
  await client.until(/100 Continue/);
  client.send('{}');
  assert.deepEqual(statuses(await client.ended()), [100, 200]);
});

test('a small refused body does not cost the connection', async (t) => {
  const stage = await startStage(t);
  const client = await rawClient(t, stage.place);
  client.send(`${post('content-length: 2\r\n', null)}{}${post('content-length: 2\r\nconnection: close\r\n')}{}`);
  assert.deepEqual(statuses(await client.ended()), [401, 200]);
});

test('a caller who leaves while it sends is noticed', async (t) => {
  const left = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  const stage = await startStage(t, {
    serve: async (_surface, incoming) => {
      const { client } = incoming;
      client.onGone(() => left.resolve('gone'));
      begun.resolve();
      await incoming.readBody(1_000_000);
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(`${post('content-length: 100000\r\n')}{"half`);
  await begun.promise;
  client.socket.destroy();
  assert.equal(await left.promise, 'gone');
  assert.deepEqual(stage.faults, []);
});

test('a caller who leaves while it is answered is noticed', async (t) => {
  const left = Promise.withResolvers<void>();
  const stage = await startStage(t, {
    serve: async (_surface, incoming) => {
      const { client } = incoming;
      await incoming.readBody(1_000);
      client.onGone(() => left.resolve());
      client.head(200, {});
      client.write('x');
      await left.promise;
      assert.equal(client.write('y'), 0);
      client.end();
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(`${post('content-length: 2\r\n')}{}`);
  await client.until(/\r\n\r\n1\r\nx/);
  client.socket.destroy();
  await left.promise;
});

test('a body that stands still is given up', async (t) => {
  const stage = await startStage(t, { limits: { bodyIdleMs: 30 } });
  const text = await rawAsk(t, stage.place, `${post('content-length: 9\r\nconnection: close\r\n')}{`);
  assert.deepEqual(statuses(text), [408]);
  assert.deepEqual(stage.faults, []);
});

test('large bodies have a bound together, and its room comes back', async (t) => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const stage = await startStage(t, {
    limits: { bodiesBytesMax: 250_000 },
    serve: async (_surface, incoming) => {
      const { client } = incoming;
      const body = await incoming.readBody(1_000_000);
      begun.resolve();
      await gate.promise;
      client.head(200, { 'content-length': '0' });
      assert.ok(body instanceof Uint8Array);
      client.end();
    },
  });
  const body = ' '.repeat(200_000);
  const send = (text: string): Promise<{ status: number; body: string }> =>
    ask(stage.place, path, { method: 'POST', key: goodKey, body: text });
  const first = send(body);
  await begun.promise;
  const second = await send(body);
  assert.equal(second.status, 429);
  const small = send('{}');
  gate.resolve();
  assert.deepEqual([(await first).status, (await small).status, (await send(body)).status], [200, 200, 200]);
});

test('a handler that throws is told of, not shown', async (t) => {
  const stage = await startStage(t, {
    serve: async (_surface, incoming) => {
      const { client, headers } = incoming;
      await incoming.readBody(1_000);
      if (headers['x-late'] !== undefined) {
        client.head(200, {});
        client.write('half an answer');
      }
      throw new Error('secret detail');
    },
  });
  const early = await ask(stage.place, path, { method: 'POST', key: goodKey, body: '{}' });
  assert.equal(early.status, 500);
  assert.doesNotMatch(early.body, /secret/);
  const [fault] = stage.faults;
  assert.ok(fault && early.body.includes(fault.id) && early.headers['x-gatehouse-request-id'] === fault.id);
  await assert.rejects(
    ask(stage.place, path, { method: 'POST', key: goodKey, body: '{}', headers: { 'x-late': '1' } }),
    /aborted|reset|hang up/i,
  );
  assert.equal(stage.faults.length, 2);
});

test('admin bodies are small objects without unknown fields', async (t) => {
  const stage = await startStage(t);
  const send = async (body: string | Buffer): Promise<number> =>
    (await ask(stage.operator, '/admin/keys', { method: 'POST', body: typeof body === 'string' ? body : body.toString('latin1') })).status;
  assert.equal(await send(''), 201);
  assert.equal(await send('{"name":"tablet","profile":"cameras"}'), 201);
  for (const wrong of ['[]', '"x"', 'null', '{', '{"name":1}', '{"profile":"nobody"}', '{"scopes":["admin"]}', '{"key":"gh_mine"}'])
    assert.equal(await send(wrong), 400, wrong);
  const text = await rawAsk(
    t,
    stage.operator,
    Buffer.concat([
      Buffer.from('POST /admin/keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\n'),
      Buffer.from([0x22, 0xff, 0x22]),
    ]),
  );
  assert.deepEqual(statuses(text), [400]);
});

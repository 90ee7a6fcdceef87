/** Connections: several requests on one, the operator's socket, and closing. */
import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Door } from '#http/door.ts';
import { CannotListen, tcpPlace } from '#http/listen-place.ts';
import { openListener } from '#http/listener.ts';
import type { ClientWire } from '#gateway/ports.ts';
import { surfaces } from '#surfaces/registry.ts';
import { ask, goodKey, rawClient, startStage, statuses } from './stage.ts';

const post = (more = ''): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${goodKey}\r\ncontent-length: 2\r\n${more}\r\n{}`;

test('requests sent ahead are answered one after the other, in their order', async (t) => {
  let running = 0;
  const most: number[] = [];
  let count = 0;
  const stage = await startStage(t, {
    serve: async (_surface, incoming) => {
      const { client } = incoming;
      most.push(++running);
      await incoming.readBody(10);
      const body = `answer ${++count}`;
      client.head(200, { 'content-length': String(body.length) });
      client.write(body);
      client.end();
      running--;
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(post() + post() + 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n' + post('connection: close\r\n'));
  const text = await client.ended();
  assert.deepEqual(statuses(text), [200, 200, 200, 200]);
  assert.match(text, /answer 1[^]*answer 2[^]*ok\n[^]*answer 3/);
  assert.deepEqual(most, [1, 1, 1]);
});

test('a connection cannot pile up requests', async (t) => {
  let served = 0;
  const stage = await startStage(t, {
    serve: () => {
      served++;
      return new Promise(() => {});
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(post().repeat(40));
  await client.ended();
  assert.equal(served, 1);
  assert.equal(stage.listener.running() <= 17, true);
});

test('callers who leave are not served any more', async (t) => {
  let served = 0;
  const begun = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const stage = await startStage(t, {
    serve: async (_surface, { client }) => {
      served++;
      begun.resolve();
      client.onGone(() => gone.resolve());
      await gone.promise;
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(post() + post());
  await begun.promise;
  client.socket.destroy();
  await gone.promise;
  await ask(stage.place, '/healthz');
  assert.equal(served, 1);
  assert.equal(stage.listener.running(), 0);
});

test('closing waits for what runs, cuts what is left, and takes nothing new', async (t) => {
  const wires: ClientWire[] = [];
  const both = Promise.withResolvers<void>();
  const stage = await startStage(t, {
    serve: async (_surface, incoming) => {
      const { client } = incoming;
      await incoming.readBody(10);
      client.head(200, { 'content-type': 'text/plain' });
      client.write('begun ');
      wires.push(client);
      if (wires.length === 2) both.resolve();
    },
  });
  const idle = await rawClient(t, stage.place);
  const [first, second] = [await rawClient(t, stage.place), await rawClient(t, stage.place)];
  first.send(post());
  await first.until(/begun/);
  second.send(post());
  await both.promise;
  const closed = stage.listener.close(60);
  await idle.ended();
  wires[0]?.write('and done');
  wires[0]?.end();
  assert.match(await first.ended(), /and done\r\n0\r\n\r\n$/);
  assert.doesNotMatch(await second.ended(), /0\r\n\r\n$/);
  await closed;
  await assert.rejects(ask(stage.place, '/healthz'), /ECONNREFUSED/);
});

test('an answer given while closing ends its connection', async (t) => {
  const wire = Promise.withResolvers<ClientWire>();
  const stage = await startStage(t, {
    serve: async (_surface, { client }) => {
      wire.resolve(client);
    },
  });
  const client = await rawClient(t, stage.place);
  client.send(post());
  const held = await wire.promise;
  const closed = stage.listener.close(5_000);
  held.head(200, { 'content-length': '0' });
  held.end();
  assert.match(await client.ended(), /connection: close/i);
  await closed;
});

test('events are streamed, and end when the listener closes', async (t) => {
  const stage = await startStage(t);
  const client = await rawClient(t, stage.operator);
  client.send('GET /admin/events HTTP/1.1\r\nhost: x\r\n\r\n');
  await client.until(/listening/);
  stage.tell({ type: 'alarm', upstream: 'big', message: 'the key is refused' });
  assert.match(await client.until(/refused/), /event: alarm\ndata: \{"type":"alarm","upstream":"big","message":"the key is refused"\}\n\n/);
  await stage.operatorListener.close(60_000);
  assert.match(await client.ended(), /0\r\n\r\n$/);
});

const door: Door = {
  endpoints: [{ method: 'POST', path: '/x', permission: 'key', kind: 'surface', surface: surfaces[0]! }],
  identify: () => ({ id: 'x', profile: 'x', operator: true }),
  hosts: null,
  serve: () => Promise.resolve(),
  clock: { now: () => 0, wallNow: () => 0, after: () => () => {} },
  ids: { requestId: () => 'id' },
  refused: () => {},
  fault: () => {},
};

test('the operator socket is private, and only a dead one is replaced', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 's.sock');
  const first = await openListener({ type: 'unix', path }, door);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await assert.rejects(
    openListener({ type: 'unix', path }, door),
    (error) => error instanceof CannotListen && error.taken && /another gatehouse is running/.test(error.message),
  );
  await first.close(0);
  await leaveDeadSocket(path);
  assert.ok(statSync(path).isSocket());
  await (await openListener({ type: 'unix', path }, door)).close(0);
  writeFileSync(path, 'precious');
  await assert.rejects(openListener({ type: 'unix', path }, door), /is not a socket/);
  rmSync(path);
  chmodSync(folder, 0o755);
  await assert.rejects(openListener({ type: 'unix', path }, door), /chmod 700/);
  await assert.rejects(openListener({ type: 'unix', path: join(folder, 'x'.repeat(120)) }, door), /too long/);
});

/** A socket file as a killed process leaves it: closing removes the name it listened under, not the second one. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.2`, resolve));
  linkSync(`${path}.2`, path);
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

test('a place that is taken is said in one line', async (t) => {
  const first = await openListener(tcpPlace('127.0.0.1:0'), door);
  t.after(() => first.close(0));
  await assert.rejects(openListener(tcpPlace(first.address), door), (error) => {
    assert.ok(error instanceof CannotListen && error.taken);
    assert.equal(error.message, `cannot listen on ${first.address}: another program listens there`);
    return true;
  });
  await assert.rejects(openListener(tcpPlace('192.0.2.1:0'), door), /this machine does not have that address/);
});

test('places are read as the policy writes them', () => {
  assert.deepEqual(tcpPlace('[::1]:8484'), { type: 'tcp', host: '::1', port: 8484 });
  assert.deepEqual(tcpPlace('localhost:0'), { type: 'tcp', host: 'localhost', port: 0 });
  assert.throws(() => tcpPlace('8484'));
});

test('two rows for one method and path do not start', async () => {
  const [row] = door.endpoints;
  assert.ok(row);
  await assert.rejects(openListener(tcpPlace('127.0.0.1:0'), { ...door, endpoints: [row, row] }), /two endpoints/);
});

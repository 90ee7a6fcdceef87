import assert from 'node:assert/strict';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ask, closed, permit, rawServer, settle, stage, upstream, whole } from './wire-stage.ts';

test('a call goes out as HTTP/1.1 with the dialer’s own headers, and its reply comes back in order', async (t) => {
  const server = await rawServer(t, (socket) => socket.end(whole('hello', 'x-first: 1\r\nX-First: 2\r\n')));
  const { dialer } = stage(t, [upstream(`${server.url}/base`)], { keyFor: () => ({ Authorization: 'Bearer upstream-key' }) });
  const headers = {
    'content-type': 'application/json',
    host: 'evil.test',
    authorization: 'Bearer caller',
    'Accept-Encoding': 'gzip',
    expect: '100-continue',
    connection: 'close',
    'x-api-key': 'caller',
  };
  const heard = await ask(dialer, { request: { headers, body: new TextEncoder().encode('{"a":"é"}') } }).over;
  assert.deepEqual(heard.events, ['dialled', 'sent', 'head', 'data', 'end']);
  assert.deepEqual(heard.peers, [{ address: `127.0.0.1:${server.port}`, reused: false }]);
  assert.equal(heard.status, 200);
  assert.equal(heard.headers['x-first'], '1');
  assert.equal(heard.body, 'hello');
  const [head = '', body = ''] = (server.heard[0] ?? '').split('\r\n\r\n');
  assert.deepEqual(head.split('\r\n'), [
    'POST /base/v1/chat/completions HTTP/1.1',
    `host: 127.0.0.1:${server.port}`,
    'connection: keep-alive',
    'content-type: application/json',
    'accept-encoding: identity',
    'user-agent: gatehouse',
    'authorization: Bearer upstream-key',
    'content-length: 10',
  ]);
  assert.equal(Buffer.from(body, 'latin1').toString(), '{"a":"é"}');
});

test('nothing is heard before the call has been handed over', async (t) => {
  const { dialer } = stage(t, []);
  const called = ask(dialer);
  assert.deepEqual(called.heard.events, []);
  assert.equal((await called.over).fault?.cause, 'no_permit');
});

test('refused', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { dialer, timers } = stage(t, [upstream(`http://127.0.0.1:${port}`)]);
  const { fault, events } = await ask(dialer).over;
  assert.equal(fault?.cause, 'refused');
  assert.deepEqual(events, ['failed']);
  assert.equal(timers.waiting, 0);
  assert.deepEqual(dialer.connections(), [{ upstream: 'spark', dialling: 0, active: 0, idle: 0 }]);
});

test('a server bound to ::1 only is found as localhost', async (t) => {
  const server = createServer((socket) => socket.once('data', () => socket.end(whole('six'))));
  const bound = await new Promise<boolean>((resolve) =>
    server.once('error', () => resolve(false)).listen({ port: 0, host: '::1', ipv6Only: true }, () => resolve(true)),
  );
  if (!bound) return t.skip('this machine has no ::1');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { dialer, lookups } = stage(t, [upstream(`http://localhost:${port}`)]);
  const heard = await ask(dialer).over;
  assert.equal(heard.body, 'six');
  assert.deepEqual(heard.peers, [{ address: `[::1]:${port}`, reused: false }]);
  assert.deepEqual(lookups, []);
});

test('no answer to the connection within connectMs', async (t) => {
  const dialled: Socket[] = [];
  const connect = (): Socket => {
    const socket = new Socket();
    dialled.push(socket);
    return socket;
  };
  const { dialer, timers } = stage(t, [upstream('http://127.0.0.1:1')], { connect });
  const called = ask(dialer);
  await settle();
  assert.equal(dialer.connections()[0]?.dialling, 1);
  timers.pass(999);
  await settle();
  assert.equal(called.heard.fault, null);
  timers.pass(1);
  assert.equal((await called.over).fault?.cause, 'connect_timeout');
  assert.equal(dialled[0]?.destroyed, true);
  assert.equal(dialer.connections()[0]?.dialling, 0);
});

test('an abort while dialling closes the socket and says so once', async (t) => {
  const dialled = new Socket();
  const { dialer, timers } = stage(t, [upstream('http://127.0.0.1:1')], { connect: () => dialled });
  const called = ask(dialer);
  await settle();
  called.call.abort();
  called.call.abort();
  const heard = await called.over;
  assert.equal(heard.fault?.cause, 'aborted');
  assert.deepEqual(heard.events, ['failed']);
  assert.equal(dialled.destroyed, true);
  assert.equal(timers.waiting, 0);
});

test('a call aborted at once dials nothing', async (t) => {
  let dials = 0;
  const { dialer } = stage(t, [upstream('http://127.0.0.1:1')], {
    connect: () => {
      dials += 1;
      return new Socket();
    },
  });
  const called = ask(dialer);
  called.call.abort();
  assert.equal((await called.over).fault?.cause, 'aborted');
  await settle();
  assert.equal(dials, 0);
});

test('an idle connection is used again, unless the call wants a fresh one', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer } = stage(t, [upstream(server.url)]);
  assert.equal((await ask(dialer).over).peers[0]?.reused, false);
  await settle();
  assert.deepEqual(dialer.connections(), [{ upstream: 'spark', dialling: 0, active: 0, idle: 1 }]);
  assert.equal((await ask(dialer).over).peers[0]?.reused, true);
  assert.equal(server.sockets.length, 1);
  assert.equal((await ask(dialer, { fresh: true }).over).peers[0]?.reused, false);
  assert.equal(server.sockets.length, 2);
});

test('who calls again from the end of a call finds its connection free', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer } = stage(t, [upstream(server.url)]);
  for (let nth = 0; nth < 5; nth += 1) assert.equal((await ask(dialer).over).fault, null);
  assert.equal(server.sockets.length, 1);
});

test('two calls at once use two connections', async (t) => {
  const server = await rawServer(t, (_socket, nth) => nth === 1 && server.sockets.forEach((each) => each.write(whole('ok'))));
  const { dialer } = stage(t, [upstream(server.url)]);
  await Promise.all([ask(dialer).over, ask(dialer).over]);
  assert.equal(server.sockets.length, 2);
});

test('F04: a reused connection closed as we write has received nothing', async (t) => {
  const server = await rawServer(t, (socket, nth) => (nth === 0 ? socket.write(whole('ok')) : socket.destroy()));
  const { dialer } = stage(t, [upstream(server.url)]);
  await ask(dialer).over;
  const heard = await ask(dialer).over;
  assert.deepEqual(heard.peers, [{ address: `127.0.0.1:${server.port}`, reused: true }]);
  assert.equal(heard.fault?.receivedBytes, 0);
  assert.match(heard.fault?.cause ?? '', /^(closed|reset)$/);
  assert.equal(server.sockets.length, 1, 'nothing was dialled behind our back');
});

test('a reused connection that is reset as we write has received nothing', async (t) => {
  const server = await rawServer(t, (socket, nth) => (nth === 0 ? socket.write(whole('ok')) : socket.resetAndDestroy()));
  const { dialer } = stage(t, [upstream(server.url)]);
  await ask(dialer).over;
  const { fault } = await ask(dialer).over;
  assert.deepEqual([fault?.cause, fault?.receivedBytes], ['reset', 0]);
  assert.equal(server.sockets.length, 1);
});

test('a connection whose server went away while it was idle is not used again', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer, timers } = stage(t, [upstream(server.url)]);
  await ask(dialer).over;
  server.sockets[0]?.end();
  await closed(server.sockets[0]);
  await settle();
  assert.equal(dialer.connections()[0]?.idle, 0);
  assert.equal(timers.waiting, 0);
  assert.equal((await ask(dialer).over).peers[0]?.reused, false);
});

test('a connection that speaks while it is idle is not used again', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer } = stage(t, [upstream(server.url)]);
  await ask(dialer).over;
  server.sockets[0]?.write(whole('another caller’s words'));
  await closed(server.sockets[0]);
  await settle();
  assert.equal(dialer.connections()[0]?.idle, 0);
});

test('an idle connection is closed after four seconds', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer, timers } = stage(t, [upstream(server.url)]);
  await ask(dialer).over;
  await settle();
  timers.pass(3999);
  await settle();
  assert.equal(dialer.connections()[0]?.idle, 1);
  timers.pass(1);
  await closed(server.sockets[0]);
  await settle();
  assert.equal(dialer.connections()[0]?.idle, 0);
});

test('a server that says it will close is taken at its word', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok', 'connection: close\r\n')));
  const { dialer } = stage(t, [upstream(server.url)]);
  assert.deepEqual((await ask(dialer).over).events, ['dialled', 'sent', 'head', 'data', 'end']);
  await closed(server.sockets[0]);
  assert.equal(dialer.connections()[0]?.idle, 0);
});

test('close ends calls under way and dials nothing more', async (t) => {
  const server = await rawServer(t, () => {});
  const { dialer, timers } = stage(t, [upstream(server.url)]);
  const called = ask(dialer);
  await called.until('sent');
  dialer.close();
  assert.equal((await called.over).fault?.cause, 'aborted');
  await closed(server.sockets[0]);
  assert.equal((await ask(dialer, { permitted: permit() }).over).fault?.cause, 'aborted');
  assert.equal(server.sockets.length, 1);
  assert.equal(timers.waiting, 0);
});

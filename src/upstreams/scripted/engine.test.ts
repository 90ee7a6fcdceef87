import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startScriptedServer } from './engine.ts';
import type { ScriptedServer, ScriptedServerOptions, ScriptHandler } from './engine.ts';
import { rawPeer } from './raw-peer.ts';
import type { RawPeer } from './raw-peer.ts';
import type { Script } from './script.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: fake\r\n\r\n';

async function serving(t: TestContext, script: Script | ScriptHandler, options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const server = await startScriptedServer(typeof script === 'function' ? script : () => script, options);
  t.after(() => server.close());
  return server;
}

function peerOf(t: TestContext, server: ScriptedServer): RawPeer {
  const peer = rawPeer(server.port);
  t.after(() => peer.destroy());
  return peer;
}

/** Asks once and collects everything until the server ends the connection. */
async function wholeAnswer(t: TestContext, script: Script): Promise<string> {
  const server = await serving(t, [...script, { do: 'fin' }]);
  const peer = peerOf(t, server);
  peer.send(GET);
  assert.equal(await peer.ended, 'fin');
  return peer.text();
}

const ends =
  (tail: string) =>
  (text: string): boolean =>
    text.endsWith(tail);

test('a script may be written down as JSON and read back', () => {
  const script: Script = [{ do: 'repeat', times: 'forever', steps: [{ do: 'raw', bytes: { base64: '/w==' } }] }];
  assert.deepEqual(JSON.parse(JSON.stringify(script)), script);
});

test('json: a whole body with its true length and type', async (t) => {
  const text = await wholeAnswer(t, [{ do: 'json', value: { a: 'ü' } }]);
  assert.equal(text, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"a":"Ã¼"}');
});

test('status and header: what the script says goes out as it is, wrong lengths and repetition included', async (t) => {
  const text = await wholeAnswer(t, [
    { do: 'status', code: 418, reason: 'Teapot' },
    { do: 'header', name: 'X-Many', value: 'a', times: 3 },
    { do: 'header', name: 'Content-Length', value: '500' },
    { do: 'header', name: 'content-type', value: null },
    { do: 'json', value: 1 },
  ]);
  assert.equal(text, 'HTTP/1.1 418 Teapot\r\nX-Many: a\r\nX-Many: a\r\nX-Many: a\r\nContent-Length: 500\r\n\r\n1');
});

test('body, chunk and end: chunks where nothing was promised, the last one at the end', async (t) => {
  const text = await wholeAnswer(t, [
    { do: 'flush' },
    { do: 'body', bytes: 'hello' },
    { do: 'chunk', bytes: { latin1: 'ÿ' } },
    { do: 'end' },
  ]);
  assert.equal(text, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\nÿ\r\n0\r\n\r\n');
});

test('chunks without the last one: fin leaves the reply unfinished', async (t) => {
  assert.ok((await wholeAnswer(t, [{ do: 'body', bytes: 'hello' }])).endsWith('5\r\nhello\r\n'));
});

test('sse: data lines, names, several lines, the terminator as it is', async (t) => {
  const text = await wholeAnswer(t, [
    { do: 'status', code: 200, version: '1.0' },
    { do: 'sse', events: [{ a: 1 }, 'one\ntwo', '[DONE]'] },
    { do: 'sse', event: 'ping', events: [{}] },
  ]);
  const head = 'HTTP/1.0 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n';
  assert.equal(text, `${head}data: {"a":1}\n\ndata: one\ndata: two\n\ndata: [DONE]\n\nevent: ping\ndata: {}\n\n`);
});

test('raw: bytes in no framing; a prepared head goes out exactly as prepared', async (t) => {
  assert.equal(await wholeAnswer(t, [{ do: 'raw', bytes: 'no http\n' }]), 'no http\n');
  const prepared: Script = [
    { do: 'header', name: 'content-length', value: '1' },
    { do: 'raw', bytes: 'abc' },
  ];
  assert.equal(await wholeAnswer(t, prepared), 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc');
});

test('an HTTP/1.0 body ends with the connection', async (t) => {
  const server = await serving(t, [
    { do: 'status', code: 200, version: '1.0' },
    { do: 'body', bytes: 'all of it' },
  ]);
  const peer = peerOf(t, server);
  peer.send(GET);
  assert.equal(await peer.ended, 'fin');
  assert.ok(peer.text().endsWith('\r\n\r\nall of it'));
  assert.equal(server.request(0).end, 'finished');
});

test('an empty script is an empty 200', async (t) => {
  assert.equal(
    await (async () => {
      const peer = peerOf(t, await serving(t, []));
      peer.send(GET);
      return peer.until(ends('\r\n\r\n'));
    })(),
    'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
  );
});

test('keep-alive: one connection carries many requests, each answered and logged on its own', async (t) => {
  const server = await serving(t, (request) => [{ do: 'json', value: { index: request.index, said: request.json ?? null } }]);
  const peer = peerOf(t, server);
  peer.send('POST /a HTTP/1.1\r\nHost: fake\r\nX-A: 1\r\nx-a: 2\r\ncontent-length: 7\r\n\r\n{"b":1}');
  await peer.until(ends('{"index":0,"said":{"b":1}}'));
  peer.send('POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n"c\r\n1\r\n"\r\n0\r\n\r\n');
  await peer.until(ends('{"index":1,"said":"c"}'));

  const [first, second] = [await server.nextRequest(), await server.nextRequest()];
  assert.deepEqual([first.connection, second.connection, server.connectionCount], [0, 0, 1]);
  assert.deepEqual(
    first.rawHeaders.map(([name]) => name),
    ['Host', 'X-A', 'x-a', 'content-length'],
  );
  assert.deepEqual([first.method, first.path, first.headers['x-a'], first.bodyText], ['POST', '/a', '1, 2', '{"b":1}']);
  assert.deepEqual([second.bodyText, second.end], ['"c"', 'finished']);
  assert.equal(first.bytesIn + second.bytesIn, server.connections[0]?.bytesIn);
  assert.equal(first.bytesOut + second.bytesOut, peer.text().length);
});

test('pipelined requests are answered one after the other', async (t) => {
  const server = await serving(t, (request) => [
    { do: 'gate', name: request.path },
    { do: 'json', value: request.path },
  ]);
  const peer = peerOf(t, server);
  peer.send('GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n');
  await server.nextRequest();
  await server.nextRequest();
  server.open('/2');
  assert.equal(server.request(1).bytesOut, 0);
  server.open('/1');
  const text = await peer.until(ends('"/2"'));
  assert.ok(text.indexOf('"/1"') < text.indexOf('"/2"'));
});

test('connection: close is honoured', async (t) => {
  const peer = peerOf(t, await serving(t, [{ do: 'json', value: 1 }]));
  peer.send('GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.equal(await peer.ended, 'fin');
});

test('slice: one byte at a time is the same answer in many reads', async (t) => {
  const server = await serving(t, [
    { do: 'slice', size: 1 },
    { do: 'sse', events: ['é', '[DONE]'] },
    { do: 'slice', size: 0 },
    { do: 'end' },
  ]);
  const peer = peerOf(t, server);
  peer.send(GET);
  const text = await peer.until(ends('0\r\n\r\n'));
  assert.ok(text.includes('data: Ã©\n\n'));
  assert.ok(peer.reads() > 20, `${peer.reads()} reads`);
});

test('slice with a delay, rate and a paced stream give the whole answer', async (t) => {
  const text = await wholeAnswer(t, [
    { do: 'slice', size: 50, delayMs: 1 },
    { do: 'body', bytes: 'a'.repeat(100) },
    { do: 'slice', size: 0 },
    { do: 'rate', bytesPerSecond: 100_000 },
    { do: 'delay', ms: 1 },
    { do: 'body', bytes: 'b'.repeat(3_000) },
    { do: 'rate', bytesPerSecond: 0 },
    { do: 'sse', events: ['c', 'd'], everyMs: 1 },
    { do: 'end' },
  ]);
  for (const part of ['a'.repeat(100), 'b'.repeat(3_000), 'data: c', 'data: d', '0\r\n\r\n']) assert.ok(text.includes(part));
});

test('repeat: so often, or until the peer leaves', async (t) => {
  assert.ok((await wholeAnswer(t, [{ do: 'repeat', times: 3, steps: [{ do: 'raw', bytes: 'ab' }] }])).endsWith('ababab'));
  const server = await serving(t, [{ do: 'repeat', times: 'forever', steps: [{ do: 'body', bytes: 'more' }] }]);
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until((text) => text.split('more').length > 50);
  peer.destroy();
  await server.request(0).finished;
  assert.equal(server.request(0).end, 'stopped');
});

test('repeat without a wait of its own leaves room for everybody else', async (t) => {
  const server = await serving(t, (request) =>
    request.path === '/spin' ? [{ do: 'repeat', times: 'forever', steps: [] }] : [{ do: 'json', value: 1 }],
  );
  peerOf(t, server).send('GET /spin HTTP/1.1\r\n\r\n');
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until(ends('1'));
});

test('rst: the peer sees a reset, and it is not logged as its own abort', async (t) => {
  const server = await serving(t, [{ do: 'body', bytes: 'half' }, { do: 'rst' }]);
  const peer = peerOf(t, server);
  peer.send(GET);
  assert.equal(await peer.ended, 'reset');
  await server.request(0).closed;
  assert.deepEqual([server.request(0).end, server.request(0).abortSeenAt], ['cut', null]);
});

test('stall: nothing more until released', async (t) => {
  const server = await serving(t, [{ do: 'body', bytes: 'one' }, { do: 'stall' }, { do: 'body', bytes: 'two' }]);
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until(ends('one\r\n'));
  assert.equal(server.running, 1);
  server.release();
  await peer.until(ends('3\r\ntwo\r\n0\r\n\r\n'));
  await server.idle();
  assert.equal(server.running, 0);
});

test('gate: open lets the waiting and the coming through until it is shut again', async (t) => {
  const gated: Script = [
    { do: 'gate', name: 'go' },
    { do: 'json', value: 'x' },
  ];
  const server = await serving(t, (request) => (request.path === '/x' ? gated : [{ do: 'json', value: 'free' }]));
  const peer = peerOf(t, server);
  peer.send(GET);
  await server.nextRequest();
  server.open('go');
  await peer.until(ends('"x"'));
  peer.send(GET);
  await peer.until((text) => text.split('"x"').length === 3);
  server.shut('go');
  peer.send(GET);
  await server.nextRequest();
  const last = await server.nextRequest();
  const other = peerOf(t, server);
  other.send('GET /free HTTP/1.1\r\n\r\n');
  await other.until(ends('"free"'));
  assert.deepEqual([last.end, last.bytesOut], [null, 0]);
});

for (const leave of ['destroy', 'reset', 'fin'] as const) {
  test(`the peer's ${leave} stops the script and is logged`, async (t) => {
    const server = await serving(t, [{ do: 'body', bytes: 'token' }, { do: 'stall' }]);
    const peer = peerOf(t, server);
    peer.send(GET);
    await peer.until(ends('token\r\n'));
    const log = server.request(0);
    assert.equal(log.abortSeenAt, null);
    peer[leave]();
    await log.aborted;
    await log.finished;
    await log.closed;
    assert.ok(log.abortSeenAt !== null && log.abortSeenAt >= log.requestAt);
    assert.equal(log.end, 'stopped');
    await server.disconnected();
  });
}

test('a peer that leaves after its whole answer has aborted nothing', async (t) => {
  const server = await serving(t, [{ do: 'json', value: 1 }, { do: 'end' }, { do: 'stall' }]);
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until(ends('1'));
  peer.destroy();
  await server.request(0).closed;
  await server.idle();
  assert.deepEqual([server.request(0).abortSeenAt, server.request(0).end], [null, 'finished']);
});

test('a peer that leaves an idle connection frees it', async (t) => {
  const server = await serving(t, [{ do: 'json', value: 1 }]);
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until(ends('1'));
  await server.request(0).finished;
  peer.fin();
  await server.disconnected();
});

test('a peer that reads nothing and half-closes does not hold the script in its write', async (t) => {
  const server = await serving(t, [{ do: 'raw', bytes: 'x'.repeat(64_000_000) }]);
  const peer = peerOf(t, server);
  peer.pause();
  peer.send(GET);
  peer.fin();
  const log = await server.nextRequest();
  await log.finished;
  assert.deepEqual([log.end, log.bytesOut], ['stopped', 0]);
});

test('ignoreAbort: the script runs to its end for nobody, and counts as running until then', async (t) => {
  const server = await serving(t, [
    { do: 'ignoreAbort' },
    { do: 'body', bytes: 'token' },
    { do: 'gate', name: 'done' },
    { do: 'body', bytes: 'token' },
  ]);
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until(ends('token\r\n'));
  peer.reset();
  const log = server.request(0);
  await log.aborted;
  assert.deepEqual([server.running, log.end], [1, null]);
  server.open('done');
  await log.finished;
  assert.deepEqual([server.running, log.end], [0, 'finished']);
  await server.disconnected();
});

test('a peer that leaves while uploading is logged with what it said', async (t) => {
  const server = await serving(t, []);
  const peer = peerOf(t, server);
  peer.send('POST /up HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf');
  peer.fin();
  const log = await server.nextRequest();
  await log.aborted;
  assert.deepEqual([log.path, log.receivedAt, log.end], ['/up', null, 'stopped']);
});

test('a peer that reads nothing: the server sees how much was taken, and can still be closed', async (t) => {
  const server = await serving(t, [{ do: 'repeat', times: 'forever', steps: [{ do: 'body', bytes: 'x'.repeat(65_536) }] }]);
  const peer = peerOf(t, server);
  peer.pause();
  peer.send(GET);
  const log = await server.nextRequest();
  await server.close();
  assert.equal(log.end, 'stopped');
});

test('what is not HTTP gets a 400 and is remembered', async (t) => {
  const server = await serving(t, []);
  const peer = peerOf(t, server);
  peer.send('GET / HTTP/1.1\r\nhost : a\r\n\r\n');
  assert.equal(await peer.ended, 'fin');
  assert.match(peer.text(), /^HTTP\/1\.1 400 /);
  assert.match(server.connections[0]?.malformed ?? '', /host/);
});

test('a handler that throws gives a 500, and the server lives on', async (t) => {
  const server = await serving(t, () => {
    throw new Error('planted');
  });
  const peer = peerOf(t, server);
  peer.send(GET);
  await peer.until((text) => text.includes('handlerErrors'));
  assert.equal(server.handlerErrors.length, 1);
  server.handle(() => [{ do: 'json', value: 'fine' }]);
  peer.send(GET);
  await peer.until(ends('"fine"'));
});

test('accept: reset at once, or accept and never read', async (t) => {
  const server = await serving(t, [{ do: 'json', value: 1 }], { accept: 'reset' });
  const first = peerOf(t, server);
  first.send(GET);
  assert.equal(await first.ended, 'reset');
  server.accept = 'deaf';
  const deaf = peerOf(t, server);
  deaf.send(GET);
  await server.accepted(2);
  server.accept = 'serve';
  const served = peerOf(t, server);
  served.send(GET);
  await served.until(ends('1'));
  assert.deepEqual([server.requests.length, deaf.text()], [1, '']);
});

test('refuse and listen: connecting fails, then works again on the same port; open connections stay', async (t) => {
  const server = await serving(t, [{ do: 'json', value: 1 }]);
  const kept = peerOf(t, server);
  kept.send(GET);
  await kept.until(ends('1'));
  const { port } = server;
  await server.refuse();
  assert.equal(await peerOf(t, server).ended, 'refused');
  kept.send(GET);
  await kept.until((text) => text.split('HTTP/1.1').length === 3);
  await server.listen();
  assert.equal(server.port, port);
  const again = peerOf(t, server);
  again.send(GET);
  await again.until(ends('1'));
});

test('closeIdle ends kept connections and spares those at work', async (t) => {
  const server = await serving(t, (request) => (request.path === '/x' ? [{ do: 'json', value: 1 }] : [{ do: 'flush' }, { do: 'stall' }]));
  const idle = peerOf(t, server);
  idle.send(GET);
  await idle.until(ends('1'));
  const busy = peerOf(t, server);
  busy.send('GET /busy HTTP/1.1\r\n\r\n');
  await busy.until(ends('\r\n\r\n'));
  await server.request(0).finished;
  server.closeIdle();
  assert.equal(await idle.ended, 'fin');
  server.release();
  await busy.until(ends('0\r\n\r\n'));
});

test('a reused connection closed with no byte: the second request meets fin', async (t) => {
  const server = await serving(t, (request) => (request.index === 0 ? [{ do: 'json', value: 1 }] : [{ do: 'fin' }]));
  const peer = peerOf(t, server);
  peer.send(GET);
  const before = await peer.until(ends('1'));
  peer.send(GET);
  assert.equal(await peer.ended, 'fin');
  assert.equal(peer.text(), before);
  assert.equal(server.request(1).bytesOut, 0);
});

test('alsoRunning counts the scripts beside this one', async (t) => {
  const server = await serving(t, (request) => [{ do: 'json', value: request.alsoRunning }, { do: 'stall' }]);
  for (const count of [0, 1, 2]) {
    const peer = peerOf(t, server);
    peer.send(GET);
    await peer.until(ends(String(count)));
  }
});

test('logsMax forgets the oldest finished requests', async (t) => {
  const server = await serving(t, (request) => [{ do: 'json', value: `<${request.index}>` }], { logsMax: 2 });
  const peer = peerOf(t, server);
  for (const index of [0, 1, 2, 3]) {
    peer.send(GET);
    await peer.until(ends(`"<${index}>"`));
  }
  assert.deepEqual(
    server.requests.map((log) => log.index),
    [2, 3],
  );
  assert.throws(() => server.request(0), /no request 0/);
});

test('close frees everything at once: stalled, unread and idle connections, and waiting tests', async () => {
  const server = await startScriptedServer(() => [{ do: 'ignoreAbort' }, { do: 'flush' }, { do: 'stall' }]);
  const peers = [rawPeer(server.port), rawPeer(server.port)];
  peers[0]?.send(GET);
  await peers[0]?.until(ends('\r\n\r\n'));
  await server.close();
  await Promise.all(peers.map((peer) => peer.ended));
  assert.deepEqual([server.running, server.connections.length], [0, 0]);
});

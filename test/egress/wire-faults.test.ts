import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { ask, closed, rawServer, settle, stage, upstream, whole } from './wire-stage.ts';

/** What each way of breaking a reply is called. The bytes are sent, then the connection is ended, reset, or left open. */
const broken: readonly {
  readonly name: string;
  readonly bytes: string;
  readonly then?: 'end' | 'reset';
  readonly cause: string;
  readonly head?: true;
}[] = [
  { name: 'F03 reset before headers', bytes: '', then: 'reset', cause: 'reset' },
  { name: 'closed before headers', bytes: '', then: 'end', cause: 'closed' },
  { name: 'closed inside the headers', bytes: 'HTTP/1.1 200 OK\r\ncontent-', then: 'end', cause: 'closed' },
  { name: 'F15 a header of 100 kB', bytes: `HTTP/1.1 200 OK\r\nx-big: ${'x'.repeat(100_000)}\r\n\r\n`, cause: 'protocol' },
  { name: 'F15 a thousand headers', bytes: `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(1000)}\r\n`, cause: 'protocol' },
  {
    name: 'F16 shorter than its length',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello',
    then: 'end',
    cause: 'closed',
    head: true,
  },
  {
    name: 'F16 shorter, and closing',
    bytes: 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nhello',
    then: 'end',
    cause: 'closed',
    head: true,
  },
  {
    name: 'F16 shorter, and reset',
    bytes: 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nhello',
    then: 'reset',
    cause: 'reset',
    head: true,
  },
  {
    name: 'F18 no final chunk',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n',
    then: 'end',
    cause: 'closed',
    head: true,
  },
  {
    name: 'F18 no final chunk, and closing',
    bytes: 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n',
    then: 'end',
    cause: 'closed',
    head: true,
  },
  {
    name: 'F19 a length and chunks',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    cause: 'protocol',
  },
  {
    name: 'F19 chunks and a length',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n',
    cause: 'protocol',
  },
  { name: 'F19 two lengths', bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello', cause: 'protocol' },
  { name: 'F19 a bad chunk size', bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', cause: 'protocol', head: true },
  { name: 'F19 bare line feeds', bytes: 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', cause: 'protocol' },
  { name: 'F20 unasked gzip', bytes: 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok', cause: 'protocol' },
  {
    name: 'F20 gzip as a transfer coding',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    cause: 'protocol',
  },
  { name: 'no HTTP at all', bytes: 'SSH-2.0-OpenSSH_9.6\r\n', cause: 'protocol' },
  { name: 'HTTP/2 where HTTP/1.1 was spoken', bytes: '\0\0\x12\x04\0\0\0\0\0', cause: 'protocol' },
  { name: '100 Continue nobody expects', bytes: 'HTTP/1.1 100 Continue\r\n\r\n', cause: 'protocol' },
  {
    name: '101 Switching Protocols',
    bytes: 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    cause: 'protocol',
  },
  { name: 'endless early hints', bytes: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50), cause: 'protocol' },
];

for (const { name, bytes, then, cause, head } of broken) {
  test(`${name} is \`${cause}\``, async (t) => {
    const server = await rawServer(t, (socket) => {
      // The reset goes out when the bytes have been seen: it would overtake them otherwise.
      if (then === 'reset' && bytes === '') socket.resetAndDestroy();
      else if (then === 'end') socket.end(bytes, 'latin1');
      else socket.write(bytes, 'latin1');
    });
    const { dialer } = stage(t, [upstream(server.url)]);
    const called = ask(dialer);
    if (then === 'reset' && bytes !== '') await called.until('data').then(() => server.sockets[0]?.resetAndDestroy());
    const { fault, events } = await called.over;
    assert.equal(fault?.cause, cause, fault?.message);
    assert.equal(events.includes('head'), head === true);
    assert.equal(events.at(-1), 'failed');
    assert.equal((fault?.receivedBytes ?? -1) > 0, bytes !== '');
    await closed(server.sockets[0]);
    assert.deepEqual(dialer.connections(), [{ upstream: 'spark', dialling: 0, active: 0, idle: 0 }]);
  });
}

test('F17: bytes behind the end do not harm the reply, but the connection is done', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(`${whole('ok')}and more`));
  const { dialer } = stage(t, [upstream(server.url)]);
  const heard = await ask(dialer).over;
  assert.equal(heard.body, 'ok');
  assert.equal(heard.events.at(-1), 'end');
  await closed(server.sockets[0]);
  assert.equal((await ask(dialer).over).peers[0]?.reused, false);
});

test('F17: a second reply behind the first is nobody’s', async (t) => {
  const server = await rawServer(t, (socket, nth) => socket.write(nth === 0 ? whole('mine') + whole('stray') : whole('next')));
  const { dialer } = stage(t, [upstream(server.url)]);
  assert.equal((await ask(dialer).over).body, 'mine');
  assert.equal((await ask(dialer).over).body, 'next');
});

test('F22: a body delimited by the close ends properly, and not by a reset', async (t) => {
  const server = await rawServer(t, (socket, nth) =>
    nth === 0 ? socket.end('HTTP/1.0 200 OK\r\n\r\nhello') : socket.write('HTTP/1.0 200 OK\r\n\r\nhello'),
  );
  const { dialer } = stage(t, [upstream(server.url)]);
  const ended = await ask(dialer).over;
  assert.deepEqual([ended.body, ended.events.at(-1)], ['hello', 'end']);
  const cut = ask(dialer);
  await cut.until('data');
  server.sockets[1]?.resetAndDestroy();
  assert.equal((await cut.over).fault?.cause, 'reset');
});

test('F14: a redirect is a reply like any other', async (t) => {
  const other = await rawServer(t, (socket) => socket.end(whole('reached')));
  const server = await rawServer(t, (socket) =>
    socket.write(`HTTP/1.1 307 Temporary Redirect\r\nlocation: ${other.url}/\r\ncontent-length: 0\r\n\r\n`),
  );
  const { dialer } = stage(t, [upstream(server.url)]);
  const heard = await ask(dialer).over;
  assert.deepEqual([heard.status, heard.events.at(-1)], [307, 'end']);
  await settle();
  assert.equal(other.sockets.length, 0);
  assert.equal(server.sockets.length, 1);
});

test('early hints are passed over', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${whole('ok')}`));
  const { dialer } = stage(t, [upstream(server.url)]);
  const heard = await ask(dialer).over;
  assert.deepEqual([heard.status, heard.body, heard.headers['link']], [200, 'ok', undefined]);
});

test('a reply cut into single bytes is the same reply', async (t) => {
  const bytes = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\n wo\r\n0\r\n\r\n';
  const drip = async (socket: Socket): Promise<void> => {
    for (const byte of bytes) await new Promise<void>((resolve) => socket.write(byte, () => setImmediate(resolve)));
  };
  const server = await rawServer(t, (socket) => void drip(socket));
  const { dialer } = stage(t, [upstream(server.url)]);
  assert.equal((await ask(dialer).over).body, 'hello wo');
});

test('a header named __proto__ is a header', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok', '__proto__: x\r\nconstructor: y\r\n')));
  const { dialer } = stage(t, [upstream(server.url)]);
  const { headers } = await ask(dialer).over;
  assert.deepEqual(Object.entries(headers), [
    ['content-length', '2'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('what cannot be sent is not sent', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer } = stage(t, [upstream(server.url)]);
  for (const path of ['v1', '', 'http://evil.test/', '/a b', '/a\r\nhost: evil.test', '/a#b', '/é']) {
    assert.equal((await ask(dialer, { request: { path } }).over).fault?.cause, 'protocol', path);
  }
  assert.equal((await ask(dialer, { request: { headers: { 'x-a': 'b\r\nx-c: d' } } }).over).fault?.cause, 'protocol');
  assert.deepEqual(server.heard.join(''), '');
});

for (const phase of ['sent', 'head', 'data']) {
  test(`F56: an abort after \`${phase}\` closes the socket`, async (t) => {
    const server = await rawServer(t, (socket) => {
      if (phase === 'head') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n');
      if (phase === 'data') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello');
    });
    const { dialer } = stage(t, [upstream(server.url)]);
    const called = ask(dialer);
    await called.until(phase);
    called.call.abort();
    assert.equal((await called.over).fault?.cause, 'aborted');
    await settle();
    await closed(server.sockets[0]);
    assert.equal(called.heard.events.at(-1), 'failed');
    assert.deepEqual(dialer.connections(), [{ upstream: 'spark', dialling: 0, active: 0, idle: 0 }]);
  });
}

test('F56: an abort before a reused connection was written to closes it unwritten', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer } = stage(t, [upstream(server.url)]);
  await ask(dialer).over;
  const written = server.heard[0];
  const called = ask(dialer);
  await called.until('dialled');
  called.call.abort();
  const heard = await called.over;
  assert.deepEqual([heard.events, heard.peers[0]?.reused, heard.fault?.cause], [['dialled', 'failed'], true, 'aborted']);
  await closed(server.sockets[0]);
  assert.equal(server.heard[0], written);
});

test('an abort from inside the data stops the data', async (t) => {
  const server = await rawServer(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n'),
  );
  const { dialer } = stage(t, [upstream(server.url)]);
  const heard = await ask(dialer, { onData: (call) => call.abort() }).over;
  assert.equal(heard.body, 'a');
  assert.equal(heard.fault?.cause, 'aborted');
  await closed(server.sockets[0]);
});

test('a handler that throws has ended its call, and nobody else’s', async (t) => {
  const server = await rawServer(t, (socket) => socket.write(whole('ok')));
  const { dialer } = stage(t, [upstream(server.url)]);
  const boom = (): void => {
    throw new Error('boom');
  };
  const heard = await ask(dialer, { onData: boom }).over;
  assert.deepEqual([heard.fault?.cause, heard.fault?.message], ['aborted', 'the handler failed: boom']);
  assert.equal((await ask(dialer).over).body, 'ok');
});

test('pause stops reading until resume, and nothing is lost', async (t) => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const total = 512 * chunk.length;
  let written = 0;
  let blocked = Promise.withResolvers<void>();
  const server = await rawServer(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
    const pour = (): void => {
      while (written < total) {
        written += chunk.length;
        if (!socket.write(chunk)) {
          socket.once('drain', pour);
          blocked.resolve();
          return;
        }
      }
    };
    pour();
  });
  const { dialer } = stage(t, [upstream(server.url)]);
  const called = ask(dialer, { onData: (call) => called.heard.body.length < 200_000 && call.pause() });
  await called.until('data');
  await blocked.promise;
  await settle();
  const before = called.heard.body.length;
  assert.ok(before <= 64 * 1024, `${before} bytes after a pause`);
  // The kernel's buffers on both sides fill up; then the server is stuck well before the end.
  for (let turn = 0; turn < 100; turn += 1) await settle();
  assert.ok(written < total, 'the server was held back');
  assert.equal(called.heard.body.length, before);
  while (called.heard.events.at(-1) !== 'end') {
    called.call.resume();
    await settle();
  }
  assert.equal(called.heard.body.length, total);
});

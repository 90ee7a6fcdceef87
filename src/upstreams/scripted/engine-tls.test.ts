import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect, createSecureContext } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { startScriptedServer } from './engine.ts';
import type { ScriptedServer } from './engine.ts';
import { rawPeer } from './raw-peer.ts';
import type { Script } from './script.ts';
import { makeTestCertificate } from './test-certificate.ts';

const CERTIFICATE = makeTestCertificate(['cloud.test', '127.0.0.1']);

async function serving(t: TestContext, script: Script): Promise<ScriptedServer> {
  const server = await startScriptedServer(() => script, { tls: CERTIFICATE });
  t.after(() => server.close());
  return server;
}

async function secured(t: TestContext, server: ScriptedServer, servername: string): Promise<TLSSocket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', servername, ca: CERTIFICATE.cert });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

test('a test certificate says what it is', () => {
  const read = new X509Certificate(CERTIFICATE.cert);
  assert.equal(read.fingerprint256, CERTIFICATE.fingerprint256);
  assert.equal(read.checkHost('cloud.test'), 'cloud.test');
  assert.equal(read.checkIP('127.0.0.1'), '127.0.0.1');
  assert.ok(read.verify(read.publicKey));
  assert.notEqual(makeTestCertificate(['a']).spkiSha256, CERTIFICATE.spkiSha256);
});

test('over TLS a client that checks the certificate gets its answer, and the asked name is logged', async (t) => {
  const server = await serving(t, [{ do: 'json', value: 'safe' }]);
  assert.match(server.url, /^https:/);
  const socket = await secured(t, server, 'cloud.test');
  socket.write('GET / HTTP/1.1\r\nconnection: close\r\n\r\n');
  let text = '';
  for await (const part of socket) text += String(part);
  assert.ok(text.endsWith('"safe"'));
  const log = server.request(0);
  assert.deepEqual([log.end, log.abortSeenAt], ['finished', null]);
});

test('the name the peer asked for is on the connection', async (t) => {
  const server = await serving(t, [{ do: 'flush' }, { do: 'stall' }]);
  const socket = await secured(t, server, 'cloud.test');
  socket.write('GET / HTTP/1.1\r\n\r\n');
  const log = await server.nextRequest();
  assert.equal(server.connections[0]?.serverName, 'cloud.test');
  socket.destroy();
  await log.aborted;
  await server.disconnected();
});

test('a reset goes through TLS', async (t) => {
  const server = await serving(t, [{ do: 'flush' }, { do: 'rst' }]);
  const socket = await secured(t, server, 'cloud.test');
  socket.write('GET / HTTP/1.1\r\n\r\n');
  socket.resume();
  const [error] = await once(socket, 'error');
  assert.equal(error.code, 'ECONNRESET');
  await server.disconnected();
});

test('a peer that does not speak TLS does no harm', async (t) => {
  const server = await serving(t, [{ do: 'json', value: 1 }]);
  const peer = rawPeer(server.port);
  t.after(() => peer.destroy());
  peer.send('GET / HTTP/1.1\r\n\r\n');
  await peer.ended;
  assert.equal(server.requests.length, 0);
  await secured(t, server, 'cloud.test');
});

test('a test certificate can be read whatever its length', () => {
  for (let length = 1; length <= 48; length++) {
    const { key, cert } = makeTestCertificate(['a'.repeat(length)]);
    assert.doesNotThrow(() => createSecureContext({ key, cert }), `a name of ${length} characters`);
  }
});

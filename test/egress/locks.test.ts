import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { TcpConnect } from '#egress/open-socket.ts';
import { ask, closed, fixture, permit, rawServer, settle, stage, upstream, whole, type RawServer } from './wire-stage.ts';

/** Dials the raw server whatever is asked, and says it reached `remote`. */
const detour = (server: RawServer, remote: string, asked: string[] = []): TcpConnect => {
  return ({ address, port }) => {
    asked.push(address);
    const socket = connectTcp({ host: '127.0.0.1', port: server.port });
    Object.defineProperty(socket, 'remoteAddress', { value: remote });
    assert.ok(port > 0);
    return socket;
  };
};

const answering = (t: TestContext, options: { readonly tls?: boolean } = {}): Promise<RawServer> =>
  rawServer(t, (socket) => socket.write(whole('ok')), options);

const restore = (name: string, value: string | undefined): void => {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
};

test('without a fitting permit nothing is dialled', async (t) => {
  const server = await answering(t);
  const { dialer } = stage(t, [upstream(server.url), upstream(server.url, { name: 'claude', location: 'cloud' })], {
    inForce: ({ policyHash }) => policyHash === 'p1',
  });
  const refused = [
    permit({ upstream: 'unknown' }),
    permit({ target: 'spark/other' }),
    permit({ target: 'claude/model' }),
    permit({ target: null }),
    permit({ location: 'cloud', tier: 'cloud-explicit' }),
    permit({ upstream: 'claude', location: 'house' }),
    permit({ upstream: 'claude', location: 'cloud', tier: 'sovereign' }),
    permit({ upstream: 'claude', location: 'cloud', tier: 'coordination' }),
    permit({ policyHash: 'p0' }),
  ];
  for (const permitted of refused)
    assert.equal((await ask(dialer, { permitted }).over).fault?.cause, 'no_permit', JSON.stringify(permitted));
  assert.equal(server.sockets.length, 0);
  for (const permitted of [
    permit(),
    permit({ target: null, tier: 'probe' }),
    permit({ upstream: 'claude', location: 'cloud', tier: 'local-first' }),
  ]) {
    assert.equal((await ask(dialer, { permitted }).over).body, 'ok', JSON.stringify(permitted));
  }
});

test('a permit that lapses while the connection opens sends nothing', async (t) => {
  const server = await answering(t);
  let inForce = true;
  const { dialer } = stage(t, [upstream(server.url)], {
    inForce: () => inForce,
    connect: ({ address, port }) => {
      inForce = false;
      return connectTcp({ host: address, port });
    },
  });
  assert.equal((await ask(dialer).over).fault?.cause, 'no_permit');
  await settle();
  assert.equal(server.heard.join(''), '');
});

test('an idle connection needs a permit too', async (t) => {
  const server = await answering(t);
  let inForce = true;
  const { dialer } = stage(t, [upstream(server.url)], { inForce: () => inForce });
  await ask(dialer).over;
  inForce = false;
  assert.equal((await ask(dialer).over).fault?.cause, 'no_permit');
});

test('the peer must be the pin: a stranger hears nothing and the alarm is raised', async (t) => {
  const server = await answering(t);
  for (const remote of ['93.184.216.34', '10.9.9.9', '::ffff:93.184.216.34']) {
    const { dialer, alarms } = stage(t, [upstream('http://192.168.1.5:8000')], { connect: detour(server, remote) });
    assert.equal((await ask(dialer).over).fault?.cause, 'wrong_peer');
    assert.deepEqual(
      alarms.map((alarm) => [alarm.upstream, alarm.reason]),
      [['spark', 'wrong_peer']],
    );
    await closed(server.sockets.at(-1));
  }
  assert.equal(server.heard.join(''), '');
});

test('an IPv4-mapped peer is its IPv4 address', async (t) => {
  const server = await answering(t);
  const { dialer } = stage(t, [upstream('http://192.168.1.5:8000')], { connect: detour(server, '::ffff:192.168.1.5') });
  const heard = await ask(dialer).over;
  assert.equal(heard.body, 'ok');
  assert.deepEqual(heard.peers, [{ address: '192.168.1.5:8000', reused: false }]);
});

test('a house upstream at an outside or metadata literal is refused before anything is dialled', async (t) => {
  for (const host of ['93.184.216.34', '169.254.169.254', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '0.0.0.0', '[::]', '[::ffff:8.8.8.8]']) {
    const asked: string[] = [];
    const server = await answering(t);
    const { dialer, alarms, lookups } = stage(t, [upstream(`http://${host}:8000`)], { connect: detour(server, host, asked) });
    assert.equal((await ask(dialer).over).fault?.cause, 'wrong_peer', host);
    assert.equal(alarms.length, 1, host);
    assert.deepEqual([asked, lookups], [[], []], host);
  }
});

test('no request causes a lookup; an unresolved upstream fails at once', async (t) => {
  const server = await answering(t);
  const { dialer, lookups } = stage(t, [upstream(`http://spark.test:${server.port}`), upstream(server.url, { name: 'near' })], {
    answers: { 'spark.test': [['127.0.0.1']] },
  });
  assert.equal((await ask(dialer).over).fault?.cause, 'unresolved');
  assert.equal((await ask(dialer, { permitted: permit({ upstream: 'near' }) }).over).body, 'ok');
  assert.deepEqual(lookups, []);
  assert.deepEqual(await dialer.resolve('spark'), { state: 'pinned', addresses: ['127.0.0.1'] });
  for (let nth = 0; nth < 3; nth += 1) assert.equal((await ask(dialer, { fresh: true }).over).body, 'ok');
  assert.deepEqual(lookups, ['spark.test']);
  assert.match(server.heard[1] ?? '', new RegExp(`host: spark\\.test:${server.port}\r\n`));
  await dialer.resolve('near');
  assert.deepEqual(lookups, ['spark.test'], 'a literal is never looked up');
});

test('two who resolve at once share one lookup', async (t) => {
  const { dialer, lookups } = stage(t, [upstream('http://spark.test')], { answers: { 'spark.test': [['10.0.0.1']] } });
  const [one, two] = await Promise.all([dialer.resolve('spark'), dialer.resolve('spark')]);
  assert.deepEqual(one, two);
  assert.deepEqual(lookups, ['spark.test']);
});

test('a lookup that never answers is unresolved after five seconds', async (t) => {
  const { dialer, timers } = stage(t, [upstream('http://spark.test')], { resolver: { lookup: () => new Promise(() => {}) } });
  const resolved = dialer.resolve('spark');
  timers.pass(5000);
  assert.equal((await resolved).state, 'unresolved');
});

test('F63: a house name that answers outside, or mixed, is refused with an alarm', async (t) => {
  const asked: string[] = [];
  const server = await answering(t);
  for (const answer of [['93.184.216.34'], ['127.0.0.1', '93.184.216.34']]) {
    const { dialer, alarms } = stage(t, [upstream('http://spark.test')], {
      answers: { 'spark.test': [answer] },
      connect: detour(server, '127.0.0.1', asked),
    });
    assert.equal((await dialer.resolve('spark')).state, 'refused');
    assert.deepEqual(
      alarms.map((alarm) => alarm.reason),
      ['wrong_location'],
    );
    assert.equal((await ask(dialer).over).fault?.cause, 'wrong_peer');
  }
  assert.deepEqual(asked, []);
});

test('F63: a name that moves across the door is refused until it is back, and its connections are closed', async (t) => {
  const server = await answering(t);
  const { dialer, alarms } = stage(t, [upstream(`http://spark.test:${server.port}`)], {
    answers: { 'spark.test': [['127.0.0.1'], ['93.184.216.34'], [], ['127.0.0.1']] },
  });
  await dialer.resolve('spark');
  await ask(dialer).over;
  await settle();
  assert.equal((await dialer.resolve('spark')).state, 'refused');
  await closed(server.sockets[0]);
  assert.equal(alarms.length, 1);
  assert.equal((await ask(dialer).over).fault?.cause, 'wrong_peer');
  assert.equal((await dialer.resolve('spark')).state, 'refused', 'silence does not clear it');
  assert.equal((await dialer.resolve('spark')).state, 'pinned');
  assert.equal((await ask(dialer).over).body, 'ok');
});

test('F63: a cloud name that comes to answer in the house is refused', async (t) => {
  const { dialer, alarms } = stage(t, [upstream('https://api.test', { location: 'cloud' })], {
    answers: { 'api.test': [['93.184.216.34'], ['127.0.0.1']] },
  });
  assert.equal((await dialer.resolve('spark')).state, 'pinned');
  assert.equal((await dialer.resolve('spark')).state, 'refused');
  assert.match(alarms[0]?.message ?? '', /across the door/);
});

test('a failed lookup leaves a former pin in place; an address may change inside the house', async (t) => {
  const server = await answering(t);
  const asked: string[] = [];
  const { dialer, alarms } = stage(t, [upstream('http://spark.test')], {
    answers: { 'spark.test': [['127.0.0.1'], [], ['127.0.0.2']] },
    connect: (peer) => detour(server, peer.address, asked)(peer),
  });
  await dialer.resolve('spark');
  await ask(dialer).over;
  assert.deepEqual(await dialer.resolve('spark'), { state: 'pinned', addresses: ['127.0.0.1'] });
  assert.deepEqual(await dialer.resolve('spark'), { state: 'pinned', addresses: ['127.0.0.2'] });
  assert.equal((await ask(dialer).over).peers[0]?.address, '127.0.0.2:80', 'the connection to the old address is not used');
  assert.deepEqual(asked, ['127.0.0.1', '127.0.0.2']);
  assert.deepEqual(alarms, []);
});

test('proxies named by the environment are not used', async (t) => {
  const proxy = await answering(t);
  const server = await answering(t);
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url;
  t.after(() => {
    for (const [name, value] of before) restore(name, value);
  });
  const { dialer } = stage(t, [upstream(server.url)]);
  assert.equal((await ask(dialer).over).body, 'ok');
  assert.deepEqual([proxy.sockets.length, server.sockets.length], [0, 1]);
});

test('a key stays with its origin: after a reload to another it is not sent, and nothing else is', async (t) => {
  const one = await answering(t);
  const two = await answering(t);
  let key = 'first-key';
  const { dialer, alarms } = stage(t, [upstream(one.url)], { keyFor: () => ({ authorization: `Bearer ${key}` }) });
  await ask(dialer).over;
  dialer.setUpstreams([upstream(two.url)]);
  assert.deepEqual(
    alarms.map((alarm) => alarm.reason),
    ['key_void'],
  );
  assert.ok(!alarms[0]?.message.includes(key));
  assert.equal((await ask(dialer).over).fault?.cause, 'no_permit');
  assert.equal(two.sockets.length, 0);
  key = 'second-key';
  dialer.setUpstreams([upstream(two.url)]);
  assert.equal((await ask(dialer).over).body, 'ok');
  assert.match(two.heard.join(''), /Bearer second-key/);
  assert.doesNotMatch(two.heard.join(''), /first-key/);
  key = 'first-key';
  dialer.setUpstreams([upstream(one.url)]);
  assert.equal((await ask(dialer).over).body, 'ok', 'back at its own origin it is good');
  assert.doesNotMatch(one.heard.join(''), /second-key/);
});

test('each upstream gets its own key only', async (t) => {
  const one = await answering(t);
  const two = await answering(t);
  const { dialer } = stage(t, [upstream(one.url), upstream(two.url, { name: 'other' })], {
    keyFor: (name) => ({ 'x-api-key': `key-of-${name}` }),
  });
  await ask(dialer).over;
  await ask(dialer, { permitted: permit({ upstream: 'other' }) }).over;
  assert.match(one.heard.join(''), /x-api-key: key-of-spark\r\n/);
  assert.match(two.heard.join(''), /x-api-key: key-of-other\r\n/);
  assert.doesNotMatch(one.heard.join(''), /key-of-other/);
});

test('a reload closes what has gone, busy connections at the end of their call, and keeps what stays', async (t) => {
  const held = Promise.withResolvers<Socket>();
  const stays = await answering(t);
  const goes = await rawServer(t, (socket, nth) => (nth === 0 ? socket.write(whole('ok')) : held.resolve(socket)));
  const { dialer } = stage(t, [upstream(stays.url), upstream(goes.url, { name: 'other' })]);
  const other = permit({ upstream: 'other' });
  await ask(dialer).over;
  await ask(dialer, { permitted: other }).over;
  const busy = ask(dialer, { permitted: other, fresh: true });
  await busy.until('sent');
  await settle();
  dialer.setUpstreams([upstream(`${stays.url}/base`)]);
  await closed(goes.sockets[0]);
  assert.equal((await ask(dialer, { permitted: other }).over).fault?.cause, 'no_permit');
  (await held.promise).write(whole('done'));
  assert.equal((await busy.over).body, 'done');
  await closed(goes.sockets[1]);
  assert.equal((await ask(dialer).over).peers[0]?.reused, true);
  assert.match(stays.heard.join(''), /POST \/base\/v1/);
});

test('a broken URL changes nothing', async (t) => {
  const server = await answering(t);
  const { dialer } = stage(t, [upstream(server.url)]);
  assert.throws(() => dialer.setUpstreams([upstream('http://127.0.0.1:1'), upstream('ftp://127.0.0.1', { name: 'other' })]), /other/);
  assert.equal((await ask(dialer).over).body, 'ok');
});

const cloud = permit({ location: 'cloud', tier: 'cloud-explicit' });

test('TLS: the policy’s host name is the identity, at a pinned address', async (t) => {
  const server = await answering(t, { tls: true });
  const url = `https://upstream.test:${server.port}`;
  const { dialer } = stage(t, [upstream(url, { location: 'cloud' })], {
    ca: fixture('authority'),
    answers: { 'upstream.test': [['127.0.0.1']] },
  });
  await dialer.resolve('spark');
  const heard = await ask(dialer, { permitted: cloud }).over;
  assert.equal(heard.body, 'ok');
  assert.equal((await ask(dialer, { permitted: cloud }).over).peers[0]?.reused, true);
  assert.match(server.heard[0] ?? '', new RegExp(`host: upstream\\.test:${server.port}\r\n`));
});

test('TLS: an address is compared with the certificate as well', async (t) => {
  const server = await answering(t, { tls: true });
  const { dialer } = stage(t, [upstream(server.url)], { ca: fixture('authority') });
  assert.equal((await ask(dialer).over).body, 'ok');
});

test('TLS: another name, an unknown authority or no TLS at all is a fault, and no byte of the request is sent', async (t) => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => restore('NODE_TLS_REJECT_UNAUTHORIZED', before));
  const server = await answering(t, { tls: true });
  const plain = await rawServer(t, () => {}, { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' });
  const answers = { 'upstream.test': [['127.0.0.1']], 'other.test': [['127.0.0.1']] };
  const cases = [
    { url: `https://other.test:${server.port}`, ca: fixture('authority') },
    { url: `https://upstream.test:${server.port}` },
    { url: `https://upstream.test:${plain.port}`, ca: fixture('authority') },
  ];
  for (const { url, ...options } of cases) {
    const { dialer } = stage(t, [upstream(url, { location: 'cloud' })], { answers, ...options });
    await dialer.resolve('spark');
    const { fault, events } = await ask(dialer, { permitted: cloud }).over;
    assert.equal(fault?.cause, 'tls', `${url}: ${fault?.message}`);
    assert.deepEqual(events, ['failed']);
  }
  assert.equal(server.heard.join(''), '');
});

test('TLS: a server that accepts and says nothing runs into connectMs', async (t) => {
  const server = await rawServer(t, () => {});
  const { dialer, timers } = stage(t, [upstream(server.url.replace('http:', 'https:'))]);
  const called = ask(dialer);
  while (server.heard[0] === undefined || server.heard[0] === '') await settle();
  timers.pass(1000);
  assert.equal((await called.over).fault?.cause, 'connect_timeout');
  await closed(server.sockets[0]);
});

test('TLS: abort and close reach the other side', async (t) => {
  const server = await rawServer(t, (socket, nth) => nth === 1 && socket.destroy(), { tls: true });
  const { dialer } = stage(t, [upstream(server.url)], { ca: fixture('authority') });
  const called = ask(dialer);
  await called.until('sent');
  while ((server.heard[0] ?? '') === '') await settle();
  called.call.abort();
  assert.equal((await called.over).fault?.cause, 'aborted');
  await closed(server.sockets[0]);
  const { fault } = await ask(dialer).over;
  assert.match(fault?.cause ?? '', /^(reset|closed)$/);
  assert.equal(fault?.receivedBytes, 0);
});

test('a cloud upstream outside the house is not dialled without TLS', async (t) => {
  const { dialer, alarms } = stage(t, [upstream('http://93.184.216.34', { location: 'cloud' })]);
  assert.equal((await ask(dialer, { permitted: cloud }).over).fault?.cause, 'wrong_peer');
  assert.match(alarms[0]?.message ?? '', /not https/);
});

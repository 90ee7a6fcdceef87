/** More connections, and more unread streams, than a house can want: what they cost is bounded, and whoever behaves is answered meanwhile. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { goodBody, startGuardedHouse } from '#test/bad-input/guarded-house.ts';
import type { GuardedHouse } from '#test/bad-input/guarded-house.ts';
import { answering, asksStream } from '#test/e2e/model-server.ts';
import { turns, until } from '#test/gateway/fake-clock.ts';
import { roleEvent, streamOf, word } from '#test/gateway/machines.ts';
import { listenerLimitsDefault } from '#http/door.ts';
import { chatBytes, startAbusedHouse } from './abused-house.ts';

const connections = 10_000;
/** What the process opens besides: its record, its machine, its own pipes. */
const otherFiles = 100;

function openFiles({ pid }: GuardedHouse): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function residentMb({ pid }: GuardedHouse): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function guarded(t: TestContext, ...does: Parameters<typeof startGuardedHouse>): Promise<GuardedHouse> {
  const house = await startGuardedHouse(...does);
  t.after(() => house.close());
  return house;
}

/** Opens a connection; resolves when it is open, or was refused or closed. */
function open(house: GuardedHouse, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(house.port, '127.0.0.1');
    sockets.add(socket);
    socket.once('connect', () => resolve());
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      resolve();
    });
  });
}

function flooding(t: TestContext): Set<Socket> {
  const sockets = new Set<Socket>();
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

test(
  `${connections} idle connections: no more are kept than allowed, and whoever asks is answered`,
  { skip: process.platform !== 'linux' },
  async (t) => {
    const house = await guarded(t);
    const sockets = flooding(t);
    await house.answersWell();
    const before = residentMb(house);
    for (let opened = 0; opened < connections; opened += 500) {
      await Promise.all(Array.from({ length: 500 }, () => open(house, sockets)));
      await house.answersWell();
    }
    await until(() => openFiles(house) <= listenerLimitsDefault.connectionsMax + otherFiles);
    t.diagnostic(
      `${connections} connections: ${openFiles(house)} files open, ${(residentMb(house) - before).toFixed(0)} MB more than before`,
    );
    await house.checkInnocence(0);
    await house.answersWell();
  },
);

test(
  'five thousand connections that come and go without a word leave nothing behind',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const house = await guarded(t);
    const sockets = flooding(t);
    const before = openFiles(house);
    for (let round = 0; round < 50; round++) {
      await Promise.all(Array.from({ length: 100 }, () => open(house, sockets)));
      for (const socket of sockets)
        if (round % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      if (round % 10 === 0) await house.answersWell();
    }
    await until(() => openFiles(house) <= before + 10);
    await house.answersWell();
  },
);

test(
  'fifty streams that nobody reads, of machines that never stop: what is held for each is bounded',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const endless = streamOf(roleEvent, { do: 'repeat', times: 'forever', steps: [{ do: 'body', bytes: word('x'.repeat(4_000)) }] });
    const fine = answering({ text: 'fine' });
    const house = await guarded(t, (request) => (asksStream(request) ? endless : fine(request)));
    const sockets = flooding(t);
    await house.answersWell();
    const before = residentMb(house);
    const count = 16;
    await Promise.all(Array.from({ length: count }, () => open(house, sockets)));
    for (const socket of sockets) {
      socket.pause();
      socket.write(chatBytes(house.key, JSON.stringify({ ...JSON.parse(goodBody()), stream: true })));
    }
    await until(() => house.machine.chats().length === count + 1);
    const poured = (): number => house.machine.chats().reduce((sum, { bytesOut }) => sum + bytesOut, 0);
    for (let last = -1, still = 0; still < 200; still = poured() === last ? still + 1 : 0) {
      last = poured();
      await turns();
    }
    const more = residentMb(house) - before;
    t.diagnostic(`${count} streams: ${(poured() / 1_000_000).toFixed(0)} MB left the machine, ${more.toFixed(0)} MB more in the gatehouse`);
    // 256 kB each, and as much again for what the engine has not given back yet: beside the heap the three parts of its nursery, 16 MB each.
    assert.ok(more < count * 0.512 + 3 * 16 + 20, `${more} MB`);
    assert.ok(poured() > 100_000_000, 'far more than that has gone through');
    await house.checkInnocence(count);
    await house.answersWell();
  },
);

test('idle connections are closed by their clock, those that never spoke and those that did', async (t) => {
  const limits = { headMs: 100, keepAliveMs: 50, checkEveryMs: 20 };
  const house = await startAbusedHouse(t, undefined, { limits });
  const silent = await Promise.all(Array.from({ length: 100 }, () => house.connect()));
  const spoken = await Promise.all(Array.from({ length: 100 }, () => house.connect()));
  for (const caller of spoken) caller.send('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  for (const caller of spoken) assert.match(await caller.ended(), /^HTTP\/1\.1 200 /);
  for (const caller of silent) assert.match(await caller.ended(), /^HTTP\/1\.1 408 /);
  await house.answersWell();
});

test('where no more connections are allowed, the oldest without a request gives way, one with a request never', async (t) => {
  const house = await startAbusedHouse(
    t,
    [
      { do: 'gate', name: 'go' },
      { do: 'json', value: { choices: [{ index: 0, message: { content: 'late' }, finish_reason: 'stop' }] } },
    ],
    {
      limits: { connectionsMax: 4 },
    },
  );
  const busy = await house.connect();
  busy.send(chatBytes(house.lab.key, { model: 'den/chat', messages: [{ role: 'user', content: 'hi' }] }));
  await house.machine.nextChat();
  const kept = await house.connect();
  kept.send('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await kept.until(/ok\n/);
  const silent = [await house.connect(), await house.connect()];
  const fifth = await house.connect();
  assert.equal(await silent[0]?.ended(), '', 'the one that never spoke goes first');
  fifth.send('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await fifth.until(/ok\n/);
  house.machine.server.open('go');
  assert.match(await busy.until(/\r\n\r\n\{.*\}/), /"late"/);
});

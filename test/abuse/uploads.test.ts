/** Callers who send slowly, or what nobody wants: they hold no slot, no machine hears of them, and others are answered meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { statuses } from '#test/http/stage.ts';
import type { RawClient } from '#test/http/stage.ts';
import { chatBytes, chatOf, startAbusedHouse } from './abused-house.ts';

/** Sends one byte after the other, for as long as somebody listens. */
function drip(t: TestContext, client: RawClient, byte: string): void {
  const timer = setInterval(() => {
    if (client.socket.writable) client.send(byte);
  }, 5);
  t.after(() => clearInterval(timer));
  client.socket.once('close', () => clearInterval(timer));
}

for (const [name, drips] of [
  ['stands still', false],
  ['comes byte by byte', true],
] as const) {
  test(`a body that ${name}: 408, recorded as what it is; no slot, no machine`, async (t) => {
    const house = await startAbusedHouse(t, undefined, {
      limits: { bodyIdleMs: 100, headMs: 300, requestMs: 300, checkEveryMs: 30, lingerMs: 20 },
    });
    const client = await house.connect();
    client.send(chatBytes(house.lab.key, '{"model":', 5_000));
    if (drips) drip(t, client, ' ');
    await house.answersWell();
    const text = await client.ended();
    assert.deepEqual(statuses(text), [408]);
    assert.match(text, /"code":"caller_too_slow"/);
    const slow = await house.terminal(({ attempts }) => attempts.length === 0);
    assert.deepEqual([slow.result, slow.status, slow.code, slow.attempts], ['refused', 408, 'caller_too_slow', []]);
    assert.equal(house.machine.chats().length, 1, 'the machine heard of the other one alone');
    assert.equal(await house.slotsInUse(), 0);
  });
}

test('what is taken for large bodies is bounded, is no matter of small ones, and comes back', async (t) => {
  const limits = { bodiesBytesMax: 150_000, bodyIdleMs: 200, lingerMs: 20 };
  const house = await startAbusedHouse(t, undefined, { limits });
  const slow = await house.connect();
  slow.send(chatBytes(house.lab.key, '{"model":', 100_000));
  // Its head has been read once the connection behind it in the queue is answered.
  await house.answersWell();
  const large = chatBytes(house.lab.key, chatOf({ padding: 'x'.repeat(100_000) }));
  const refused = await house.connect();
  refused.send(large);
  assert.match(await refused.until(/\r\n\r\n\{.*\}/), /^HTTP\/1\.1 429 [^]*retry-after: 1/i);
  await house.answersWell();
  assert.deepEqual(statuses(await slow.ended()), [408]);
  const again = await house.connect();
  again.send(large);
  assert.match(await again.until(/\r\n\r\n\{.*\}/), /^HTTP\/1\.1 200 /);
});

test('a head that comes byte by byte is given up by the clock of heads', async (t) => {
  const house = await startAbusedHouse(t, undefined, { limits: { headMs: 150, requestMs: 60_000, checkEveryMs: 30 } });
  const client = await house.connect();
  client.send('POST /v1/chat/completions HTTP/1.1\r\nx-drip: ');
  drip(t, client, 'x');
  await house.answersWell();
  assert.deepEqual(statuses(await client.ended()), [408]);
  assert.equal(house.machine.chats().length, 1);
});

test('a flood without a key: each is refused while its body is still on its way, and nothing of it is waited for', async (t) => {
  const house = await startAbusedHouse(t);
  const callers = await Promise.all(Array.from({ length: 300 }, () => house.connect()));
  for (const caller of callers) caller.send(chatBytes(null, 'x'.repeat(20_000), 19_000_000));
  await house.answersWell();
  for (const caller of callers) assert.deepEqual(statuses(await caller.ended()), [401]);
  assert.equal(house.machine.chats().length, 1);
  assert.equal(house.lab.told.filter(({ happening }) => happening.type === 'request').length, 1, 'whoever nobody knows leaves no record');
});

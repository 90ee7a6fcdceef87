/** Callers who leave, in each phase of a request, over real sockets: the machine is let go, the slot is back, and the record says what it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering } from '#test/e2e/model-server.ts';
import { doneEvent, finishEvent, inTurn, roleEvent, streamOf, word } from '#test/gateway/machines.ts';
import { statuses } from '#test/http/stage.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { chatBytes, chatOf, startAbusedHouse } from './abused-house.ts';

const stall = { do: 'stall' } as const;
const fine = answering({ text: 'fine' });

const phases: readonly [name: string, script: Script, got: RegExp | null][] = [
  ['before the headers', [stall], null],
  ['before the first token', streamOf(roleEvent, stall), null],
  ['in the middle', streamOf(roleEvent, word('half'), stall), /half/],
  ['between the finish and the terminator', streamOf(roleEvent, word('half'), finishEvent, stall), /half/],
];

for (const [name, script, got] of phases) {
  for (const how of ['resets', 'closes', 'closes its half'] as const) {
    test(`a caller who ${how} ${name}`, async (t) => {
      const house = await startAbusedHouse(t, inTurn(script, fine));
      const caller = await house.connect();
      caller.send(chatBytes(house.lab.key, chatOf({ stream: true })));
      const asked = await house.machine.nextChat();
      if (got !== null) await caller.until(got);
      if (how === 'resets') caller.socket.resetAndDestroy();
      else if (how === 'closes') caller.socket.destroy();
      else caller.socket.end();
      await asked.aborted;
      const { result, status, attempts } = await house.terminal();
      assert.deepEqual([result, status, attempts.map((attempt) => attempt.result)], ['cancelled', 499, ['cancelled']]);
      assert.equal(await house.slotsInUse(), 0);
      await house.answersWell();
    });
  }
}

test('a caller who leaves while it uploads: nobody is dialled, and it is on record as left', async (t) => {
  const house = await startAbusedHouse(t);
  const caller = await house.connect();
  caller.send(chatBytes(house.lab.key, '{"model":', 5_000));
  await house.answersWell();
  caller.socket.destroy();
  const { result, status, attempts } = await house.terminal(({ result: how }) => how !== 'ok');
  assert.deepEqual([result, status, attempts], ['cancelled', 499, []]);
  assert.equal(house.machine.chats().length, 1);
});

test('a caller who leaves with the terminator in hand has had its whole answer', async (t) => {
  const house = await startAbusedHouse(t, streamOf(roleEvent, word('whole'), finishEvent, doneEvent));
  const caller = await house.connect();
  caller.send(chatBytes(house.lab.key, chatOf({ stream: true })));
  await caller.until(/\[DONE\]/);
  caller.socket.destroy();
  const { result, verdict } = await house.terminal();
  assert.deepEqual([result, verdict], ['ok', 'ok']);
  assert.equal(await house.slotsInUse(), 0);
});

test('a caller who leaves while others wait: the slot is theirs at once', async (t) => {
  const house = await startAbusedHouse(t, inTurn(streamOf(roleEvent, word('half'), stall), fine));
  const first = await house.connect();
  first.send(chatBytes(house.lab.key, chatOf({ stream: true })));
  await first.until(/half/);
  const others = await Promise.all([house.connect(), house.connect()]);
  for (const other of others) other.send(chatBytes(house.lab.key, chatOf({})));
  first.socket.resetAndDestroy();
  for (const other of others) assert.match(await other.until(/\r\n\r\n\{.*\}/), /"fine"/);
});

test('requests sent ahead are answered in their order; too many ahead end the connection', async (t) => {
  const house = await startAbusedHouse(t, (request) => fine({ ...request }));
  const caller = await house.connect();
  const ask = (content: string): string => chatBytes(house.lab.key, chatOf({ messages: [{ role: 'user', content }] }));
  caller.send(Array.from({ length: 10 }, (_, number) => ask(`number ${number}`)).join(''));
  await caller.until(/(?:"fine"[^]*){10}/);
  assert.deepEqual(
    house.machine.chats().map(({ bodyText }) => /number \d/.exec(bodyText)?.[0]),
    Array.from({ length: 10 }, (_, number) => `number ${number}`),
  );
  const greedy = await house.connect();
  greedy.send(ask('again').repeat(200));
  const text = await greedy.ended();
  assert.ok(statuses(text).length < 200);
  await house.answersWell();
});

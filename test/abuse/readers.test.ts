/** Callers who do not take what they asked for: the machine is paused, nobody else waits long for them, and the record says who ended it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { StartOptions } from '#compose/start-house.ts';
import { answering } from '#test/e2e/model-server.ts';
import { FakeClock, turns } from '#test/gateway/fake-clock.ts';
import { doneEvent, finishEvent, inTurn, roleEvent, streamOf, word } from '#test/gateway/machines.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import { chatBytes, chatOf, startAbusedHouse } from './abused-house.ts';
import type { AbusedHouse } from './abused-house.ts';

const piece = word('x'.repeat(16_000));
const wordsBytes = 40_000_000;
/** More than all buffers of two connections hold. */
const flood = streamOf(
  roleEvent,
  { do: 'repeat', times: Math.ceil(wordsBytes / piece.length), steps: [{ do: 'body', bytes: piece }] },
  finishEvent,
  doneEvent,
);

interface Held {
  readonly house: AbusedHouse;
  readonly reader: Reader;
  readonly request: RequestLog;
}

/** A caller who has asked for more than fits into all buffers, reads nothing, and a machine that is stopped by it. */
async function heldUp(t: TestContext, more: Pick<StartOptions, 'clock' | 'limits'> = {}): Promise<Held> {
  const house = await startAbusedHouse(t, inTurn(flood, answering({ text: 'fine' })), more);
  const reader = await startReader(house, chatOf({ stream: true }));
  const request = await house.machine.nextChat();
  for (let before = -1, still = 0; still < 200; still = request.bytesOut === before ? still + 1 : 0) {
    before = request.bytesOut;
    await turns();
  }
  assert.equal(request.end, null, 'the machine cannot go on');
  assert.ok(request.bytesOut < wordsBytes);
  return { house, reader, request };
}

test('a reader that stops for a while gets everything in the end', async (t) => {
  const { house, reader } = await heldUp(t);
  reader.resume();
  await reader.until('[DONE]');
  assert.ok(reader.bytes() > wordsBytes);
  assert.equal((await house.terminal()).result, 'ok');
});

test('a reader that takes nothing at all is cut, and so is its machine; the record says that it was we who did it', async (t) => {
  const { house, request } = await heldUp(t, { limits: { writeStallMs: 300 } });
  await request.aborted;
  const { result, status, code, message, attempts } = await house.terminal();
  assert.deepEqual([result, status, code], ['failed', 200, 'caller_too_slow']);
  assert.match(message ?? '', /took nothing/);
  assert.deepEqual(
    attempts.map((attempt) => attempt.result),
    ['cancelled'],
  );
  assert.equal(await house.slotsInUse(), 0);
  await house.answersWell();
});

test('a reader that holds the slot others wait for is cut after ten seconds, not before, and the others are answered', async (t) => {
  const clock = new FakeClock();
  const { house, request } = await heldUp(t, { clock });
  await clock.advance(120_000);
  assert.equal(request.end, null, 'alone it may take its time');
  const other = await house.connect();
  other.send(chatBytes(house.lab.key, chatOf({})));
  while ((await waiting(house)) === 0);
  await clock.advance(10_000);
  await request.aborted;
  const { result, code, message } = await house.terminal();
  assert.deepEqual([result, code], ['failed', 'caller_too_slow']);
  assert.match(message ?? '', /held a slot of machine that others waited for/);
  assert.match(await other.until(/\r\n\r\n\{.*\}/), /"fine"/);
});

test('a whole answer that nobody takes is let go too', async (t) => {
  const text = 'x'.repeat(40_000_000);
  const house = await startAbusedHouse(t, inTurn(answering({ text }), answering({ text: 'fine' })), { limits: { writeStallMs: 300 } });
  const reader = await startReader(house, chatOf({}));
  assert.equal((await house.terminal()).result, 'ok', 'it was there to be taken');
  // Both ends of its connection are in this process; one of them goes.
  const open = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  const before = open();
  while (open() >= before) await turns();
  reader.resume();
  await reader.closed;
  assert.ok(reader.bytes() < text.length);
  await house.answersWell();
});

/** A caller that has read the beginning of its answer and nothing more. */
interface Reader {
  bytes(): number;
  resume(): void;
  /** Resolves once the last of what came ends in this. */
  until(tail: string): Promise<void>;
  readonly closed: Promise<void>;
}

async function startReader(house: AbusedHouse, body: object): Promise<Reader> {
  const { socket } = await house.connect();
  socket.removeAllListeners('data');
  const begun = Promise.withResolvers<void>();
  const wakes = new Set<() => void>();
  let [bytes, tail] = [0, ''];
  socket.on('data', (part: Buffer) => {
    if (bytes === 0) socket.pause();
    bytes += part.length;
    tail = (tail + part.subarray(-100).toString('latin1')).slice(-100);
    begun.resolve();
    for (const wake of wakes) wake();
  });
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  socket.write(chatBytes(house.lab.key, body));
  await begun.promise;
  return {
    bytes: () => bytes,
    resume: () => void socket.resume(),
    until: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => (tail.includes(wanted) ? resolve() : undefined);
        wakes.add(look);
        look();
      }),
    closed,
  };
}

async function waiting(house: AbusedHouse): Promise<number> {
  const { text } = await house.lab.operator('GET', '/admin/upstreams');
  const status: { readonly waiting: number } = JSON.parse(text);
  return status.waiting;
}

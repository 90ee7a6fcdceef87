/** More callers than slots: who is not served is told so at once, while the machines still work; nobody is sent more than it takes, and all of it comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering } from '#test/e2e/model-server.ts';
import { rawAnswer } from '#test/e2e/raw-exchange.ts';
import { startHouseOnLoopback } from '#test/e2e/running-house.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';

const slots = 2;
const fine = answering({ text: 'fine' });
const gated: ScriptHandler = (request) => [{ do: 'gate', name: 'work' }, ...(typeof fine === 'function' ? fine(request) : fine)];

test('at five times what the slots carry: the slots are full, everybody else is refused before they are free, then all is as before', async (t) => {
  const lab = await startHouseOnLoopback(
    t,
    { left: { does: gated }, right: { does: gated } },
    ({ left, right }) => `
version: 1
house: den
upstreams:
  left: { kind: vllm, url: ${left}, slots: ${slots}, models: { left: { context: 8k } } }
  right: { kind: vllm, url: ${right}, slots: ${slots}, models: { right: { context: 8k } } }
routes:
  chat: { target: left, spill: right }
`,
  );
  const { left, right } = lab.machines;
  const ask = (): ReturnType<typeof rawAnswer> =>
    rawAnswer(`${lab.origin()}/v1/chat/completions`, {
      key: lab.key,
      body: { model: 'den/chat', messages: [{ role: 'user', content: 'hello' }] },
    });
  const carried = 2 * slots;
  for (let round = 0; round < 3; round++) {
    const statuses: number[] = [];
    const refused = Promise.withResolvers<void>();
    const all = Array.from({ length: 5 * carried }, async () => {
      const { status, headers } = await ask();
      statuses.push(status);
      if (status === 429) assert.match(String(headers['retry-after']), /^[1-9]\d*$/);
      if (statuses.length === 4 * carried) refused.resolve();
    });
    // No gate is open: whoever is told something now did not wait for a slot.
    await refused.promise;
    assert.deepEqual([...new Set(statuses)], [429]);
    for (const machine of [left, right]) machine.server.open('work');
    await Promise.all(all);
    for (const machine of [left, right]) machine.server.shut('work');
    assert.equal(statuses.filter((status) => status === 200).length, carried);
  }
  for (const machine of [left, right]) machine.server.open('work');
  // What fits is all served again.
  for (let turn = 0; turn < 5; turn++)
    assert.deepEqual(
      (await Promise.all(Array.from({ length: carried }, ask))).map(({ status }) => status),
      Array.from({ length: carried }, () => 200),
    );
  for (const machine of [left, right]) assert.ok(machine.chats().every(({ alsoRunning }) => alsoRunning < slots));
});

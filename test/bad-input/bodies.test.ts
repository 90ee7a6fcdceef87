/** Bodies that no client means: each is refused with its place and what to do, reaches nobody, and holds nobody up. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bodyCases } from './body-cases.ts';
import { startGuardedHouse } from './guarded-house.ts';
import type { GuardedHouse } from './guarded-house.ts';
import { checkRefusal } from './refusal-checks.ts';

/** In computing time of the house's own thread. */
const stallMsMax = 100;

let house: GuardedHouse;
before(async () => {
  house = await startGuardedHouse();
});
after(() => house.close());

const chunksOf = (body: Uint8Array): Buffer => {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += 65_536) {
    const part = body.subarray(at, at + 65_536);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
};

for (const { name, path = '/v1/chat/completions', body, chunked = false, refused } of bodyCases) {
  test(name, async (t) => {
    const made = body();
    const bytes = typeof made === 'string' ? Buffer.from(made) : made;
    const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${house.key}\r\ncontent-type: application/json\r\n`;
    const framed = chunked
      ? Buffer.concat([Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`), chunksOf(bytes)])
      : Buffer.concat([Buffer.from(`${head}content-length: ${bytes.length}\r\n\r\n`), bytes]);
    const { text, answers } = await house.talk(framed);
    const [answer] = answers;
    assert.ok(answer, text);
    if (refused === null) assert.equal(answer.status, 200, text);
    else {
      const error = checkRefusal(answer.status, answer.body, house.key);
      assert.deepEqual({ status: answer.status, code: error.code }, { status: refused.status, code: refused.code }, text);
      assert.ok(error.message.includes(refused.says), text);
      if (refused.param !== undefined) assert.equal(error.param, refused.param);
    }
    const self = await house.checkInnocence(refused === null ? 1 : 0);
    t.diagnostic(`stood still for ${self.stallMs.toFixed(0)} ms (${self.wallStallMs.toFixed(0)} ms on the wall)`);
    assert.ok(self.stallMs <= stallMsMax, `the house stood still for ${self.stallMs} ms`);
    await house.answersWell();
  });
}

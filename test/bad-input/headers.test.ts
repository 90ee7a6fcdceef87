/** Heads that should steer, break or find out something: each has one clear answer, and nothing of them comes back or goes on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { goodBody, canaries, startGuardedHouse } from './guarded-house.ts';
import type { GuardedHouse } from './guarded-house.ts';
import { headCases } from './header-cases.ts';
import { checkRefusal } from './refusal-checks.ts';

let house: GuardedHouse;
before(async () => {
  house = await startGuardedHouse();
});
after(() => house.close());

for (const { name, target = '/v1/chat/completions', head, status, says } of headCases) {
  test(name, async () => {
    const body = goodBody();
    const withKey = (text: string): string => text.replaceAll('{key}', house.key);
    const { answers, text } = await house.talk(
      `POST ${withKey(target)} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${withKey(head)}\r\n${body}`,
    );
    const [answer] = answers;
    assert.equal(answer?.status, status, text);
    assert.ok(answer.body.includes(says), text);
    assert.doesNotMatch(answer.head, /set-cookie/i);
    const dialled = house.machine.chats().at(-1);
    if (status === 200) {
      assert.ok(dialled);
      const passed = JSON.stringify(dialled.headers);
      for (const secret of [canaries.header, house.key]) assert.ok(!passed.includes(secret), passed);
      assert.doesNotMatch(passed, /cookie|forwarded|x-original|__proto__|gatehouse-/i);
      assert.doesNotMatch(dialled.path, /\?/);
    } else if (answer.body.startsWith('{')) checkRefusal(status, answer.body, house.key);
    else assert.match(answer.body, /^[a-z ]+\n$/);
    await house.checkInnocence(status === 200 ? 1 : 0);
    await house.answersWell();
  });
}

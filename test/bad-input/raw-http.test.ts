/** Requests that two readers understand differently, or none: each gets one clear answer and reaches nobody. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { canaries, startGuardedHouse } from './guarded-house.ts';
import type { GuardedHouse } from './guarded-house.ts';
import { rawCases } from './raw-cases.ts';

let house: GuardedHouse;
before(async () => {
  house = await startGuardedHouse();
});
after(() => house.close());

for (const { name, bytes, statuses, says, dials = 0, halfClosed = false } of rawCases) {
  test(name, async () => {
    const { text, answers, ended } = await house.talk(bytes(house.key), { expected: statuses.length, halfClosed });
    assert.deepEqual(
      answers.map(({ status }) => status),
      statuses,
      text.slice(0, 2_000),
    );
    assert.ok(ended);
    const last = answers.at(-1);
    assert.ok((last?.body ?? '').includes(says), text);
    for (const secret of [...Object.values(canaries), house.key]) assert.ok(!text.includes(secret), text);
    await house.checkInnocence(dials);
    await house.answersWell();
  });
}

/** An answer that is held whole has the bound of a whole body, however it came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, doneEvent, finishEvent, roleEvent, streamOf, word } from './machines.ts';
import { contentOf } from './read-answer.ts';
import { setStage } from './stage.ts';

/** 950 kB: just below what one event may have. */
const large = word('x'.repeat(950_000));
const endless = streamOf(roleEvent, ...Array.from({ length: 70 }, () => large), finishEvent, doneEvent);

test('an answer put together from a stream is given up beyond 64 MB, and somebody else is asked', async (t) => {
  const { under } = await setStage(t, { machines: { one: { does: endless, assemble: true }, two: answers('from two') } });
  const answer = await under.ask({ stream: false }).done;
  assert.equal(contentOf(answer), 'from two');
  assert.deepEqual(
    under.terminals[0]?.attempts.map(({ target, result }) => [target, result]),
    [
      ['one/m', 'failed'],
      ['two/m', 'answered'],
    ],
  );
});

test('so is a stream that is held to its end', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: endless, two: answers('from two') },
    profiles: { careful: { commit: 'end' } },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(contentOf(answer), 'from two');
});

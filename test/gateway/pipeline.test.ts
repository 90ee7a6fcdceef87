/** The whole way of a request, from its body to its record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, asksStream } from './machines.ts';
import { contentOf, doneCount, usageOf } from './read-answer.ts';
import { setStage } from './stage.ts';

test('a streamed answer reaches the caller byte for byte', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: answers(['Hello', ' there']) } });
  const answer = await under.ask({ stream: true, stream_options: { include_usage: true } }).done;
  assert.equal(answer.status, 200);
  assert.equal(contentOf(answer), 'Hello there');
  assert.equal(doneCount(answer), 1);
  assert.equal(usageOf(answer)?.completion_tokens, 3);
  assert.ok(asksStream(machines.one.request(0)));
  const [terminal] = under.terminals;
  assert.equal(terminal?.result, 'ok');
  assert.equal(terminal?.verdict, 'ok');
  assert.equal(terminal?.servedBy, 'one/m');
  assert.deepEqual(terminal?.usage, { input: 12, output: 3, cachedInput: null, reasoning: null });
});

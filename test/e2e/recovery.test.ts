/** A machine's command in a running house: from the policy through the operator's socket to the record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readView } from '#test/record/read-view.ts';
import { answering } from './model-server.ts';
import { startHouseOnLoopback } from './running-house.ts';

test('the operator has a machine recovered; the machine is looked at at once, the run recorded', async (t) => {
  const lab = await startHouseOnLoopback(
    t,
    { spark: { does: answering({}) }, tower: { does: answering({}) } },
    ({ spark, tower }) => `
version: 1
house: lab
upstreams:
  spark:
    kind: vllm
    url: ${spark}
    slots: 1
    recover: { command: [sh, -c, 'echo "$GATEHOUSE_UPSTREAM is back"'] }
    models: { spark: { context: 8k } }
  tower: { kind: vllm, url: ${tower}, slots: 1, models: { tower: { context: 8k } } }
routes:
  chat: { target: spark, failover: tower }
`,
  );
  const asked = (): number => lab.machines.spark.server.requests.length;
  await lab.untilTold(({ happening }) => happening.type === 'upstream' && happening.upstream === 'spark' && happening.state === 'up');
  const before = asked();
  const recovered = await lab.operator('POST', '/admin/recover/spark', { command: ['false'] });
  assert.deepEqual(
    { ...JSON.parse(recovered.text), durationMs: 0 },
    {
      upstream: 'spark',
      by: 'operator',
      outcome: 'done',
      exitCode: 0,
      durationMs: 0,
    },
  );
  const [line] = readView(lab.folder, 'recovery-events');
  assert.equal(JSON.parse(line ?? '').output, 'spark is back\n');
  while (asked() === before) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await lab.operator('POST', '/admin/recover/spark')).status, 429);
  assert.equal((await lab.operator('POST', '/admin/recover/tower')).status, 400);
  assert.ok(lab.decisions().some((step) => step.type === 'admin' && step.action === 'recover' && step.subject === 'spark'));
});

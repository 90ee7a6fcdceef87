/** What a call cost, in its record: tokens at the model's price, the machine's energy for its share of the time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.ts';
import { answers, doneEvent, finishEvent, gate, roleEvent, streamOf, usageEvent, word } from './machines.ts';
import { setStage } from './stage.ts';

const cost = { currency: 'EUR', per_kwh: 0.36, compare: { input: 3, output: 15 } };

test('an answer of the house costs its energy, and says what it would have cost elsewhere', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    cost,
    machines: { one: { watts: 500, does: streamOf(roleEvent, gate(), word('x'), finishEvent, usageEvent, doneEvent) } },
  });
  const asked = under.ask({ stream: true });
  await machines.one.nextRequest();
  await clock.advance(10_000);
  machines.one.open('go');
  await asked.done;
  const [terminal] = under.terminals;
  assert.equal(terminal?.attempts[0]?.busyMs, 10_000);
  // 500 W for 10 s are 5,000 Ws; at 0.36 a kWh that is 0.0005.
  assert.deepEqual([terminal.energyMws, terminal.costNano], [5_000_000, 500_000]);
  // 12 tokens in, 3 out.
  assert.equal(terminal.compareNano, 12 * 3_000 + 3 * 15_000);
});

test('an answer from a cloud costs its tokens, and is compared with nothing', async (t) => {
  const { under } = await setStage(t, {
    cost,
    machines: { far: { does: answers('hi'), location: 'cloud', models: { m: { context: '32k', price: { input: 1, output: 2 } } } } },
    profiles: { open: { tier: 'cloud-explicit' } },
  });
  await under.ask().done;
  const [terminal] = under.terminals;
  assert.deepEqual([terminal?.energyMws, terminal?.costNano, terminal?.compareNano], [null, 12 * 1_000 + 3 * 2_000, null]);
});

test('a failed attempt that had begun to answer is paid for too; one that was never sent is not', async (t) => {
  const price = { input: 1, output: 2 };
  const { under } = await setStage(t, {
    machines: {
      shut: { does: [{ do: 'fin' }], location: 'cloud', models: { m: { context: '32k', price } } },
      cut: { does: streamOf(roleEvent, '\n', { do: 'rst' }), location: 'cloud', models: { m: { context: '32k', price } } },
      far: { does: answers('hi'), location: 'cloud', models: { m: { context: '32k', price } } },
    },
    profiles: { open: { tier: 'cloud-explicit' } },
  });
  await under.ask({ stream: true }).done;
  const [terminal] = under.terminals;
  const known = terminal?.attempts.map((attempt) => attempt.costNano) ?? [];
  assert.equal(
    terminal?.costNano,
    known.reduce<number>((sum, each) => sum + (each ?? 0), 0),
  );
  assert.equal(known.at(-1), 12 * 1_000 + 3 * 2_000);
});

test('without a tariff, a price or watts nothing is known, and nothing is made up', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('hi') } });
  await under.ask().done;
  const [terminal] = under.terminals;
  assert.deepEqual([terminal?.energyMws, terminal?.costNano, terminal?.compareNano], [null, null, null]);
});

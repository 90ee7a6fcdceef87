/** A real Prometheus scrapes a real house, and answers every query of the dashboard. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { answering, gatedStream } from '#test/e2e/model-server.ts';
import { rawAnswer, rawExchange } from '#test/e2e/raw-exchange.ts';
import { startHouseOnLoopback } from '#test/e2e/running-house.ts';
import type { HouseOnLoopback } from '#test/e2e/running-house.ts';
import { serverErrorScript } from '#upstreams/scripted/refusal-script.ts';
import { metricsIn, queriesOf, readDashboard } from './dashboard.ts';
import { familiesIn } from './families.ts';
import { lacksPrometheus, startPrometheus } from './prometheus.ts';

// A machine that runs every change must run this too.
const skip = lacksPrometheus !== null && process.env['CI'] !== 'true' ? lacksPrometheus : false;

type Den = HouseOnLoopback<'near' | 'old'>;

const policy = ({ near, old }: { readonly near: string; readonly old: string }): string => `
version: 1
house: den
upstreams:
  near: { kind: vllm, url: ${near}, slots: 1, watts: 450, models: { near: { context: 32k } } }
  old: { kind: vllm, url: ${old}, slots: 2, watts: 90, models: { old: { context: 32k, price: { input: 1.00, output: 2.00 } } } }
routes:
  chat: { target: near }
  shaky: { target: old, failover: [near] }
profiles: { family: { tier: sovereign, wait: 30s } }
cost: { currency: EUR, per_kwh: 0.32, compare: { input: 3.00, output: 15.00 } }
`;

function startDen(t: TestContext): Promise<Den> {
  return startHouseOnLoopback(t, { near: { does: answering({ text: 'well' }) }, old: { does: serverErrorScript() } }, policy);
}

const body = (model: string): object => ({ model, messages: [{ role: 'user', content: 'hello' }] });
const ask = async (den: Den, model: string, key = den.key): Promise<number> =>
  (await rawAnswer(`${den.origin()}/v1/chat/completions`, { key, body: body(model) })).status;

/** Calls of every kind: answered, failed over, waited, refused; says how many of them are recorded. */
async function callsOfEveryKind(den: Den): Promise<number> {
  assert.equal(await ask(den, 'den/chat'), 200);
  assert.equal(await ask(den, 'den/shaky'), 200, 'by the other machine');
  assert.equal(await ask(den, 'den/nowhere'), 404);
  assert.equal(await ask(den, 'den/chat', 'no-key'), 401);
  den.machines.near.server.shut('more');
  den.machines.near.answer(gatedStream('near'));
  const slow = await rawExchange(`${den.origin()}/v1/chat/completions`, { key: den.key, body: { ...body('den/chat'), stream: true } });
  await slow.until('first');
  den.machines.near.answer(answering({ text: 'well' }));
  const waits = ask(den, 'den/chat');
  await untilWaiting(den);
  den.machines.near.server.open('more');
  assert.ok((await slow.ended).proper);
  assert.equal(await waits, 200);
  return 5;
}

async function untilWaiting(den: Den): Promise<void> {
  let waiting = 0;
  while (waiting === 0) ({ waiting } = JSON.parse((await rawAnswer(`${den.origin()}/stats`, { key: den.key })).text));
}

test('every query of the dashboard has an answer from a house that has been used', { skip, timeout: 120_000 }, async (t) => {
  assert.equal(lacksPrometheus, null);
  const den = await startDen(t);
  // Its end signs a checkpoint, which otherwise comes after a minute.
  await den.restart();
  const prometheus = await startPrometheus(t, { target: `127.0.0.1:${den.port()}`, key: den.key });
  await prometheus.until('up{job="gatehouse"}', ([one]) => one?.value === 1);
  // A rate wants two scrapes of each series, so everything happens in each of two.
  let recorded = 0;
  for (let round = 0; round < 2; round++) {
    recorded += await callsOfEveryKind(den);
    const wanted = recorded;
    await prometheus.until('sum(gatehouse_requests_total)', ([all]) => all?.value === wanted);
  }

  const { text: exposition } = await rawAnswer(`${den.origin()}/metrics`, { key: den.key });
  const families = familiesIn(exposition);
  const dashboard = readDashboard();
  const queries = queriesOf(dashboard);
  assert.ok(queries.length > 40);
  for (const { panel, expr, legend } of queries) {
    for (const name of metricsIn(expr)) assert.ok(families.has(name), `${panel}: there is no ${name}`);
    const first = await prometheus.query(expr);
    assert.equal(first.status, 'success', `${panel}: ${expr}: ${first.error}`);
    // One scrape that came too late leaves a gap, and the next one fills it.
    const series = first.series.length > 0 ? first.series : await prometheus.until(expr, ({ length }) => length > 0);
    for (const { metric, value } of series) {
      assert.ok(!Number.isNaN(value), `${panel}: ${expr} is no number`);
      // What stands for nothing (`or vector(0)`) has no labels at all.
      const bare = Object.keys(metric).length === 0 && expr.includes('or vector(0)');
      for (const label of legend) assert.ok(bare || metric[label], `${panel}: ${expr} has no ${label}`);
    }
  }
  for (const { type, definition = '' } of dashboard.templating.list.filter((each) => each.type === 'query')) {
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
    assert.deepEqual(await prometheus.labelValues(metric, label), [`127.0.0.1:${den.port()}`], `${type}: ${definition}`);
  }

  const value = async (expr: string): Promise<number | undefined> => (await prometheus.query(expr)).series[0]?.value;
  assert.equal(await value('gatehouse_requests_total{route="chat", upstream="near", result="ok"}'), 6);
  assert.equal(await value('gatehouse_requests_total{route="shaky", upstream="near", result="ok"}'), 2);
  assert.equal(await value('sum(gatehouse_requests_total{code="model_not_found"})'), 2);
  assert.equal(await value('gatehouse_refused_total{code="key_unknown"}'), 2);
  assert.equal(await value('gatehouse_wait_seconds_count{route="chat"}'), 2);
  assert.ok(((await value('gatehouse_failovers_total{upstream="old"}')) ?? 0) > 0);
  assert.ok(((await value('gatehouse_cost_total{route="chat", upstream="near", currency="EUR"}')) ?? 0) > 0);
  assert.ok(((await value('gatehouse_energy_joules_total{route="chat", upstream="near"}')) ?? 0) > 0);
  assert.equal(await value('gatehouse_record_writable'), 1);
  assert.ok(((await value('gatehouse_record_entries_total')) ?? 0) >= 2 * recorded);

  const tool = spawnSync('promtool', ['check', 'metrics'], { input: exposition, encoding: 'utf8' });
  if (tool.error) return t.diagnostic('promtool is not installed');
  assert.deepEqual([tool.status, tool.stdout, tool.stderr], [0, '', '']);
});

test('the dashboard can be read: every panel says what it shows, and none lies on another', () => {
  const { panels, schemaVersion } = readDashboard();
  assert.ok(schemaVersion >= 39);
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { type, title, description, gridPos, targets = [] } of panels) {
    assert.ok(title.length > 0);
    if (type !== 'row') assert.ok(description && targets.length > 0, title);
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} lies on another`);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

/** The page of metrics and the dashboard against what is exposed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '#scripts/tree.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { readProcess } from '#telemetry/process-figures.ts';
import { metricsIn, queriesOf, readDashboard } from './dashboard.ts';
import { familiesIn } from './families.ts';
import type { SeenFamily } from './families.ts';

const usage = { input: 1, output: 1, cachedInput: null, reasoning: null };

/** Metrics of a house in which everything has happened once. */
function everything(): ReadonlyMap<string, SeenFamily> {
  const metrics = new Metrics(() => 'EUR');
  const spent = { usage, busyMs: 1, costNano: 1, energyMws: 1, firstTokenMs: 1 };
  const attempts = [
    attemptWith({ ...spent, target: 'far/m', result: 'flaky' }),
    attemptWith({ ...spent, target: 'far/m', result: 'failed' }),
    attemptWith({ ...spent, target: 'near/m' }),
  ];
  const walks = [[{ type: 'waited', ms: 1, reading: null }]] as const;
  const terminal = terminalWith({ attempts, walks, servedBy: 'near/m', firstByteMs: 1, compareNano: 1 });
  metrics.observe({ type: 'request', intent: intentWith(), terminal });
  metrics.observe({ type: 'refused', code: 'key_missing' });
  metrics.observe({ type: 'alarm', upstream: 'far', message: 'it refused our key' });
  metrics.observe({ type: 'policy', hash: 'abc', outcome: 'loaded' });
  metrics.observe({ type: 'recovery', upstream: 'far', by: 'watchdog', outcome: 'done', exitCode: 0 });
  metrics.commitSeconds.observe([], 0.001);
  metrics.recordRefused.add([]);
  const house = {
    policyHash: 'abc',
    waiting: 0,
    active: 0,
    pools: [{ name: 'near', inUse: 0, slots: 1 }],
    upstreams: [{ name: 'near', up: true, drained: false }],
    record: { writable: true, entries: 1, pruned: 0, checkpointAgeSeconds: 1, files: [{ name: 'record.db', bytes: 1 }], freeBytes: 1 },
    traces: { exported: 0, dropped: 0, waiting: 0 },
  };
  return familiesIn(metrics.text(house, readProcess()));
}

test('the page of metrics names every metric with its type and its labels, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  const written = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| .+ \|$/gm)].map(
    ([, name = '', type = '', labels = '']) => `${name} ${type} ${labels.replaceAll('`', '')}`,
  );
  const known = [...everything()].map(([name, { type, labels }]) => {
    assert.ok(labels, `${name} has no sample here`);
    return `${name} ${type} ${labels.join(', ')}`;
  });
  assert.ok(known.length > 35);
  assert.deepEqual(written.toSorted(), known.toSorted());
});

test('the dashboard shows every metric, and reads no other', () => {
  const shown = new Set(queriesOf(readDashboard()).flatMap(({ expr }) => metricsIn(expr)));
  assert.deepEqual([...shown].toSorted(), [...everything().keys()].toSorted());
});

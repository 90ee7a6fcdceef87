import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecordUnavailable } from '#store/ports.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { Counter, Histogram, familyText } from './exposition.ts';
import type { HouseFigures } from './house-figures.ts';
import { measuredStore } from './measured-store.ts';
import { Metrics } from './metrics.ts';

import { readProcess } from './process-figures.ts';
import type { ProcessFigures } from './process-figures.ts';
import { statsOf } from './stats.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface ParsedFamily {
  readonly type: string;
  /** Samples by name; a histogram has three. */
  readonly samples: Map<string, Sample[]>;
}

const nameShape = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const pair = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const sampleLine = new RegExp(`^(${nameShape})(?:\\{(${pair}(?:,${pair})*)\\})? ([+-]?(?:Inf|[0-9.]+(?:e[+-]?[0-9]+)?))$`);

/** Reads the text format and is strict about it: order, one HELP and one TYPE per family, no series twice, whole histograms. */
function parse(text: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  let current: { name: string; family: ParsedFamily } | null = null;
  let helped: string | null = null;
  const seen = new Set<string>();
  assert.ok(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) {
    const help = new RegExp(`^# HELP (${nameShape}) .+$`).exec(line);
    const type = new RegExp(`^# TYPE (${nameShape}) (counter|gauge|histogram)$`).exec(line);
    if (help) {
      helped = help[1] ?? '';
      assert.ok(!families.has(helped), `${helped} comes twice`);
    } else if (type) {
      const [, name = '', kind = ''] = type;
      assert.equal(helped, name, 'HELP stands right before TYPE');
      current = { name, family: { type: kind, samples: new Map() } };
      families.set(name, current.family);
    } else {
      const found = sampleLine.exec(line);
      assert.ok(found && current, `no line of this format: ${line}`);
      const [, name = '', pairs = '', value = ''] = found;
      const own =
        current.family.type === 'histogram' ? ['_bucket', '_sum', '_count'].map((ending) => current?.name + ending) : [current.name];
      assert.ok(own.includes(name), `${name} stands under ${current.name}`);
      const sample = { labels: labelsOf(pairs), value: Number(value.replace('Inf', 'Infinity')) };
      assert.ok(!seen.has(name + keyOf(sample.labels)), `${line} comes twice`);
      seen.add(name + keyOf(sample.labels));
      const known = current.family.samples.get(name) ?? [];
      known.push(sample);
      current.family.samples.set(name, known);
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function labelsOf(pairs: string): Record<string, string> {
  const entries = [...pairs.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)];
  const labels = entries.map(([, name = '', value = '']): [string, string] => [
    name,
    value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)),
  ]);
  assert.equal(new Set(labels.map(([name]) => name)).size, labels.length, 'a label comes once');
  return Object.fromEntries(labels);
}

function same(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.keys(labels)
      .toSorted()
      .map((name) => [name, labels[name]]),
  );
}

function checkHistogram(name: string, family: ParsedFamily): void {
  for (const count of family.samples.get(`${name}_count`) ?? []) {
    const buckets = (family.samples.get(`${name}_bucket`) ?? []).filter(({ labels }) =>
      same({ ...labels, le: '' }, { ...count.labels, le: '' }),
    );
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('Inf', 'Infinity')));
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      'bounds rise',
    );
    assert.equal(bounds.at(-1), Infinity);
    const values = buckets.map(({ value }) => value);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      'buckets are cumulative',
    );
    assert.equal(values.at(-1), count.value);
    assert.ok((family.samples.get(`${name}_sum`) ?? []).some(({ labels }) => same(labels, count.labels)));
  }
}

const ours: ProcessFigures = { uptimeSeconds: 12.4, cpuSeconds: 1.5, residentBytes: 1e8, heapUsedBytes: 2e7, eventLoopActiveSeconds: 0.7 };
const house: HouseFigures = {
  policyHash: 'abc',
  waiting: 3,
  active: 5,
  pools: [
    { name: 'spark', inUse: 2, slots: 4 },
    { name: 'far', inUse: 1, slots: null },
  ],
  upstreams: [
    { name: 'spark', up: true, drained: false },
    { name: 'far', up: false, drained: true },
  ],
  record: {
    writable: true,
    entries: 812,
    pruned: 40,
    checkpointAgeSeconds: 12.5,
    files: [{ name: 'record.db', bytes: 1e6 }],
    freeBytes: 1e9,
  },
  traces: { exported: 7, dropped: 2, waiting: 1 },
};

function valueOf(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = [...families.values()].find(({ samples }) => samples.has(name));
  return family?.samples.get(name)?.find((sample) => same(sample.labels, labels))?.value;
}

const usage = (input: number, output: number): { input: number; output: number; cachedInput: null; reasoning: null } => ({
  input,
  output,
  cachedInput: null,
  reasoning: null,
});

/** One answer after a busy machine, one refusal without a route, one early refusal. */
function someMetrics(): Metrics {
  const metrics = new Metrics(() => 'EUR');
  const attempts = [
    attemptWith({ target: 'far/m', result: 'busy', usage: null }),
    attemptWith({ target: 'spark/m', result: 'answered', usage: usage(812, 96) }),
  ];
  metrics.observe({
    type: 'request',
    intent: intentWith(),
    terminal: terminalWith({ attempts, servedBy: 'spark/m', durationMs: 1_200, firstByteMs: 80 }),
  });
  const refused = terminalWith({ result: 'refused', status: 404, code: 'model_not_found', verdict: null, durationMs: 2 });
  metrics.observe({ type: 'request', intent: intentWith({ facts: null, decision: null }), terminal: refused });
  metrics.observe({ type: 'request', intent: null, terminal: refused });
  metrics.observe({ type: 'refused', code: 'key_missing' });
  metrics.observe({ type: 'alarm', upstream: 'far', message: 'it refused our key' });
  metrics.observe({ type: 'policy', hash: 'abc', outcome: 'loaded' });
  metrics.observe({ type: 'upstream', upstream: 'far', state: 'ejected', cause: 'connection refused' });
  return metrics;
}

test('requests, attempts, refusals, tokens and times are counted and well-formed', () => {
  const families = parse(someMetrics().text(house, ours));
  const of = (name: string, labels?: Record<string, string>): number | undefined => valueOf(families, name, labels);
  assert.equal(of('gatehouse_requests_total', { route: 'general', upstream: 'spark', result: 'ok', code: 'none' }), 1);
  assert.equal(of('gatehouse_requests_total', { route: 'none', upstream: 'none', result: 'refused', code: 'model_not_found' }), 2);
  assert.equal(of('gatehouse_attempts_total', { upstream: 'far', result: 'busy' }), 1);
  assert.equal(of('gatehouse_attempts_total', { upstream: 'spark', result: 'answered' }), 1);
  assert.equal(of('gatehouse_refused_total', { code: 'key_missing' }), 1);
  assert.equal(of('gatehouse_tokens_total', { upstream: 'spark', direction: 'input' }), 812);
  assert.equal(of('gatehouse_tokens_total', { upstream: 'spark', direction: 'output' }), 96);
  assert.equal(of('gatehouse_alarms_total', { upstream: 'far' }), 1);
  assert.equal(of('gatehouse_request_seconds_bucket', { route: 'general', le: '1' }), 0);
  assert.equal(of('gatehouse_request_seconds_bucket', { route: 'general', le: '2.5' }), 1);
  assert.equal(of('gatehouse_request_seconds_sum', { route: 'general' }), 1.2);
  assert.equal(of('gatehouse_first_byte_seconds_count', { route: 'general' }), 1);
  assert.equal(of('gatehouse_first_byte_seconds_count', { route: 'none' }), undefined);
});

test('money, energy, verdicts, second tries and the queue are counted', () => {
  const metrics = new Metrics(() => 'EUR');
  const attempts = [
    attemptWith({ target: 'far/m', result: 'flaky', verdict: null, firstTokenMs: null, costNano: 1, busyMs: null, energyMws: null }),
    attemptWith({ target: 'far/m', result: 'failed', verdict: 'empty', firstTokenMs: 40, costNano: 2, busyMs: 250, energyMws: null }),
    attemptWith({ target: 'spark/m', result: 'answered', verdict: 'ok', firstTokenMs: 300, costNano: 1e8, busyMs: 500, energyMws: 1_500 }),
  ];
  const waited = { type: 'waited', ms: 400, reading: null } as const;
  const terminal = terminalWith({ attempts, servedBy: 'spark/m', compareNano: 7e8, walks: [[waited], [waited]] });
  for (let at = 0; at < 3; at++) metrics.observe({ type: 'request', intent: intentWith(), terminal });
  metrics.observe({ type: 'recovery', upstream: 'far', by: 'watchdog', outcome: 'started', exitCode: null });
  metrics.observe({ type: 'recovery', upstream: 'far', by: 'watchdog', outcome: 'done', exitCode: 0 });
  const families = parse(metrics.text(house, ours));
  const of = (name: string, labels?: Record<string, string>): number | undefined => valueOf(families, name, labels);
  assert.equal(of('gatehouse_cost_total', { route: 'general', upstream: 'spark', currency: 'EUR' }), 0.3, 'without the dust of fractions');
  assert.equal(of('gatehouse_cost_total', { route: 'general', upstream: 'far', currency: 'EUR' }), 9e-9);
  assert.equal(of('gatehouse_compare_cost_total', { route: 'general', currency: 'EUR' }), 2.1);
  assert.equal(of('gatehouse_energy_joules_total', { route: 'general', upstream: 'spark' }), 4.5);
  assert.equal(of('gatehouse_busy_seconds_total', { upstream: 'spark' }), 1.5);
  assert.equal(of('gatehouse_verdicts_total', { upstream: 'far', verdict: 'empty' }), 3);
  assert.equal(of('gatehouse_verdicts_total', { upstream: 'spark', verdict: 'ok' }), 3);
  assert.equal(of('gatehouse_retries_total', { upstream: 'far' }), 3);
  assert.equal(of('gatehouse_failovers_total', { upstream: 'far' }), 3);
  assert.equal(of('gatehouse_failovers_total', { upstream: 'spark' }), undefined);
  assert.equal(of('gatehouse_first_token_seconds_bucket', { upstream: 'spark', le: '0.25' }), 0);
  assert.equal(of('gatehouse_first_token_seconds_bucket', { upstream: 'spark', le: '0.5' }), 3);
  assert.equal(of('gatehouse_wait_seconds_bucket', { route: 'general', le: '0.5' }), 0, 'the waits of one request are one');
  assert.equal(of('gatehouse_wait_seconds_count', { route: 'general' }), 3);
  assert.equal(of('gatehouse_recoveries_total', { upstream: 'far', outcome: 'done' }), 1);
  assert.equal(of('gatehouse_recoveries_total', { upstream: 'far', outcome: 'started' }), undefined);
});

test('without a currency the money has none', () => {
  const metrics = new Metrics(() => '');
  const attempts = [attemptWith({ target: 'spark/m', costNano: 5e8 })];
  metrics.observe({ type: 'request', intent: intentWith(), terminal: terminalWith({ attempts, servedBy: 'spark/m' }) });
  const families = parse(metrics.text(house, ours));
  assert.equal(valueOf(families, 'gatehouse_cost_total', { route: 'general', upstream: 'spark', currency: 'none' }), 0.5);
});

test('commits are timed, those that were refused counted', async () => {
  const metrics = new Metrics(() => 'EUR');
  let now = 0;
  let fails: Error | null = null;
  const store = measuredStore(
    {
      commit: async () => {
        now += 3;
        if (fails) throw fails;
      },
      writable: () => true,
      close: async () => {},
    },
    () => now,
    { took: (seconds) => metrics.commitSeconds.observe([], seconds), refused: () => metrics.recordRefused.add([]) },
  );
  await store.commit([]);
  fails = new RecordUnavailable('no room');
  await assert.rejects(store.commit([]), RecordUnavailable);
  fails = new TypeError('a fault of our own');
  await assert.rejects(store.commit([]), TypeError);
  const families = parse(metrics.text(house, ours));
  assert.equal(valueOf(families, 'gatehouse_record_commit_seconds_count'), 1);
  assert.equal(valueOf(families, 'gatehouse_record_commit_seconds_sum'), 0.003);
  assert.equal(valueOf(families, 'gatehouse_record_refused_total'), 1);
});

test('the house and the process are read when they are asked for', () => {
  const families = parse(new Metrics(() => 'EUR').text(house, ours));
  const of = (name: string, labels?: Record<string, string>): number | undefined => valueOf(families, name, labels);
  assert.equal(of('gatehouse_slots_in_use', { pool: 'spark' }), 2);
  assert.equal(of('gatehouse_slots', { pool: 'spark' }), 4);
  assert.equal(of('gatehouse_slots', { pool: 'far' }), Infinity);
  assert.equal(of('gatehouse_upstream_up', { upstream: 'spark' }), 1);
  assert.equal(of('gatehouse_upstream_up', { upstream: 'far' }), 0);
  assert.equal(of('gatehouse_waiting'), 3);
  assert.equal(of('gatehouse_calls_under_way'), 5);
  assert.equal(of('gatehouse_upstream_drained', { upstream: 'far' }), 1);
  assert.equal(of('gatehouse_record_writable'), 1);
  assert.equal(of('gatehouse_record_entries_total'), 812);
  assert.equal(of('gatehouse_record_pruned_entries_total'), 40);
  assert.equal(of('gatehouse_record_checkpoint_age_seconds'), 12.5);
  assert.equal(of('gatehouse_record_size_bytes', { file: 'record.db' }), 1e6);
  assert.equal(of('gatehouse_record_free_bytes'), 1e9);
  assert.equal(of('gatehouse_traces_exported_total'), 7);
  assert.equal(of('gatehouse_traces_dropped_total'), 2);
  assert.equal(of('gatehouse_traces_waiting'), 1);
  assert.equal(of('gatehouse_policy_info', { hash: 'abc' }), 1);
  assert.equal(of('process_resident_memory_bytes'), 1e8);
  assert.equal(of('gatehouse_event_loop_active_seconds_total'), 0.7);
});

test('an estimate counts where the server did not', () => {
  const metrics = new Metrics(() => 'EUR');
  const terminal = terminalWith({
    servedBy: 'spark/m',
    usage: { ...usage(10, 0), output: null },
    usageEstimated: true,
    attempts: [attemptWith({ target: 'spark/m' })],
  });
  metrics.observe({ type: 'request', intent: intentWith(), terminal });
  const families = parse(metrics.text(house, ours));
  assert.equal(valueOf(families, 'gatehouse_tokens_total', { upstream: 'spark', direction: 'input' }), 10);
});

test('nothing a caller sends becomes a label', () => {
  const metrics = new Metrics(() => 'EUR');
  const marks = [
    'sent-model',
    'sent-route',
    'sent-hint',
    'sent-session',
    'sent-task',
    'sent-principal',
    'sent-id',
    'sent-message',
    'sent-detail',
  ];
  const plain = intentWith();
  assert.ok(plain.facts);
  const intent = intentWith({
    id: 'sent-id',
    task: 'sent-task',
    principal: 'sent-principal',
    facts: { ...plain.facts, model: 'sent-model', routeHeader: 'sent-route', routeHint: 'sent-hint', session: 'sent-session' },
  });
  const terminal = terminalWith({
    id: 'sent-id',
    message: 'sent-message',
    attempts: [attemptWith({ detail: 'sent-detail', model: 'sent-model', changes: ['sent-model'] })],
  });
  metrics.observe({ type: 'request', intent, terminal });
  const all = metrics.text(house, ours) + JSON.stringify(statsOf(metrics, house, ours));
  for (const mark of marks) assert.ok(!all.includes(mark), mark);
});

test('label values survive whatever is in them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }),
      fc.constantFrom('a"b', 'c\\', 'd\n', '\\n', '"},x="'),
      (values, odd) => {
        const counter = new Counter({ name: 'c_total', help: 'A \\ and\na line.', labels: ['l'] });
        // A carriage return is no line end of this format, but this parser's regular expressions think so of other separators.
        const wanted = new Set([...values, odd].map((value) => value.replaceAll(/[\r\u2028\u2029]/g, '')));
        for (const value of wanted) counter.add([value]);
        const samples = parse(counter.text()).get('c_total')?.samples.get('c_total') ?? [];
        assert.deepEqual(new Set(samples.map(({ labels }) => labels['l'])), wanted);
      },
    ),
  );
});

test('a family with too many series counts the rest together', () => {
  const counter = new Counter({ name: 'c_total', help: 'c', labels: ['a', 'b'] });
  for (let at = 0; at < 3_000; at++) counter.add([`v${at}`, 'x']);
  counter.add(['v0', 'x']);
  const samples = parse(counter.text()).get('c_total')?.samples.get('c_total') ?? [];
  assert.equal(samples.length, 1_001);
  assert.equal(samples.find(({ labels }) => labels['a'] === 'v0')?.value, 2);
  assert.equal(samples.find(({ labels }) => labels['a'] === 'other')?.value, 2_000);
  assert.equal(counter.sum(), 3_001);
});

test('what is no measurement is left out', () => {
  const counter = new Counter({ name: 'c_total', help: 'c', labels: [] });
  for (const by of [-1, 0, Number.NaN, Infinity]) counter.add([], by);
  assert.equal(counter.sum(), 0);
  const histogram = new Histogram({ name: 'h', help: 'h', labels: [] }, [1, 2]);
  for (const value of [-1, Number.NaN, Infinity]) histogram.observe([], value);
  assert.equal(parse(histogram.text()).get('h')?.samples.size, 0);
  assert.equal(histogram.boundOf(0.5), null);
});

test('a histogram puts a value on a bound below it and says where most lie', () => {
  const histogram = new Histogram({ name: 'h', help: 'h', labels: ['l'] }, [1, 2, 4]);
  for (const [label, value] of [
    ['a', 0],
    ['a', 1],
    ['b', 2],
    ['b', 100],
  ] as const)
    histogram.observe([label], value);
  const families = parse(histogram.text());
  assert.equal(valueOf(families, 'h_bucket', { l: 'a', le: '1' }), 2);
  assert.equal(valueOf(families, 'h_bucket', { l: 'b', le: '1' }), 0);
  assert.equal(valueOf(families, 'h_bucket', { l: 'b', le: '4' }), 1);
  assert.equal(valueOf(families, 'h_count', { l: 'b' }), 2);
  assert.deepEqual([histogram.boundOf(0.5), histogram.boundOf(0.75), histogram.boundOf(0.95)], [1, 2, 4]);
});

test('the parser of these tests is strict', () => {
  const good = familyText({ name: 'g', help: 'g', labels: ['l'] }, 'gauge', [{ values: ['x'], value: 1 }]);
  parse(good);
  for (const bad of [
    good + good,
    `${good}g{l="x"} 1\n`,
    `${good}other 1\n`,
    `${good}g{l="a"b"} 1\n`,
    `${good}g{l="y"} one\n`,
    good.slice(0, -1),
    'g 1\n',
  ]) {
    assert.throws(() => parse(bad), assert.AssertionError, bad);
  }
  const buckets = '# HELP h h\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n';
  assert.throws(() => parse(buckets), assert.AssertionError);
});

test('stats say the same for people', () => {
  const stats = statsOf(someMetrics(), house, ours);
  assert.deepEqual(stats, {
    uptimeSeconds: 12,
    policy: 'abc',
    waiting: 3,
    requests: { total: 3, ok: 1, refused: 2, failed: 0, cancelled: 0, refusedEarly: 1 },
    seconds: { p50: 0.05, p95: 2.5, firstByteP50: 0.1, firstByteP95: 0.1 },
    routes: { general: { requests: 1, ok: 1 }, none: { requests: 2, ok: 0 } },
    upstreams: {
      spark: { up: true, served: 1, attempts: { answered: 1 }, inputTokens: 812, outputTokens: 96 },
      far: { up: false, served: 0, attempts: { busy: 1 }, inputTokens: 0, outputTokens: 0 },
    },
    pools: { spark: { inUse: 2, slots: 4 }, far: { inUse: 1, slots: null } },
    errors: { model_not_found: 2, key_missing: 1 },
    process: ours,
  });
});

test('the process says what it uses', () => {
  const figures = readProcess();
  for (const [name, value] of Object.entries(figures)) assert.ok(Number.isFinite(value) && value >= 0, name);
  assert.ok(figures.residentBytes > figures.heapUsedBytes / 2);
});

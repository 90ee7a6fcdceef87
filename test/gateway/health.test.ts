/** What the house learns of its machines from calls and probes, and what it does with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Prober } from '#gateway/prober.ts';
import { healthScript, modelListScript } from '#upstreams/scripted/catalogue-script.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { loadingScript } from '#upstreams/scripted/refusal-script.ts';
import { FakeClock, turns, until } from './fake-clock.ts';
import type { HouseUnderTest } from './house-under-test.ts';
import { answers, gate, inTurn, streamOf } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

interface Probed {
  health: ReturnType<typeof healthScript>;
  models: readonly { readonly name: string; readonly context?: number }[];
}

/** A machine that also answers probes. */
function probed(state: Probed, chat: ScriptHandler): ScriptHandler {
  return (request) =>
    request.path === '/health' ? state.health : request.path === '/v1/models' ? modelListScript(state.models) : chat(request);
}

function proberOf(t: TestContext, under: HouseUnderTest, looked: string[] = [], stillOut: string[] = []): Prober {
  const { house, fleet, dialer, clock } = under;
  const prober = new Prober({
    tables: () => house.tables(),
    fleet,
    dialer,
    resolve: (name) => {
      looked.push(name);
      return dialer.resolve(name);
    },
    kindOf: (kind) => house.kindOf(kind),
    clock,
    stillOut: (name) => void stillOut.push(name),
  });
  t.after(() => prober.stop());
  return prober;
}

const well = (): Probed => ({ health: healthScript(), models: [{ name: 'm' }] });
const ask = (under: HouseUnderTest, text: string, principal = 'k_1') =>
  under.ask({ messages: [{ role: 'user', content: text }] }, { principal }).done;
const stateOf = (under: HouseUnderTest, name: string) => under.fleet.snapshot(name)?.state;

test('a refused connection takes the machine out at once: the next request does not dial it', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: answers('from one'), two: answers('from two') } });
  await machines.one.refuse();
  await ask(under, 'first');
  assert.equal(stateOf(under, 'one'), 'ejected');
  await machines.one.listen();
  assert.equal(contentOf(await ask(under, 'second')), 'from two');
  assert.equal(machines.one.connectionCount, 0);
  assert.deepEqual(
    under.terminals[1]?.walks[0]?.flatMap((event) => (event.type === 'observed' ? event.readings.map(({ why }) => why) : [])),
    ['ejected', 'up'],
  );
});

test('a route of one machine that is down says so, since when, and when it is looked at again', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { spark: answers('x') } });
  await machines.spark.refuse();
  await ask(under, 'first');
  await clock.advance(12_000);
  const answer = await ask(under, 'second');
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'no_route']);
  assert.match(
    errorOf(answer)?.message ?? '',
    /home\/chat has no machine: spark is down \(connection refused, 12 s ago; next try in 18 s\)\. This route never falls back\./,
  );
});

test('the prober brings it back: 30 s later, after two good probes a second apart', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: probed(well(), answers('from one')), two: probed(well(), answers('from two')) },
  });
  const prober = proberOf(t, under);
  await prober.start();
  assert.equal(stateOf(under, 'one'), 'up');
  await machines.one.refuse();
  machines.one.resetAll();
  await turns();
  assert.equal(contentOf(await ask(under, 'first')), 'from two');
  assert.equal(stateOf(under, 'one'), 'ejected');
  await machines.one.listen();
  const before = machines.one.requests.length;
  await clock.advance(29_000);
  assert.equal(machines.one.requests.length, before, 'not before its time');
  await clock.advance(1_500);
  await until(() => machines.one.requests.length > before);
  await turns();
  assert.equal(stateOf(under, 'one'), 'ejected', 'one good probe is not enough');
  await clock.advance(2_000);
  await until(() => stateOf(under, 'one') === 'up');
  assert.equal(contentOf(await ask(under, 'second')), 'from one');
});

test('the watchdog hears of a machine that is still out, not of one that has only just gone', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: probed(well(), answers('x')) } });
  await machines.one.refuse();
  const stillOut: string[] = [];
  const prober = proberOf(t, under, [], stillOut);
  await prober.start();
  assert.deepEqual([stateOf(under, 'one'), stillOut], ['ejected', []]);
  await clock.advance(31_000);
  await until(() => stillOut.length > 0);
  assert.deepEqual(stillOut, ['one']);
  await machines.one.listen();
  const next = under.fleet.healthOf('one')?.nextProbeAt ?? 0;
  await clock.advance(next - clock.now());
  await until(() => under.fleet.healthOf('one')?.goodProbes === 1);
  await turns();
  assert.deepEqual(stillOut, ['one'], 'what is on its way back is not restarted');
});

test('a machine that stays away is looked at less and less often', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, { clock, machines: { one: answers('x') } });
  await machines.one.refuse();
  const prober = proberOf(t, under);
  await prober.start();
  const next: number[] = [];
  for (let failed = 0; failed < 3; failed++) {
    next.push(Math.round((under.fleet.snapshot('one')?.nextProbeMs ?? 0) / 1000));
    const { nextProbeMs } = under.fleet.snapshot('one') ?? {};
    await clock.advance((nextProbeMs ?? 0) + 1_100);
    await until(() => (under.fleet.snapshot('one')?.nextProbeMs ?? 0) > 10_000);
  }
  assert.deepEqual(
    next,
    [30, 60, 90].map((each) => next.find((got) => Math.abs(got - each) <= 2) ?? each),
  );
  assert.ok((next[0] ?? 0) < (next[1] ?? 0) && (next[1] ?? 0) < (next[2] ?? 0), next.join());
});

test('bad answers of one caller with one body never take a target out; three bodies do', async (t) => {
  const { under, machines } = await setStage(t, { clock: new FakeClock(), machines: { one: answers(''), two: answers('from two') } });
  for (let count = 0; count < 5; count++) await ask(under, 'the same');
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'suspect');
  assert.equal(machines.one.requests.length, 5);
  await ask(under, 'another');
  await ask(under, 'a third');
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'ejected');
  assert.equal(contentOf(await ask(under, 'a fourth')), 'from two');
  assert.equal(machines.one.requests.length, 7);
  assert.equal(stateOf(under, 'one'), 'up', 'the machine is there; its answers are bad');
});

test('two callers do too, and a good answer between clears the target', async (t) => {
  const { under } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: inTurn(answers(''), answers('good'), answers('')), two: answers('from two') },
  });
  const state = () => under.fleet.snapshot('one')?.targets[0]?.state;
  await ask(under, 'q', 'k_1');
  assert.equal(state(), 'suspect');
  await ask(under, 'q', 'k_2');
  assert.equal(state(), 'good');
  await ask(under, 'q', 'k_2');
  assert.equal(state(), 'suspect');
  await ask(under, 'q', 'k_1');
  assert.equal(state(), 'ejected');
});

test('complaints older than a minute do not count', async (t) => {
  const clock = new FakeClock();
  const { under } = await setStage(t, { clock, machines: { one: answers(''), two: answers('x') } });
  await ask(under, 'q', 'k_1');
  await clock.advance(61_000);
  await ask(under, 'q', 'k_2');
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'suspect');
});

test('the last candidate, out for bad answers only, is tried by one request at a time; a good answer brings it back', async (t) => {
  const clock = new FakeClock();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: inTurn(answers(''), answers(''), [gate(), ...streamOf()], answers('well again')) },
  });
  await ask(under, 'q', 'k_1');
  await ask(under, 'q', 'k_2');
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'ejected');
  // A target that was taken out is left alone for a while first.
  await clock.advance(60_000);
  const canary = under.ask();
  await until(() => machines.one.requests.length === 3);
  const other = await ask(under, 'another');
  assert.equal(other.status, 429, 'not now, for the others');
  assert.equal(machines.one.requests.length, 3);
  machines.one.open('go');
  assert.equal((await canary.done).status, 502);
  await clock.advance(600_000);
  assert.equal(contentOf(await ask(under, 'third')), 'well again');
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'good');
});

test('an older request that ends does not let a second canary out', async (t) => {
  const clock = new FakeClock();
  const slow = (name: string) => [gate(name), ...streamOf()];
  const { under, machines } = await setStage(t, {
    clock,
    machines: {
      one: {
        does: inTurn(slow('old'), answers(''), answers(''), slow('canary'), answers('x')),
        clocks: { first_token: '1h', reply: '1h', total: '2h' },
      },
    },
  });
  const old = under.ask({ messages: [{ role: 'user', content: 'old' }] });
  await machines.one.nextRequest();
  await ask(under, 'q', 'k_1');
  await ask(under, 'q', 'k_2');
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'ejected');
  await clock.advance(60_000);
  const canary = under.ask();
  await until(() => machines.one.requests.length === 4);
  machines.one.open('old');
  await old.done;
  await ask(under, 'third');
  assert.equal(machines.one.requests.length, 4);
  machines.one.open('canary');
  await canary.done;
});

test('a model that its server no longer lists is not asked for; when it is back, it is', async (t) => {
  const state = well();
  const { under, machines } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: probed(state, answers('from one')), two: probed(well(), answers('from two')) },
  });
  const prober = proberOf(t, under);
  await prober.round();
  assert.equal(contentOf(await ask(under, 'a')), 'from one');
  state.models = [{ name: 'another' }];
  await prober.round();
  assert.equal(contentOf(await ask(under, 'b')), 'from two');
  state.models = [{ name: 'm:latest' }];
  await prober.round();
  assert.equal(contentOf(await ask(under, 'c')), 'from one', 'a trailing :latest does not count');
  assert.ok(machines.one.requests.every(({ path }) => path !== '/v1/completions'));
});

test('a live window that is smaller than the policy’s counts', async (t) => {
  const state: Probed = { health: healthScript(), models: [{ name: 'm', context: 2_000 }] };
  const { under } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: probed(state, answers('from one')), two: probed(well(), answers('from two')) },
  });
  await proberOf(t, under).round();
  assert.equal(contentOf(await ask(under, 'short')), 'from one');
  assert.equal(contentOf(await ask(under, 'word '.repeat(2_000))), 'from two');
});

test('a machine that says it is loading is not now, and does not lose its first-token clock to it', async (t) => {
  const clock = new FakeClock();
  const state: Probed = { health: loadingScript(), models: [{ name: 'm' }] };
  const { under, machines } = await setStage(t, {
    clock,
    machines: {
      one: {
        does: probed(state, () => [gate(), ...answers('from one')({ json: { stream: true } } as never)]),
        clocks: { first_token: '10s', load: '2m' },
      },
    },
  });
  const prober = proberOf(t, under);
  await prober.round();
  assert.equal(stateOf(under, 'one'), 'loading');
  const answer = await ask(under, 'q');
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'model_loading']);
  state.health = healthScript();
  await prober.round();
  const asked = under.ask({ stream: true });
  await until(() => machines.one.requests.some(({ path }) => path === '/v1/chat/completions'));
  await turns();
  state.health = loadingScript();
  await prober.round();
  await clock.advance(55_000);
  assert.equal(under.terminals.length, 1, 'the clock stands still while the server is loading');
  state.health = healthScript();
  await prober.round();
  await clock.advance(9_000);
  assert.equal(under.terminals.length, 1, 'and a model that has just been loaded has its time');
  machines.one.open('go');
  assert.equal(contentOf(await asked.done), 'from one');
});

test('the load clock bounds even that', async (t) => {
  const clock = new FakeClock();
  const state = well();
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: { does: probed(state, () => [gate()]), clocks: { first_token: '10s', load: '30s' } } },
  });
  const prober = proberOf(t, under);
  const asked = under.ask({ stream: true });
  await until(() => machines.one.requests.length === 1);
  await turns();
  state.health = loadingScript();
  await prober.round();
  await clock.advance(29_000);
  assert.equal(under.terminals.length, 0);
  await clock.advance(2_000);
  assert.equal(errorOf(await asked.done)?.code, 'upstream_stalled');
});

test('no probe goes to a cloud that nobody has missed', async (t) => {
  const { under, machines } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: probed(well(), answers('x')), far: { does: answers('y'), location: 'cloud' } },
    profiles: { roaming: { tier: 'local-first' } },
  });
  await proberOf(t, under).round();
  assert.equal(machines.far.connectionCount, 0);
  assert.equal(machines.one.connectionCount > 0, true);
});

test('a prober that finds nobody takes the machine out before anybody asks', async (t) => {
  const { under, machines } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: answers('x'), two: probed(well(), answers('from two')) },
  });
  await machines.one.refuse();
  await proberOf(t, under).round();
  assert.equal(stateOf(under, 'one'), 'ejected');
  await machines.one.listen();
  assert.equal(contentOf(await ask(under, 'q')), 'from two');
  assert.equal(under.terminals[0]?.attempts.length, 1);
});

test('names are looked up after a connection failed, at most every 30 s; a machine that is well, or that nobody asked, causes no lookup', async (t) => {
  const clock = new FakeClock();
  const looked: string[] = [];
  const { under, machines } = await setStage(t, {
    clock,
    machines: { one: probed(well(), answers('x')), two: probed(well(), answers('y')), far: { does: answers('z'), location: 'cloud' } },
    profiles: { roaming: { tier: 'local-first' } },
  });
  await proberOf(t, under, looked).start();
  await clock.advance(300_000);
  assert.deepEqual(looked, []);
  await machines.one.refuse();
  machines.one.resetAll();
  await turns();
  await ask(under, 'q');
  await clock.advance(29_000);
  assert.deepEqual(looked, []);
  await machines.one.listen();
  await clock.advance(2_000);
  await until(() => looked.length > 0);
  await clock.advance(3_000);
  await until(() => stateOf(under, 'one') === 'up');
  assert.deepEqual(looked, ['one']);
});

/** What every kind of server tells for free, and how its slots come back. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Prober } from '#gateway/prober.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { FakeClock, turns, until } from '#test/gateway/fake-clock.ts';
import type { HouseUnderTest } from '#test/gateway/house-under-test.ts';
import { contentOf } from '#test/gateway/read-answer.ts';
import { forEachKind, stageOf } from './each-kind.ts';
import { pageScript } from './fixture.ts';
import type { KindFixture } from './fixture.ts';

/** A server that answers its free probes, and calls with `does`. */
function probed(pages: () => KindFixture['pages'], does: ScriptHandler): ScriptHandler {
  return (request) => (request.method === 'GET' ? pageScript(pages()[request.path]) : does(request));
}

function proberOf(t: TestContext, under: HouseUnderTest): Prober {
  const { house, fleet, dialer, clock } = under;
  const prober = new Prober({
    tables: () => house.tables(),
    fleet,
    dialer,
    resolve: (name) => dialer.resolve(name),
    kindOf: (name) => house.kindOf(name),
    clock,
  });
  t.after(() => prober.stop());
  return prober;
}

forEachKind('free probes tell what is served and what is done; nothing else is asked', async (t, contracted) => {
  const { kind, server } = contracted;
  const { under, machines } = await stageOf(
    t,
    contracted,
    probed(
      () => server.pages,
      () => [],
    ),
  );
  await proberOf(t, under).start();
  const snapshot = under.fleet.snapshot('one');
  assert.equal(snapshot?.state, 'up');
  assert.deepEqual(snapshot.targets[0]?.listed, server.listed);
  const { askedMs: _, ...load } = snapshot.load ?? { askedMs: 0 };
  assert.deepEqual(snapshot.load === null ? null : load, server.load);
  const declared = [kind.probe.path, kind.catalogue.path, ...(kind.catalogue.elsePaths ?? []), kind.details?.path, kind.load?.path];
  for (const { method, path } of machines.one.requests) {
    assert.equal(method, 'GET');
    assert.ok(declared.includes(path), path);
  }
  for (const path of Object.keys(server.pages)) assert.ok(declared.includes(path), `${path} is read by nobody`);
});

forEachKind('a server without the model is known not to have it', async (t, contracted) => {
  const { server } = contracted;
  const { under, machines } = await stageOf(
    t,
    contracted,
    probed(
      () => server.pages,
      () => [],
    ),
    { machine: { models: { other: { context: '32k' } } } },
  );
  await proberOf(t, under).start();
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.served, server.listed === null ? null : false);
  if (server.listed === null) return;
  const before = machines.one.requests.length;
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(machines.one.requests.length, before, 'and is not asked for it');
});

forEachKind(
  'a server that loads says so to its probe, and is up once it does not',
  async (t, contracted) => {
    const { kind, server } = contracted;
    let loading = true;
    const does: ScriptHandler = (request) =>
      loading && request.path === kind.probe.path
        ? (server.refusals.loading ?? [])
        : probed(
            () => server.pages,
            () => [],
          )(request);
    const { under } = await stageOf(t, contracted, does);
    const prober = proberOf(t, under);
    await prober.start();
    assert.equal(under.fleet.snapshot('one')?.state, 'loading');
    loading = false;
    await prober.round();
    assert.equal(under.fleet.snapshot('one')?.state, 'up');
  },
  ({ server }) => server.refusals.loading !== null,
);

forEachKind('a caller that leaves closes the connection to the server, and its slot comes back', async (t, contracted) => {
  const { kind, server } = contracted;
  const clock = new FakeClock();
  const stalls: ScriptHandler = () => [...server.begin({ model: 'm', text: ['first'] }), { do: 'stall' }];
  const { under, machines } = await stageOf(t, contracted, stalls, { machine: { slots: 1 }, house: { clock } });
  const asked = under.ask({ stream: true });
  await asked.client.got('first');
  const request = await machines.one.nextRequest();
  asked.client.leave();
  await request.aborted;
  await asked.handled;
  await turns();
  assert.equal(under.fleet.slotsInUse(), kind.honoursAbort ? 0 : 1, 'at once only where the server is known to stop');
  await clock.advance(10_000);
  assert.equal(under.fleet.slotsInUse(), 0);
});

forEachKind(
  'the slot of a caller that left comes back as soon as the server says that it is idle, and no sooner',
  async (t, contracted) => {
    const { kind, server } = contracted;
    const clock = new FakeClock();
    let pages = server.pages;
    const does = probed(
      () => pages,
      () => [...server.begin({ model: 'm', text: ['first'] }), { do: 'stall' }],
    );
    const { under, machines } = await stageOf(t, contracted, does, { machine: { slots: 1 }, house: { clock } });
    await proberOf(t, under).start();
    const loads = (): number => machines.one.requests.filter(({ path }) => path === kind.load?.path).length;
    assert.equal(loads(), kind.load?.keepsAwake === true ? 0 : 1);
    const asked = under.ask({ stream: true });
    await asked.client.got('first');
    asked.client.leave();
    await asked.handled;
    await turns();
    assert.equal(under.fleet.slotsInUse(), 1);
    await clock.advance(2_000);
    await until(() => under.fleet.snapshot('one')?.load !== null);
    assert.equal(under.fleet.slotsInUse(), 1, 'it still works');
    pages = server.idlePages ?? pages;
    await clock.advance(1_000);
    await until(() => under.fleet.slotsInUse() === 0);
    const after = loads();
    await clock.advance(10_000);
    assert.equal(loads(), after, 'nobody is asked while nothing is in doubt');
  },
  ({ kind, server }) => !kind.honoursAbort && server.idlePages !== undefined,
);

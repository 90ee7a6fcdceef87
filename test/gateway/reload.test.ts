/** Drains, and a policy that changes while requests are under way: it may narrow them, never widen them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyFile } from '#config/schema.ts';
import { tcpConnect } from '#egress/open-socket.ts';
import { FakeClock, turns, until } from './fake-clock.ts';
import { answers, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, word } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const held = streamOf(roleEvent, word('x'), gate(), finishEvent, doneEvent);

function withUpstream(policy: PolicyFile, name: string, change: Partial<PolicyFile['upstreams'][string]>): PolicyFile {
  const upstream = policy.upstreams[name];
  return upstream ? { ...policy, upstreams: { ...policy.upstreams, [name]: { ...upstream, ...change } } } : policy;
}

test('a drained route sends those who did not name it elsewhere; those who named it, and pins, pass', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: answers('from one'), two: answers('from two') },
    routes: { code: { target: 'one', failover: ['two'] }, rest: { target: 'two' } },
    classify: { coding: { route: 'code', words: ['code'] }, rest: { route: 'rest' } },
  });
  const coding = { messages: [{ role: 'user', content: 'write code' }] };
  under.fleet.setDrain({ type: 'route', name: 'code' }, true);
  assert.equal(contentOf(await under.ask({ model: 'home/auto', ...coding }).done), 'from two');
  assert.equal(contentOf(await under.ask({ model: 'home/code', ...coding }).done), 'from one');
  assert.equal(
    contentOf(await under.ask({ model: 'home/auto', ...coding }, { headers: { 'x-gatehouse-route': 'code' } }).done),
    'from one',
  );
  assert.equal(contentOf(await under.ask({ model: 'one/m', ...coding }).done), 'from one');
  under.fleet.setDrain({ type: 'route', name: 'code' }, false);
  assert.equal(contentOf(await under.ask({ model: 'home/auto', ...coding }).done), 'from one');
});

test('a drained upstream takes no new work but its own pins; what runs goes on', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: inTurn(held, answers('pinned')), two: answers('from two') } });
  const running = under.ask({ stream: true });
  await running.client.got('"x"');
  under.fleet.setDrain({ type: 'upstream', name: 'one' }, true);
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(contentOf(await under.ask({ model: 'one/m' }).done), 'pinned');
  machines.one.open('go');
  assert.equal(contentOf(await running.done), 'x');
  assert.deepEqual(under.fleet.drains(), [{ type: 'upstream', name: 'one' }]);
  assert.equal(under.fleet.snapshot('one')?.drained, true);
});

test('everything drained: 503, and the message says why', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') } });
  under.fleet.setDrain({ type: 'upstream', name: 'one' }, true);
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [503, 'no_route']);
  assert.match(errorOf(answer)?.message ?? '', /one is drained/);
});

test('an undrain wakes whoever is queued', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers('x') }, profiles: { private: { exhausted: { queue: '30m' } } } });
  under.fleet.setDrain({ type: 'upstream', name: 'one' }, true);
  const asked = under.ask();
  await until(() => under.fleet.waiters.count > 0);
  under.fleet.setDrain({ type: 'upstream', name: 'one' }, false);
  assert.equal(contentOf(await asked.done), 'x');
});

test('a running stream outlives the policy it was planned on', async (t) => {
  const { under, machines, policyWith } = await setStage(t, { machines: { one: held, two: answers('from two') } });
  const running = under.ask({ stream: true });
  await running.client.got('"x"');
  under.usePolicy(
    policyWith((policy) => ({
      ...policy,
      upstreams: { two: policy.upstreams['two'] ?? { kind: 'scripted', models: {} } },
      routes: { chat: { target: 'two' } },
    })),
  );
  machines.one.open('go');
  assert.equal(contentOf(await running.done), 'x');
  assert.equal(contentOf(await under.ask().done), 'from two');
  const [first, second] = under.terminals;
  assert.deepEqual([first?.servedBy, second?.servedBy], ['one/m', 'two/m']);
  assert.notEqual(under.intents[0]?.policyHash, under.intents[1]?.policyHash);
});

test('a policy that comes between the plan and a cloud dial decides: what it took away is not dialled', async (t) => {
  const { under, machines, policyWith } = await setStage(t, {
    machines: { far: { does: answers('from afar'), location: 'cloud' }, one: answers('from one') },
    routes: { chat: { target: 'far', failover: ['one'] } },
    profiles: { open: { tier: 'cloud-explicit' } },
  });
  const changes: readonly ((policy: PolicyFile) => PolicyFile)[] = [
    (policy) => ({
      ...policy,
      upstreams: { one: policy.upstreams['one'] ?? { kind: 'scripted', models: {} } },
      routes: { chat: { target: 'one' } },
    }),
    (policy) => ({ ...policy, routes: { chat: { target: 'one' } }, profiles: { open: { tier: 'sovereign' } } }),
    (policy) => ({ ...policy, profiles: { another: { tier: 'cloud-explicit' } } }),
  ];
  for (const [index, change] of changes.entries()) {
    under.usePolicy(policyWith((policy) => policy));
    const begun = Promise.withResolvers<void>();
    under.recordBegins = () => begun.promise;
    const asked = under.ask({}, { profile: 'open' });
    await turns();
    under.usePolicy(policyWith(change));
    begun.resolve();
    const answer = await asked.done;
    assert.equal(machines.far.connectionCount, 0, `change ${index}`);
    if (index === 0) assert.equal(contentOf(answer), 'from one');
    else assert.equal(errorOf(answer)?.code, 'no_route', answer.text);
  }
});

test('a reload while a machine is dialled loses no request: what the new policy still allows is dialled under it', async (t) => {
  let meanwhile: () => void = () => {};
  const { under, machines, policyWith } = await setStage(t, {
    connect: (peer) => {
      meanwhile();
      meanwhile = () => {};
      return tcpConnect(peer);
    },
    machines: { one: answers('from one'), two: answers('from two') },
    routes: { chat: { target: 'one' } },
  });
  const withRoute =
    (name: string) =>
    (policy: PolicyFile): PolicyFile => ({ ...policy, routes: { ...policy.routes, [name]: { target: 'two' } } });
  meanwhile = () => under.usePolicy(policyWith(withRoute('more')));
  assert.equal(contentOf(await under.ask().done), 'from one');
  assert.equal(machines.one.requests.length, 1);
  meanwhile = () =>
    under.usePolicy(
      policyWith((policy) => ({
        ...withRoute('chat')(policy),
        upstreams: { two: policy.upstreams['two'] ?? { kind: 'scripted', models: {} } },
      })),
    );
  machines.one.closeIdle();
  await machines.one.disconnected();
  assert.equal(errorOf(await under.ask().done)?.code, 'no_route', 'what it took away is not');
  assert.equal(machines.one.requests.length, 1);
});

test('a revoked key dials nobody any more', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: [gate(), { do: 'fin' }], two: answers('from two') } });
  const asked = under.ask();
  await machines.one.nextRequest();
  under.known = false;
  machines.one.open('go');
  assert.equal(errorOf(await asked.done)?.code, 'no_route');
  assert.equal(machines.one.requests.length, 1, 'not even the quick retry');
  assert.equal(machines.two.connectionCount, 0);
});

test('a waiting request whose target is gone goes on to failover at once', async (t) => {
  const { under, machines, policyWith } = await setStage(t, {
    clock: new FakeClock(),
    machines: { one: { does: held, slots: 1 }, two: answers('from two') },
    profiles: { patient: { wait: '10m' } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"x"');
  const second = under.ask();
  await until(() => under.fleet.waiters.count > 0);
  under.usePolicy(
    policyWith((policy) => ({
      ...policy,
      upstreams: { two: policy.upstreams['two'] ?? { kind: 'scripted', models: {} } },
      routes: { chat: { target: 'two' } },
    })),
  );
  assert.equal(contentOf(await second.done), 'from two');
  machines.one.open('go');
  await first.done;
});

test('more slots in a new policy are there at once, slots in use stay in use', async (t) => {
  const { under, machines, policyWith } = await setStage(t, {
    machines: { one: { does: inTurn(held, held, answers('third')), slots: 1 } },
  });
  const first = under.ask({ stream: true });
  await first.client.got('"x"');
  assert.equal((await under.ask().done).status, 429);
  under.usePolicy(policyWith((policy) => withUpstream(policy, 'one', { slots: 2 })));
  const second = under.ask({ stream: true });
  await second.client.got('"x"');
  under.usePolicy(policyWith((policy) => policy));
  assert.equal((await under.ask().done).status, 429);
  machines.one.open('go');
  await Promise.all([first.done, second.done]);
});

test('a machine that moved is a new machine: what was learnt of the old place is forgotten', async (t) => {
  const { under, machines, policyWith } = await setStage(t, {
    machines: { one: answers('old place'), two: answers('new place') },
    routes: { chat: { target: 'one' } },
  });
  await machines.one.refuse();
  assert.equal((await under.ask().done).status, 503);
  under.usePolicy(
    policyWith((policy) =>
      withUpstream({ ...policy, upstreams: { one: policy.upstreams['one'] ?? { kind: 'scripted', models: {} } } }, 'one', {
        url: machines.two.url,
      }),
    ),
  );
  assert.equal(contentOf(await under.ask().done), 'new place');
});

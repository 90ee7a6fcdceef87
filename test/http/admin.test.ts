/** What the admin endpoints answer to the operator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordUnavailable } from '#store/ports.ts';
import { ask, startStage } from './stage.ts';
import type { Stage } from './stage.ts';

async function call(stage: Stage, line: string, body?: unknown): Promise<{ status: number; json: Record<string, unknown> }> {
  const [method = '', path = ''] = line.split(' ');
  const answered = await ask(stage.operator, path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: answered.status, json: JSON.parse(answered.body) };
}

test('routes and upstreams are drained by any of their names, and each change is told', async (t) => {
  const stage = await startStage(t);
  for (const name of ['code', 'home/vision', 'home%2Ffast', 'big'])
    assert.equal((await call(stage, `POST /admin/drain/${name}`)).status, 200, name);
  const drains = [
    { type: 'route', name: 'code' },
    { type: 'route', name: 'vision' },
    { type: 'upstream', name: 'big' },
  ];
  assert.deepEqual((await call(stage, 'POST /admin/drain/big')).json['drains'], drains);
  const fleet = await call(stage, 'GET /admin/upstreams');
  const routes = fleet.json['routes'];
  assert.ok(Array.isArray(routes));
  assert.deepEqual(
    routes.map(({ route, drained, state }) => [route, drained, state]),
    [
      ['code', true, 'cannot'],
      ['vision', true, 'cannot'],
    ],
  );
  assert.deepEqual((await call(stage, 'POST /admin/undrain/fast')).json['drains'], [drains[0], drains[2]]);
  assert.equal((await call(stage, 'POST /admin/drain/cod')).status, 404);
  assert.equal((await call(stage, 'POST /admin/drain/auto')).status, 404);
  assert.deepEqual(stage.changes.at(-1), { action: 'undrain', subject: 'route vision' });
  assert.equal(stage.changes.length, 6);
});

test('the fleet is told with its load', async (t) => {
  const stage = await startStage(t);
  const { json } = await call(stage, 'GET /admin/upstreams');
  const upstreams = json['upstreams'];
  assert.ok(Array.isArray(upstreams));
  assert.deepEqual(
    upstreams.map(({ upstream, state, inFlight, slots, saturated, drained }) => [upstream, state, inFlight, slots, saturated, drained]),
    [
      ['big', 'unprobed', 0, 4, false, false],
      ['small', 'unprobed', 0, 1, false, false],
    ],
  );
  const status = await call(stage, 'GET /admin/status');
  assert.deepEqual(status.json['policy'], { hash: 'test', path: 'gatehouse.yaml' });
  assert.deepEqual([status.json['version'], status.json['waiting'], status.json['ready']], ['9.9.9', 0, true]);
});

test('keys are made, listed without what proves them, and revoked by id or name', async (t) => {
  const stage = await startStage(t);
  const made = await call(stage, 'POST /admin/keys', { name: 'tablet', profile: 'cameras' });
  assert.deepEqual([made.status, made.json], [201, { id: 'k_2', name: 'tablet', profile: 'cameras', key: 'gh_new' }]);
  const listed = await call(stage, 'GET /admin/keys');
  assert.deepEqual(listed.json['keys'], [
    { id: 'k_1', name: 'phone', profile: 'personal', createdAt: 1, revokedAt: null },
    { id: 'k_0', name: 'old', profile: 'personal', createdAt: 0, revokedAt: 1 },
  ]);
  for (const key of ['k_1', 'phone'])
    assert.deepEqual((await call(stage, 'POST /admin/keys/revoke', { key })).json, {
      id: 'k_1',
      name: 'phone',
      revoked: true,
      recorded: true,
    });
  assert.equal((await call(stage, 'POST /admin/keys/revoke', { key: 'old' })).status, 400);
  assert.deepEqual(
    stage.changes.map((change) => change.subject),
    ['tablet (cameras)', 'k_1', 'k_1'],
  );
});

test('without a record nothing is changed, but a key that must go goes', async (t) => {
  const done: string[] = [];
  const stage = await startStage(t, {
    control: {
      noteOperator: () => Promise.reject(new RecordUnavailable('full')),
      setDrain: () => Promise.resolve(void done.push('drain')),
      keys: {
        list: () => [{ id: 'k_1', name: 'phone', profile: 'personal', createdAt: 1, revokedAt: null }],
        create: () => Promise.reject(new Error('made')),
        revoke: (key) => Promise.resolve(done.push(key) > 0),
      },
    },
  });
  assert.equal((await call(stage, 'POST /admin/drain/code')).status, 503);
  assert.equal((await call(stage, 'POST /admin/keys', {})).status, 503);
  assert.equal((await call(stage, 'POST /admin/reload-config')).status, 503);
  assert.equal((await call(stage, 'POST /admin/keys/revoke', { key: 'k_1' })).json['recorded'], false);
  assert.deepEqual(done, ['k_1']);
});

test('a refused reload says why, and which policy goes on serving', async (t) => {
  const problems = ['gatehouse.yaml:3:1 routes: no target "spak". Did you mean "spark"?'];
  const stage = await startStage(t, { control: { reload: () => Promise.resolve({ outcome: 'refused', problems }) } });
  assert.deepEqual(await call(stage, 'POST /admin/reload-config'), {
    status: 400,
    json: { outcome: 'refused', problems, inForce: 'test' },
  });
});

test('demo machines break where there are some', async (t) => {
  const broken = new Set<string>();
  const demo = {
    names: () => ['big'],
    broken: () => [...broken],
    break: async (name: string) => void broken.add(name),
    mend: async (name: string) => void broken.delete(name),
  };
  const stage = await startStage(t, { control: { demo } });
  assert.deepEqual((await call(stage, 'POST /admin/demo/break/big')).json, { machine: 'big', broken: ['big'] });
  assert.deepEqual((await call(stage, 'POST /admin/demo/mend/big')).json, { machine: 'big', broken: [] });
  assert.equal((await call(stage, 'POST /admin/demo/break/bgi')).status, 404);
  const real = await startStage(t, { control: { demo: null } });
  const refused = await call(real, 'POST /admin/demo/break/big');
  assert.equal(refused.status, 404);
  assert.match(JSON.stringify(refused.json), /demo house/);
});

test('a request is explained as it would be sent, or from a few words', async (t) => {
  const stage = await startStage(t);
  const request = { model: 'vision', messages: [{ role: 'user', content: 'hi' }] };
  assert.equal((await call(stage, 'POST /admin/explain', { request })).json['chosen'], 'small/seer');
  assert.equal((await call(stage, 'POST /admin/explain', { request, busy: ['small'] })).json['chosen'], 'big/coder');
  assert.equal((await call(stage, 'POST /admin/explain', { text: 'hi', route: 'code' })).json['chosen'], 'big/coder');
  await call(stage, 'POST /admin/drain/big');
  assert.equal((await call(stage, 'POST /admin/explain', { text: 'hi', route: 'code' })).json['chosen'], 'big/coder');
  assert.equal((await call(stage, 'POST /admin/explain', { text: 'hi', route: 'code', live: true })).json['chosen'], null);
  for (const wrong of [
    { request, text: 'x' },
    { request, tokens: 5 },
    { request: { model: 'auto' } },
    { text: 'x', tokens: -1 },
    { text: 'x', busy: 'big' },
    { text: 'x', surface: 'none' },
  ]) {
    assert.equal((await call(stage, 'POST /admin/explain', wrong)).status, 400, JSON.stringify(wrong));
  }
});

test('a recovery is named by its upstream alone; without a command, or while it rests, it is refused', async (t) => {
  const stage = await startStage(t, { control: { recover: () => Promise.resolve({ ran: false, retryAfterMs: 60_000 }) } });
  const codeOf = async (line: string): Promise<unknown> => (await call(stage, line)).json['error'];
  assert.match(
    JSON.stringify(await codeOf('POST /admin/recover/bigg')),
    /There is no upstream \\"bigg\\"\. The nearest names are \\"big\\"/,
  );
  assert.match(JSON.stringify(await codeOf('POST /admin/recover/small')), /no command that brings small back/);
  assert.deepEqual(stage.changes, []);
  assert.equal((await call(stage, 'POST /admin/recover/big')).status, 429);
  assert.deepEqual(stage.changes, [{ action: 'recover', subject: 'big' }]);
});

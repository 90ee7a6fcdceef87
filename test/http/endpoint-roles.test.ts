/** Every endpoint against every kind of caller. The expectations are written by hand: a row of the table without one fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permission } from '#control/endpoint.ts';
import { ask, goodKey, revokedKey, startStage } from './stage.ts';

const expected: Readonly<Record<string, Permission>> = {
  'POST /v1/chat/completions': 'key',
  'POST /v1/embeddings': 'key',
  'GET /': 'anyone',
  'GET /healthz': 'anyone',
  'GET /readyz': 'anyone',
  'GET /v1/models': 'key',
  'GET /v1/models/*': 'key',
  'GET /metrics': 'key',
  'GET /stats': 'key',
  'GET /admin/status': 'operator',
  'GET /admin/upstreams': 'operator',
  'POST /admin/drain/*': 'operator',
  'POST /admin/undrain/*': 'operator',
  'POST /admin/recover/*': 'operator',
  'POST /admin/reload-config': 'operator',
  'POST /admin/explain': 'operator',
  'GET /admin/events': 'operator',
  'GET /admin/keys': 'operator',
  'POST /admin/keys': 'operator',
  'POST /admin/keys/revoke': 'operator',
  'POST /admin/records/erase': 'operator',
  'GET /admin/records': 'operator',
  'GET /admin/records/*': 'operator',
  'GET /admin/cost': 'operator',
  'GET /admin/runs': 'operator',
  'GET /admin/runs/*': 'operator',
  'GET /admin/scores': 'operator',
  'POST /admin/scores': 'operator',
  'POST /admin/demo/break/*': 'operator',
  'POST /admin/demo/mend/*': 'operator',
};

const rests: Readonly<Record<string, string>> = {
  '/v1/models/*': 'home/auto',
  '/admin/drain/*': 'code',
  '/admin/undrain/*': 'code',
  '/admin/recover/*': 'big',
  '/admin/records/*': 'r1',
  '/admin/runs/*': 's1',
  '/admin/demo/break/*': 'big',
  '/admin/demo/mend/*': 'big',
};
const bodies: Readonly<Record<string, string>> = {
  '/admin/keys/revoke': '{"key":"phone"}',
  '/admin/explain': '{"text":"hello"}',
  '/admin/records/erase': '{"ids":["r1"]}',
  '/admin/scores': '{"id":"r1","name":"useful","value":1}',
};

interface Role {
  readonly name: string;
  readonly key?: string;
  readonly socket: boolean;
  /** Status per permission; 200 stands for success. */
  readonly gets: Readonly<Record<Permission, number>>;
}

const roles: readonly Role[] = [
  { name: 'nobody', socket: false, gets: { anyone: 200, key: 401, operator: 401 } },
  { name: 'a wrong key', key: 'gh_wrong', socket: false, gets: { anyone: 200, key: 401, operator: 401 } },
  { name: 'a malformed key', key: 'gh_ä;', socket: false, gets: { anyone: 200, key: 401, operator: 401 } },
  { name: 'a revoked key', key: revokedKey, socket: false, gets: { anyone: 200, key: 401, operator: 401 } },
  { name: 'a client key', key: goodKey, socket: false, gets: { anyone: 200, key: 200, operator: 403 } },
  { name: 'the operator', socket: true, gets: { anyone: 200, key: 200, operator: 200 } },
];

test('every row has an expectation, and every expectation a row', async (t) => {
  const stage = await startStage(t);
  const rows = stage.endpoints.map((row): [string, Permission] => [`${row.method} ${row.path}`, row.permission]);
  assert.deepEqual(Object.fromEntries(rows), expected);
  assert.equal(rows.length, Object.keys(expected).length);
});

for (const role of roles) {
  test(`endpoints for ${role.name}`, async (t) => {
    const stage = await startStage(t);
    for (const row of stage.endpoints) {
      const path = row.path.replace('*', rests[row.path] ?? '');
      // A stream of events has no end; its head tells as much.
      const method = row.kind === 'events' ? 'HEAD' : row.method;
      const answered = await ask(role.socket ? stage.operator : stage.place, path, {
        method,
        ...(role.key === undefined ? {} : { headers: { authorization: Buffer.from(`Bearer ${role.key}`).toString('latin1') } }),
        ...(method === 'POST' ? { body: bodies[row.path] ?? '{}' } : {}),
      });
      const wanted = role.gets[row.permission];
      const says = `${method} ${path} for ${role.name}: ${answered.status} ${answered.body}`;
      assert.equal(wanted === 200 ? Math.floor(answered.status / 100) : answered.status, wanted === 200 ? 2 : wanted, says);
      assert.ok(answered.headers['x-gatehouse-request-id'] ?? row.kind === 'surface', says);
      if (wanted === 401) assert.match(answered.body || 'key_', /"code":"key_(missing|unknown)"|^key_/, says);
      if (wanted === 403) assert.match(answered.body || 'scope_denied', /scope_denied/, says);
    }
    assert.deepEqual(stage.faults, []);
    assert.equal(stage.changes.length > 0, role.socket, 'only the operator changes anything, and every change is told');
  });
}

test('the operator says which profile it asks with', async (t) => {
  const stage = await startStage(t);
  const idsOf = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    (await ask(stage.operator, path, { headers })).body;
  assert.match(await idsOf('/v1/models'), /home\/code/);
  assert.doesNotMatch(await idsOf('/v1/models?profile=cameras'), /home\/code/);
  assert.doesNotMatch(await idsOf('/v1/models', { 'gatehouse-profile': 'cameras' }), /home\/code/);
  assert.match(await idsOf('/v1/models?profile=camera'), /There is no profile \\"camera\\"\. The nearest names are \\"cameras\\"/);
});

test('a profile is never chosen over TCP', async (t) => {
  const stage = await startStage(t);
  const asked = await ask(stage.place, '/v1/models?profile=cameras', { key: goodKey, headers: { 'gatehouse-profile': 'cameras' } });
  assert.match(asked.body, /home\/code/);
});

test('a key in the query opens nothing', async (t) => {
  const stage = await startStage(t);
  for (const name of ['key', 'api_key', 'access_token', 'authorization']) {
    assert.equal((await ask(stage.place, `/v1/models?${name}=${goodKey}`)).status, 401);
  }
});

test('what goes wrong while a key is checked lets nobody in', async (t) => {
  const identify = (): never => {
    throw new Error('secret detail');
  };
  const stage = await startStage(t, { identify });
  const answered = await ask(stage.place, '/v1/models', { key: goodKey });
  assert.equal(answered.status, 401);
  assert.doesNotMatch(answered.body, /secret/);
  assert.equal(stage.faults.length, 1);
});

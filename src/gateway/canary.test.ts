import assert from 'node:assert/strict';
import { test } from 'node:test';
import { houseOf } from '#core/policy/policy-fixture.ts';
import { FleetState } from './fleet-state.ts';

function fleetOf(): FleetState {
  const tables = houseOf({ upstreams: { spark: { slots: 4, models: { m: {} } } } });
  return new FleetState(tables, { clock: { now: () => 0, wallNow: () => 0, after: () => () => {} }, watch: { tell: () => {} } });
}

test('the end of a request from before lets no second canary out', async () => {
  const fleet = fleetOf();
  const earlier = await fleet.acquire('spark/m', 1);
  fleet.noteComplaint('spark/m', { principal: 'a', bodyHash: 'x', startedAt: 0 }, 'answered nothing');
  fleet.noteComplaint('spark/m', { principal: 'b', bodyHash: 'y', startedAt: 0 }, 'answered nothing');
  const canary = await fleet.acquire('spark/m', 2);
  assert.notEqual(canary, null);
  earlier?.step({ type: 'body_ended' });
  assert.equal(await fleet.acquire('spark/m', 3), null, 'a second canary');
  canary?.step({ type: 'body_ended' });
  assert.notEqual(await fleet.acquire('spark/m', 4), null);
});

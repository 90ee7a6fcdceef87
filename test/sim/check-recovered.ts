import type { World } from './world.ts';

/**
 * What must hold once everything was mended and had its time: nobody waits, nothing is held, every upstream is back, the record can be
 * written. `asked`: and every target has been asked since, so that one that was out for bad answers had its chance.
 */
export function checkRecovered(world: World, when: 'mended' | 'asked'): string[] {
  const { fleet, tables, record } = world;
  const found: string[] = [];
  const after = when === 'mended' ? 'though everything was mended' : 'after everything was asked again';
  for (const asked of world.unfinished) found.push(`${asked.id} has had no answer ${after}`);
  if (fleet.waiters.count > 0) found.push(`${fleet.waiters.count} still wait ${after}`);
  if (fleet.slotsInUse() > 0) found.push(`${fleet.slotsInUse()} slots have not come back ${after}`);
  if (!record.writable()) found.push(`the record cannot be written ${after}`);
  for (const upstream of tables.policy.upstreams) {
    const health = fleet.healthOf(upstream.name);
    const well = health?.state === 'up' || (health?.state === 'unprobed' && upstream.location === 'cloud');
    if (!well) found.push(`${upstream.name} is ${health?.state} (${health?.cause}) ${after}`);
    for (const target of fleet.snapshot(upstream.name)?.targets ?? []) {
      // Out for bad answers, it comes back by the first request that could have it.
      if (target.state === 'ejected' && wasAsked(world, target.target)) found.push(`${target.target} is out (${target.cause}) ${after}`);
    }
  }
  return found;
}

function wasAsked(world: World, target: string): boolean {
  return world.asked.some((asked) => {
    const plan = world.record.of(asked.id).intent?.decision?.plan;
    const named = asked.afterwards && asked.request.body['model'] === target;
    // A header may have sent it elsewhere, with the target only behind somebody who answered.
    return named && plan?.target.length === 1 && plan.target[0]?.target === target && plan.target[0].lacks.length === 0;
  });
}

import type { TargetId } from '#core/policy/policy.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import { mayQueue } from '#core/routing/exhaust.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { House } from '#gateway/house.ts';
import type { Journey } from '#gateway/request.ts';

/** Whom to call next; `end` if the walk is over. */
export type Admission = { readonly do: 'dial'; readonly target: TargetId; readonly fresh: boolean } | { readonly do: 'end' };

/** Stage 5: moves the walk until somebody is to be dialled or it is over, reading states and waiting as it says. */
export async function admit(house: House, journey: Journey): Promise<Admission> {
  for (;;) {
    const { action } = journey.step;
    if (action.do === 'dial' || action.do === 'end') return action;
    if (action.do === 'observe') {
      move(journey, { type: 'observed', readings: action.targets.map((target) => read(house, journey, target, action.lastResort)) });
      continue;
    }
    const startedAt = house.clock.now();
    const reading = await waitFor(house, journey, { targets: action.targets, maxMs: action.maxMs, until: 'settled' });
    move(journey, { type: 'waited', ms: house.clock.now() - startedAt, reading });
    if (journey.request.responder.gone) return { do: 'end' };
  }
}

/** Takes one event into the walk and keeps it for the record. */
export function move(journey: Journey, event: WalkEvent): void {
  journey.events.push(event);
  journey.step = stepWalk(journey.plan, journey.step.walk, event);
}

/**
 * For a profile that queues: waits until somebody who fits is free, oldest request first, and starts a new walk. Resolves to false
 * when the bound is over, the queue is full, the caller has left, or only targets judged bad are left.
 */
export async function queue(house: House, journey: Journey): Promise<boolean> {
  const { plan, request } = journey;
  if (plan.exhausted.type !== 'queue' || !mayQueue(plan, journey.step.walk)) return false;
  const leftMs = request.arrivedAt + plan.exhausted.maxMs - house.clock.now();
  if (leftMs <= 0 || house.closing()) return false;
  const { bad } = journey.step.walk;
  const all = [...plan.target, ...plan.spill, ...plan.failover, ...plan.tail];
  const targets = all
    .filter((candidate) => candidate.lacks.length === 0 && !bad.includes(candidate.target))
    .map((candidate) => candidate.target);
  const reading = await waitFor(house, journey, { targets: [...new Set(targets)], maxMs: leftMs, until: 'free' });
  if (reading === null || request.responder.gone) return false;
  journey.walks.push(journey.events);
  journey.events = [];
  journey.step = beginWalk(plan, bad);
  return true;
}

function read(house: House, { plan, request }: Journey, target: TargetId, lastResort: boolean): Reading {
  return house.fleet.read(target, { plan, facts: request.facts, lastResort, order: request.order });
}

function waitFor(
  house: House,
  journey: Journey,
  wait: { readonly targets: readonly TargetId[]; readonly maxMs: number; readonly until: 'free' | 'settled' },
): Promise<Reading | null> {
  const { order } = journey.request;
  if (journey.request.responder.gone) return Promise.resolve(null);
  return house.fleet.waiters.wait({ ...wait, order, read: (target) => read(house, journey, target, false) }, (cancel) => {
    journey.stopWaiting = cancel;
  });
}

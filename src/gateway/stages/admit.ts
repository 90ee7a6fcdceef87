import type { TargetId } from '#core/policy/policy.ts';
import { firstDial } from '#core/routing/first-dial.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import { mayQueue } from '#core/routing/exhaust.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { House } from '#gateway/house.ts';
import { mintPermit } from '#gateway/permit.ts';
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
    const { targets, maxMs } = action;
    const reading = await waitFor(house, journey, { targets, maxMs, ending: () => freeOrSettled(house, journey, targets) });
    move(journey, { type: 'waited', ms: house.clock.now() - startedAt, reading });
    if (journey.request.responder.gone) return { do: 'end' };
  }
}

/** Takes one event into the walk and keeps it for the record. */
export function move(journey: Journey, event: WalkEvent): void {
  journey.events.push(event);
  journey.step = stepWalk(journey.plan, journey.step.walk, event);
}

/** After a walk in which somebody was asked, the next one starts this much later: what we refuse ourselves changes no reading. */
const walkAgainMs = 1_000;

/**
 * For a profile that queues: waits until a new walk would dial somebody, oldest request first, and starts it. Resolves to false when
 * the bound is over, the queue is full, the caller has left, or only targets judged bad are left.
 */
export async function queue(house: House, journey: Journey): Promise<boolean> {
  const { plan, request } = journey;
  if (plan.exhausted.type !== 'queue' || !mayQueue(plan, journey.step.walk) || house.closing()) return false;
  const before = journey.step.walk;
  const endsAt = request.arrivedAt + plan.exhausted.maxMs;
  const fit = candidatesOf(plan).filter((candidate) => candidate.lacks.length === 0 && !before.bad.includes(candidate.target));
  const targets = [...new Set(fit.map((candidate) => candidate.target))];
  const line = async (untilAt: number, ending: () => Reading | null): Promise<Reading | null> => {
    const maxMs = Math.min(untilAt, endsAt) - house.clock.now();
    return maxMs <= 0 ? null : waitFor(house, journey, { targets, maxMs, ending });
  };
  if (journey.events.some((event) => event.type === 'outcome')) await line(journey.walkBeganAt + walkAgainMs, () => null);
  const reading = await line(endsAt, () => firstDial(plan, before, (target, { lastResort }) => read(house, journey, target, lastResort)));
  if (reading === null || request.responder.gone) return false;
  journey.walks.push(journey.events);
  journey.events = [];
  journey.step = beginWalk(plan, journey.step.walk);
  journey.walkBeganAt = house.clock.now();
  return true;
}

function read(house: House, { plan, request }: Journey, target: TargetId, lastResort: boolean): Reading {
  const reading = house.fleet.read(target, { plan, facts: request.facts, lastResort, order: request.order });
  if (reading.state === 'cannot' || mintPermit(house, request, target) !== null) return reading;
  return { ...reading, state: 'cannot', why: 'not_served', retryAfterMs: null, cause: 'it may not be asked under the policy in force' };
}

/** Waits, once the intent is durable: nobody stands in a line for what could not be recorded. */
async function waitFor(
  house: House,
  journey: Journey,
  wait: { readonly targets: readonly TargetId[]; readonly maxMs: number; readonly ending: () => Reading | null },
): Promise<Reading | null> {
  house.record.hurry?.();
  await journey.begun;
  const { order, responder } = journey.request;
  if (responder.gone) return null;
  return house.fleet.waiters.wait({ ...wait, order }, (cancel) => {
    journey.stopWaiting = cancel;
  });
}

/** What ends the wait of a walk: a candidate that is free, else one that can no more. */
function freeOrSettled(house: House, journey: Journey, targets: readonly TargetId[]): Reading | null {
  const readings = targets.map((target) => read(house, journey, target, false));
  return readings.find((reading) => reading.state === 'free') ?? readings.find((reading) => reading.state === 'cannot') ?? null;
}

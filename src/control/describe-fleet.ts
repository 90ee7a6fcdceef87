import type { PolicyTables } from '#core/policy/tables.ts';
import type { Profile, Route, Service, Upstream } from '#core/policy/policy.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { readingClause } from '#core/routing/exhaust.ts';
import type { Facts } from '#core/request/facts.ts';
import { candidatesOf, makePlan } from '#core/routing/plan.ts';
import type { Place, Plan } from '#core/routing/plan.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { FleetSnapshot, FleetState } from '#gateway/fleet-state.ts';
import { smallestRequest } from './smallest-request.ts';

/** One upstream for `gatehouse status`: its health, its load, and whether it takes new work. */
export interface UpstreamStatus extends FleetSnapshot {
  readonly kind: string;
  readonly location: Upstream['location'];
  readonly url: string;
  readonly saturated: boolean;
}

/** One route: how its candidates read now, to somebody who may use all of them and names none. */
export interface RouteStatus {
  readonly route: string;
  readonly names: readonly string[];
  readonly drained: boolean;
  /** The best of its targets' states. */
  readonly state: Reading['state'];
  readonly saturated: boolean;
  readonly candidates: readonly (Pick<Reading, 'target' | 'state' | 'why' | 'inFlight' | 'slots'> & {
    readonly place: Place;
    readonly says: string;
  })[];
}

export interface FleetStatus {
  readonly upstreams: readonly UpstreamStatus[];
  readonly routes: readonly RouteStatus[];
  readonly waiting: number;
  readonly slotsInUse: number;
}

type Fleet = Pick<FleetState, 'read' | 'snapshot' | 'drains' | 'waiters' | 'slotsInUse'>;

/** The fleet as `GET /admin/upstreams` shows it. */
export function describeFleet(tables: PolicyTables, fleet: Fleet): FleetStatus {
  return {
    upstreams: tables.policy.upstreams.flatMap((upstream) => {
      const snapshot = fleet.snapshot(upstream.name);
      if (!snapshot) return [];
      const { kind, location, url } = upstream;
      return [{ ...snapshot, kind, location, url, saturated: snapshot.slots !== null && snapshot.inFlight >= snapshot.slots }];
    }),
    routes: tables.policy.routes.map((route) => describeRoute(route, tables, fleet)),
    waiting: fleet.waiters.count,
    slotsInUse: fleet.slotsInUse(),
  };
}

function describeRoute(route: Route, tables: PolicyTables, fleet: Fleet): RouteStatus {
  const names = tables.routeNames.get(route.name) ?? [route.name];
  const drained = fleet.drains().some((drain) => drain.type === 'route' && drain.name === route.name);
  const seen = openPlan(route, tables);
  if (!seen) return { route: route.name, names, drained, state: 'cannot', saturated: false, candidates: [] };
  const { plan, facts } = seen;
  const candidates = candidatesOf(plan).map(({ target, place }) => {
    const reading = fleet.read(target, { plan, facts, lastResort: false, order: null });
    const { state, why, inFlight, slots } = reading;
    return { target, place, state, why, inFlight, slots, says: readingClause(reading) };
  });
  const targets = candidates.filter((candidate) => candidate.place === 'target');
  const state = targets.some((each) => each.state === 'free')
    ? 'free'
    : targets.some((each) => each.state === 'not_now')
      ? 'not_now'
      : 'cannot';
  return { route: route.name, names, drained, state, saturated: state === 'not_now', candidates };
}

/** The plan of the smallest request of somebody without limits. */
function openPlan(route: Route, tables: PolicyTables): { readonly plan: Plan; readonly facts: Facts } | null {
  const first = tables.policy.profiles[0];
  if (!first) return null;
  const profile: Profile = { ...first, tier: 'cloud-explicit', routes: null, fallback: 'lists' };
  const service: Service = tables.targets.get(route.target[0] ?? '')?.serves ?? 'chat';
  const label = `${tables.policy.house}/${route.name}`;
  const facts = smallestRequest(label, { profile, service });
  const { target, spill, failover } = route;
  const plan = makePlan({ route: route.name, label, target, spill, failover, named: { route: false, upstream: null } }, facts, {
    tables,
    profile,
  });
  return isGatewayError(plan) ? null : { plan, facts };
}

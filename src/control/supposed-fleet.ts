import { unprobedUpstream, upstreamOf, goodTarget } from '#core/fleet/health.ts';
import { readCandidate } from '#core/fleet/read-candidate.ts';
import type { CandidateView } from '#core/fleet/read-candidate.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { TargetId } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { PolicyTables, Target } from '#core/policy/tables.ts';
import { tokensNeeded } from '#core/routing/fit.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { FleetState } from '#gateway/fleet-state.ts';
import { resolveDrain, unknownName } from './resolve-drain.ts';

/** Whatever can be asked how a candidate is. */
export type FleetReader = Pick<FleetState, 'read'>;

/** What is supposed of a fleet: upstreams or `upstream/model`; for drains routes or upstreams. */
export interface Supposed {
  readonly busy: readonly string[];
  readonly down: readonly string[];
  readonly drain: readonly string[];
}

/**
 * A fleet of which only this is known, laid over a live one or over one that is idle and up. The worse of the two readings counts:
 * cannot, then not now. A busy upstream has its shared slots full; a model with slots of its own is named itself.
 */
export function supposedFleet(supposed: Supposed, tables: PolicyTables, live: FleetReader | null): FleetReader | GatewayError {
  const fullPools = new Set<string>();
  for (const name of supposed.busy) {
    const pool = poolNamed(name, tables);
    if (pool === null) return unknownName(name, namesOfMachines(tables), { what: 'upstream or model' });
    fullPools.add(pool);
  }
  const down = new Set(supposed.down.map(withoutLatest));
  for (const name of down)
    if (poolNamed(name, tables) === null) return unknownName(name, namesOfMachines(tables), { what: 'upstream or model' });
  const drainedRoutes = new Set<string>();
  const drainedUpstreams = new Set<string>();
  for (const name of supposed.drain) {
    const drain = resolveDrain(name, tables);
    if (isGatewayError(drain)) return drain;
    (drain.type === 'route' ? drainedRoutes : drainedUpstreams).add(drain.name);
  }
  const viewOf = (target: Target): CandidateView =>
    idleView({
      slots: tables.pools.get(target.pool)?.slots ?? null,
      full: fullPools.has(target.pool),
      down: down.has(target.upstream) || down.has(target.id),
      drainedUpstream: drainedUpstreams.has(target.upstream),
      drainedRoutes,
    });
  return {
    read: (id, visit) => {
      const target = tables.targets.get(id);
      if (!target) return unknownTarget(id);
      const { plan, facts, lastResort } = visit;
      const reading = readCandidate(viewOf(target), {
        target,
        plan,
        tier: facts.tier,
        tokensNeeded: tokensNeeded(facts),
        loadMs: 0,
        lastResort,
        now: 0,
      });
      const shown = reading.why === 'ejected' ? { ...reading, sinceMs: null } : reading;
      return live === null ? shown : worse(shown, live.read(id, visit));
    },
  };
}

function idleView(state: {
  readonly slots: number | null;
  readonly full: boolean;
  readonly down: boolean;
  readonly drainedUpstream: boolean;
  readonly drainedRoutes: ReadonlySet<string>;
}): CandidateView {
  const up = unprobedUpstream(0);
  return {
    upstream: state.down ? { ...up, state: 'ejected', cause: 'supposed' } : { ...up, state: 'up' },
    health: goodTarget,
    inFlight: state.full ? (state.slots ?? 0) : 0,
    slots: state.slots,
    promised: 0,
    // Without a bound there is no last slot to fill; then its server says that it is busy.
    busyUntil: state.full && state.slots === null ? 1_000 : null,
    loadingSince: null,
    loadingUntil: null,
    absentUntil: null,
    drainedUpstream: state.drainedUpstream,
    drainedRoutes: state.drainedRoutes,
    served: null,
    remote: false,
    liveContext: null,
    canaryOut: false,
  };
}

function worse(supposed: Reading, seen: Reading): Reading {
  const rank: Readonly<Record<Reading['state'], number>> = { cannot: 0, not_now: 1, free: 2 };
  return rank[supposed.state] < rank[seen.state] ? supposed : seen;
}

/** The pool of slots that a name fills; null if it names no machine. */
function poolNamed(name: string, tables: PolicyTables): string | null {
  return tables.upstreams.get(name)?.slotsOf ?? tables.targets.get(withoutLatest(name))?.pool ?? null;
}

function namesOfMachines(tables: PolicyTables): readonly string[] {
  return [...tables.upstreams.keys(), ...tables.targets.keys()];
}

function unknownTarget(target: TargetId): Reading {
  const cause = `${upstreamOf(target)} is not in the policy`;
  return { target, state: 'cannot', why: 'not_served', inFlight: 0, slots: 0, retryAfterMs: null, cause, sinceMs: null, nextTryMs: null };
}

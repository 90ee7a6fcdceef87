import { goodTarget, stepHealth, targetAnswered, targetComplained, unprobedUpstream, upstreamOf } from '#core/fleet/health.ts';
import type { Complaint, Drain, HealthEvent, TargetHealth, UpstreamHealth } from '#core/fleet/health.ts';
import { readCandidate } from '#core/fleet/read-candidate.ts';
import type { CandidateView } from '#core/fleet/read-candidate.ts';
import { newLease, stepLease } from '#core/lease/lease.ts';
import type { Lease, LeaseEvent } from '#core/lease/lease.ts';
import type { TargetId } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { tokensNeeded } from '#core/routing/fit.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { Watch } from '#telemetry/ports.ts';
import type { ServedModel, ServerLoad } from '#upstreams/kind.ts';
import type { Clock, SlotLease, Slots } from './ports.ts';
import { RetryBudget } from './retry-budget.ts';
import { WaitQueue } from './wait-queue.ts';
import { Zombies } from './zombies.ts';

/** Requests that may wait at once, in the wait of a walk or in the queue. */
const waitersMax = 1_000;
const durationsKept = 32;
const absentMs = 60_000;
const loadingDefaultMs = 1_000;
const busyDefaultMs = 1_000;
/** A server that asks to be tried again at once would be tried a hundred times a second. */
const againMinMs = 250;
const poisonMs = 600_000;
/** After the load clock has run out, the target is given another chance. */
const loadRetryMs = 60_000;

interface TargetState {
  health: TargetHealth;
  busyUntil: number | null;
  loadingSince: number | null;
  loadingUntil: number | null;
  absentUntil: number | null;
  canaryOut: boolean;
  inFlight: number;
  durationsMs: number[];
}

interface UpstreamState {
  readonly url: string;
  health: UpstreamHealth;
  served: ReadonlyMap<string, ServedModel> | null;
  /** What it last said it was working on, and when it was asked. */
  load: { readonly told: ServerLoad; readonly at: number } | null;
  readonly retries: RetryBudget;
}

/**
 * What is known of the fleet now: the only mutable routing state. Nothing awaits between reading it and writing it. It answers
 * readings, holds slots, and learns from calls and probes.
 */
export class FleetState implements Slots {
  readonly waiters: WaitQueue;
  readonly #clock: Clock;
  readonly #watch: Watch;
  #tables: PolicyTables;
  readonly #upstreams = new Map<string, UpstreamState>();
  readonly #targets = new Map<TargetId, TargetState>();
  readonly #pools = new Map<string, number>();
  readonly #zombies = new Zombies();
  readonly #drainedRoutes = new Set<string>();
  readonly #drainedUpstreams = new Set<string>();
  readonly #poison = new Map<string, number>();

  constructor(tables: PolicyTables, options: { readonly clock: Clock; readonly watch: Watch }) {
    this.#tables = tables;
    this.#clock = options.clock;
    this.#watch = options.watch;
    this.waiters = new WaitQueue(options.clock, { poolOf: (target) => this.#poolOf(target), countMax: waitersMax });
    this.usePolicy(tables);
  }

  /** Takes a new policy. What is known of an upstream stays as long as its address does; slots in use stay in use. */
  usePolicy(tables: PolicyTables): void {
    const now = this.#clock.now();
    this.#tables = tables;
    for (const [name, state] of this.#upstreams) if (tables.upstreams.get(name)?.url !== state.url) this.#upstreams.delete(name);
    for (const upstream of tables.policy.upstreams) {
      if (!this.#upstreams.has(upstream.name)) {
        this.#upstreams.set(upstream.name, {
          url: upstream.url,
          health: unprobedUpstream(now),
          served: null,
          load: null,
          retries: new RetryBudget(),
        });
      }
    }
    for (const [target, state] of this.#targets) if (state.loadingSince !== null) this.#watchLoad(target, state.loadingSince);
    this.waiters.changed();
  }

  /** Reads one candidate for one request. `order` names the request, so that a slot promised to it counts as free. */
  read(
    target: TargetId,
    visit: { readonly plan: Plan; readonly facts: Facts; readonly lastResort: boolean; readonly order: number | null },
  ): Reading {
    const known = this.#tables.targets.get(target);
    const upstream = this.#tables.upstreams.get(upstreamOf(target));
    const now = this.#clock.now();
    if (!known || !upstream) {
      return {
        target,
        state: 'cannot',
        why: 'not_served',
        inFlight: 0,
        slots: 0,
        retryAfterMs: null,
        cause: 'it is not in the policy any more',
        sinceMs: null,
        nextTryMs: null,
      };
    }
    return readCandidate(this.#view(target, visit.order), {
      target: known,
      plan: visit.plan,
      tier: visit.facts.tier,
      tokensNeeded: tokensNeeded(visit.facts),
      loadMs: upstream.clocks.loadMs,
      lastResort: visit.lastResort,
      now,
    });
  }

  #view(target: TargetId, order: number | null): CandidateView {
    const state = this.#target(target);
    const upstream = this.#upstreams.get(upstreamOf(target));
    const pool = this.#poolOf(target);
    const listed = upstream?.served?.get(withoutLatest(target.slice(target.indexOf('/') + 1)));
    return {
      upstream: upstream?.health ?? unprobedUpstream(0),
      health: state.health,
      inFlight: this.#pools.get(pool) ?? 0,
      slots: this.#tables.pools.get(pool)?.slots ?? null,
      promised: this.waiters.promised(pool, order),
      busyUntil: state.busyUntil,
      loadingSince: this.#loadingIsStale(target, state) ? null : state.loadingSince,
      loadingUntil: state.loadingUntil,
      absentUntil: state.absentUntil,
      drainedUpstream: this.#drainedUpstreams.has(upstreamOf(target)),
      drainedRoutes: this.#drainedRoutes,
      served: upstream?.served ? listed !== undefined : null,
      remote: listed?.remote ?? false,
      liveContext: listed?.context ?? null,
      canaryOut: state.canaryOut,
    };
  }

  acquire(target: TargetId, order: number): Promise<SlotLease | null> {
    return Promise.resolve(this.#takeSlot(target, order));
  }

  #takeSlot(target: TargetId, order: number): SlotLease | null {
    const pool = this.#poolOf(target);
    const slots = this.#tables.pools.get(pool)?.slots ?? null;
    const inFlight = this.#pools.get(pool) ?? 0;
    if (slots !== null && inFlight + this.waiters.promised(pool, order) >= slots) return null;
    const state = this.#target(target);
    const canary = state.health.state === 'ejected';
    if (canary && state.canaryOut) return null;
    if (canary) state.canaryOut = true;
    state.inFlight++;
    this.#pools.set(pool, inFlight + 1);
    this.waiters.settle(order);
    return this.#lease(target, { pool, canary });
  }

  #lease(target: TargetId, held: { readonly pool: string; readonly canary: boolean }): SlotLease {
    let lease: Lease = newLease(this.#clock.now());
    let cancelTimer: () => void = () => {};
    let forget: () => void = () => {};
    const take = (event: LeaseEvent): void => {
      const before = lease.state;
      lease = stepLease(lease, event, this.#clock.now());
      cancelTimer();
      if (lease.state === 'zombie' && before !== 'zombie') forget = this.#zombies.add(target, lease.since, () => take({ type: 'idle' }));
      if (lease.state === 'released') {
        forget();
        if (before !== 'released') this.#release(target, held);
      } else if (lease.releaseAt !== null) {
        cancelTimer = this.#clock.after(lease.releaseAt - this.#clock.now(), () => take({ type: 'idle' }));
      }
    };
    return { step: take };
  }

  /** A request that was there before the target was taken out is no canary: its end lets no second one out. */
  #release(target: TargetId, { pool, canary }: { readonly pool: string; readonly canary: boolean }): void {
    const state = this.#target(target);
    state.inFlight--;
    if (canary) state.canaryOut = false;
    this.#pools.set(pool, (this.#pools.get(pool) ?? 1) - 1);
    this.waiters.changed();
  }

  /** The median time of this target's last answers; null without history. */
  medianAnswerMs(target: TargetId): number | null {
    const sorted = this.#target(target).durationsMs.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  noteHealth(upstream: string, event: HealthEvent): void {
    const state = this.#upstreams.get(upstream);
    if (!state) return;
    const before = state.health;
    state.health = stepHealth(before, event, this.#clock.now());
    const forgot = event.type === 'probe_good' && !event.loading && this.#forgetLoading(upstream);
    if (state.health.state !== before.state) {
      this.#watch.tell({ type: 'upstream', upstream, state: state.health.state, cause: state.health.cause });
    } else if (!forgot) return;
    this.waiters.changed();
  }

  /** What its server lists now; null if that is not known. */
  noteServed(upstream: string, models: readonly ServedModel[] | null): void {
    const state = this.#upstreams.get(upstream);
    if (!state) return;
    state.served = models === null ? null : new Map(models.map((model) => [withoutLatest(model.name), model]));
    this.waiters.changed();
  }

  /** Whether callers have left work at this server that may still run. */
  mayStillWork(upstream: string): boolean {
    return this.#zombies.some((target) => this.#sharesServer(target, upstream), this.#clock.now());
  }

  /** What a server said it was working on when it was asked; null if it did not say. */
  noteLoad(upstream: string, load: ServerLoad | null, askedAt: number): void {
    const state = this.#upstreams.get(upstream);
    if (!state) return;
    state.load = load === null ? null : { told: load, at: askedAt };
    if (load !== null) this.#zombies.release((target) => this.#sharesServer(target, upstream), load, askedAt);
  }

  #sharesServer(target: TargetId, upstream: string): boolean {
    const { upstreams } = this.#tables;
    const slotsOf = upstreams.get(upstream)?.slotsOf;
    return slotsOf !== undefined && upstreams.get(upstreamOf(target))?.slotsOf === slotsOf;
  }

  /** The model was not in its server's memory when that was asked last: a silence may be its loading. */
  isCold(target: TargetId): boolean {
    const listed = this.#upstreams.get(upstreamOf(target))?.served?.get(withoutLatest(target.slice(target.indexOf('/') + 1)));
    return listed?.loaded === false;
  }

  noteBusy(target: TargetId, retryAfterMs: number | null): void {
    const state = this.#target(target);
    state.busyUntil = this.#clock.now() + Math.max(retryAfterMs ?? busyDefaultMs, againMinMs);
    this.#changeAt(state.busyUntil);
  }

  noteLoading(target: TargetId, retryAfterMs: number | null): void {
    const state = this.#target(target);
    const now = this.#clock.now();
    if (state.loadingSince === null || this.#loadingIsStale(target, state)) {
      state.loadingSince = now;
      this.#watchLoad(target, now);
    }
    state.loadingUntil = now + Math.max(retryAfterMs ?? loadingDefaultMs, againMinMs);
    this.#changeAt(state.loadingUntil);
  }

  /** The load clock runs out, and later that is forgotten: both end waits. */
  #watchLoad(target: TargetId, since: number): void {
    const loadMs = this.#tables.upstreams.get(upstreamOf(target))?.clocks.loadMs ?? 0;
    this.#changeAt(since + loadMs);
    this.#changeAt(since + loadMs + loadRetryMs);
  }

  /** What was said of loading so long ago says nothing now: without a probe or a dial nobody would ever take it back. */
  #loadingIsStale(target: TargetId, { loadingSince }: TargetState): boolean {
    const loadMs = this.#tables.upstreams.get(upstreamOf(target))?.clocks.loadMs ?? 0;
    return loadingSince !== null && this.#clock.now() - loadingSince > loadMs + loadRetryMs;
  }

  noteAbsent(target: TargetId): void {
    const state = this.#target(target);
    state.absentUntil = this.#clock.now() + absentMs;
    this.#changeAt(state.absentUntil);
    this.waiters.changed();
  }

  noteAnswered(target: TargetId, durationMs: number): void {
    const state = this.#target(target);
    const wasOut = state.health.state === 'ejected' || state.loadingSince !== null || state.absentUntil !== null;
    state.health = targetAnswered(state.health);
    state.loadingSince = null;
    state.loadingUntil = null;
    state.absentUntil = null;
    state.durationsMs = [...state.durationsMs.slice(1 - durationsKept), durationMs];
    if (wasOut) this.waiters.changed();
  }

  noteComplaint(target: TargetId, complaint: Omit<Complaint, 'at'>, cause: string): void {
    const state = this.#target(target);
    const before = state.health.state;
    state.health = targetComplained(state.health, { ...complaint, at: this.#clock.now() }, cause);
    if (state.health.canaryAt !== null) this.#changeAt(state.health.canaryAt);
    if (before === 'ejected' || state.health.state !== 'ejected') return;
    this.#watch.tell({ type: 'upstream', upstream: target, state: 'ejected', cause });
    this.waiters.changed();
  }

  /** Takes one retry out of the upstream's budget if it has room. */
  mayRetry(upstream: string): boolean {
    return this.#upstreams.get(upstream)?.retries.allows(this.#clock.now()) ?? false;
  }

  noteRequest(upstream: string, retry: boolean): void {
    const budget = this.#upstreams.get(upstream)?.retries;
    if (retry) budget?.noteRetry(this.#clock.now());
    else budget?.noteRequest(this.#clock.now());
  }

  /** Whether a body has taken two machines down within the last ten minutes. */
  isPoison(bodyHash: () => string): boolean {
    if (this.#poison.size === 0) return false;
    const until = this.#poison.get(bodyHash());
    return until !== undefined && until > this.#clock.now();
  }

  notePoison(bodyHash: string): void {
    const now = this.#clock.now();
    for (const [hash, until] of this.#poison) if (until <= now) this.#poison.delete(hash);
    this.#poison.set(bodyHash, now + poisonMs);
  }

  setDrain(drain: Drain, drained: boolean): void {
    const names = drain.type === 'route' ? this.#drainedRoutes : this.#drainedUpstreams;
    if (drained) names.add(drain.name);
    else names.delete(drain.name);
    this.#watch.tell({ type: 'drain', subject: drain.type, name: drain.name, drained });
    this.waiters.changed();
  }

  drains(): readonly Drain[] {
    return [
      ...[...this.#drainedRoutes].map((name): Drain => ({ type: 'route', name })),
      ...[...this.#drainedUpstreams].map((name): Drain => ({ type: 'upstream', name })),
    ];
  }

  healthOf(upstream: string): UpstreamHealth | null {
    return this.#upstreams.get(upstream)?.health ?? null;
  }

  /** One upstream as `/admin/upstreams` and `gatehouse status` show it. */
  snapshot(upstream: string): FleetSnapshot | null {
    const state = this.#upstreams.get(upstream);
    const policy = this.#tables.upstreams.get(upstream);
    if (!state || !policy) return null;
    const now = this.#clock.now();
    return {
      upstream,
      state: state.health.state,
      cause: state.health.cause,
      sinceMs: now - state.health.since,
      nextProbeMs: state.health.nextProbeAt === null ? null : Math.max(0, state.health.nextProbeAt - now),
      drained: this.#drainedUpstreams.has(upstream),
      inFlight: this.#pools.get(policy.slotsOf) ?? 0,
      slots: this.#tables.pools.get(policy.slotsOf)?.slots ?? null,
      targets: policy.models.map((model) => {
        const target = `${upstream}/${withoutLatest(model.name)}`;
        const { health, inFlight } = this.#target(target);
        const listed = state.served?.get(withoutLatest(model.name)) ?? null;
        const served = state.served ? listed !== null : null;
        const medianAnswerMs = this.medianAnswerMs(target);
        return { target, state: health.state, cause: health.cause, inFlight, served, medianAnswerMs, listed };
      }),
      load: state.load === null ? null : { ...state.load.told, askedMs: now - state.load.at },
    };
  }

  /** Every pool of slots of the policy, and what is in use of it. */
  poolsInUse(): readonly { readonly name: string; readonly inUse: number; readonly slots: number | null }[] {
    return [...this.#tables.pools.values()].map(({ name, slots }) => ({ name, inUse: this.#pools.get(name) ?? 0, slots }));
  }

  /** Slots in use over the whole fleet; nought once everything has ended. */
  slotsInUse(): number {
    let sum = 0;
    for (const inFlight of this.#pools.values()) sum += inFlight;
    return sum;
  }

  /** Whether anything was remembered. */
  #forgetLoading(upstream: string): boolean {
    let forgot = false;
    for (const [target, state] of this.#targets) {
      if (upstreamOf(target) !== upstream || state.loadingSince === null) continue;
      state.loadingSince = null;
      state.loadingUntil = null;
      forgot = true;
    }
    return forgot;
  }

  #changeAt(at: number): void {
    this.#clock.after(at - this.#clock.now() + 1, () => this.waiters.changed());
  }

  #poolOf(target: TargetId): string {
    return this.#tables.targets.get(target)?.pool ?? upstreamOf(target);
  }

  #target(target: TargetId): TargetState {
    const known = this.#targets.get(target);
    if (known) return known;
    const state: TargetState = {
      health: goodTarget,
      busyUntil: null,
      loadingSince: null,
      loadingUntil: null,
      absentUntil: null,
      canaryOut: false,
      inFlight: 0,
      durationsMs: [],
    };
    this.#targets.set(target, state);
    return state;
  }
}

export interface FleetSnapshot {
  readonly upstream: string;
  readonly state: UpstreamHealth['state'];
  readonly cause: string | null;
  readonly sinceMs: number;
  readonly nextProbeMs: number | null;
  readonly drained: boolean;
  readonly inFlight: number;
  readonly slots: number | null;
  readonly targets: readonly {
    readonly target: TargetId;
    readonly state: TargetHealth['state'];
    readonly cause: string | null;
    readonly inFlight: number;
    readonly served: boolean | null;
    readonly medianAnswerMs: number | null;
    /** What its server last said of the model; null if it does not list it, or was not asked. */
    readonly listed: ServedModel | null;
  }[];
  /** What the server last said it was working on, callers of others included, and how long ago it was asked; null if it does not say. */
  readonly load: (ServerLoad & { readonly askedMs: number }) | null;
}

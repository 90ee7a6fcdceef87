import { isDeepStrictEqual } from 'node:util';
import { goodTarget, unprobedUpstream, upstreamOf } from '#core/fleet/health.ts';
import type { UpstreamHealth } from '#core/fleet/health.ts';
import { readCandidate } from '#core/fleet/read-candidate.ts';
import { errorRow } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Json, TargetId } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import type { Decision } from '#core/routing/decide.ts';
import { exhaustedError, mayQueue } from '#core/routing/exhaust.ts';
import { explain } from '#core/routing/explain.ts';
import type { Explanation } from '#core/routing/explain.ts';
import { tokensNeeded } from '#core/routing/fit.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { Reading } from '#core/routing/reading.ts';
import { withScores } from '#core/routing/score-request.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkAction, WalkEvent } from '#core/routing/walk.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { Expectation, Fleet, Request, Scenario } from './scenario-file.ts';

/** What became of a request: what the gatehouse decided, whom it met and who answered. */
export interface Outcome {
  readonly decision: Decision;
  readonly facts: Facts;
  readonly tried: readonly string[];
  readonly served: TargetId | null;
  readonly refusal: GatewayError | null;
  /** The profile's own reply, where that goes out instead of the refusal. */
  readonly reply: Json | null;
  /** How long the request may wait in line, where the refusal comes only after that. */
  readonly queuedMs: number | null;
  readonly explanation: Explanation;
}

/** Decides a request and walks its plan over a fleet in which only `failing` machines fail. */
export function outcomeOf(tables: PolicyTables, request: Request, fleet: Fleet): Outcome {
  const facts = factsOf(tables, request);
  const decision = decide(facts, tables);
  const read = reader(tables, facts, fleet);
  const explanation = explain(facts, tables, read);
  const { plan } = decision;
  if (!plan) return { decision, facts, tried: [], served: null, refusal: decision.refusal, reply: null, queuedMs: null, explanation };
  const { mayQueue, ...walked } = walk(plan, facts, { read, fleet });
  const { exhausted } = plan;
  const reply = walked.refusal !== null && exhausted.type === 'reply' ? exhausted.json : null;
  const queuedMs = mayQueue && exhausted.type === 'queue' ? exhausted.maxMs : null;
  return { decision, facts, explanation, ...walked, reply, queuedMs };
}

function factsOf(tables: PolicyTables, request: Request): Facts {
  const profile = request.profile === undefined ? tables.policy.profiles[0] : tables.profiles.get(request.profile);
  if (!profile) throw new Error(`there is no profile ${request.profile}`);
  const messages = request.messages ?? [{ user: request.text ?? '' }];
  const userTexts = messages.map((message) => message.user ?? '').filter((text) => text !== '');
  const narrowed = request.tier !== undefined && tierRank(request.tier) < tierRank(profile.tier);
  const facts: Omit<Facts, 'scores'> = {
    service: 'chat',
    model: request.model ?? 'auto',
    routeHeader: request.header ?? null,
    routeHint: request.hint ?? null,
    profile: profile.name,
    tier: narrowed && request.tier !== undefined ? request.tier : profile.tier,
    stream: true,
    input: request.image ? ['image'] : [],
    tools: request.tools ?? false,
    promptTokens: request.tokens ?? 10,
    outputTokens: request.output ?? null,
    session: 'session',
  };
  return withScores(facts, userTexts.toReversed(), tables);
}

const now = 1_000_000;

/** How machines are down in scenarios: refused twelve seconds ago, looked at again in eighteen. */
function healthOf(upstream: string, fleet: Fleet): UpstreamHealth {
  const up: UpstreamHealth = { ...unprobedUpstream(0), state: 'up' };
  if (fleet.down?.includes(upstream))
    return { ...up, state: 'ejected', cause: 'connection refused', since: now - 12_000, nextProbeAt: now + 18_000 };
  return fleet.loading?.includes(upstream) ? { ...up, state: 'loading' } : up;
}

type Read = (target: TargetId, plan: Plan, lastResort: boolean) => Reading;

function reader(tables: PolicyTables, facts: Facts, fleet: Fleet): Read {
  for (const name of [...(fleet.down ?? []), ...(fleet.drained ?? []), ...(fleet.loading ?? [])]) {
    if (!tables.upstreams.has(name)) throw new Error(`there is no upstream ${name}`);
  }
  for (const name of [...(fleet.busy ?? []), ...Object.keys(fleet.inFlight ?? {})])
    if (!tables.pools.has(name)) throw new Error(`${name} has no slots`);
  return (id, plan, lastResort) => {
    const target = tables.targets.get(id);
    if (!target) throw new Error(`there is no target ${id}`);
    const slots = tables.pools.get(target.pool)?.slots ?? null;
    const view = {
      upstream: healthOf(target.upstream, fleet),
      health: goodTarget,
      inFlight: fleet.busy?.includes(target.pool) ? (slots ?? 0) : (fleet.inFlight?.[target.pool] ?? 0),
      slots,
      promised: 0,
      // A cloud has no slots to fill: it says itself that it is busy.
      busyUntil: slots === null && fleet.busy?.includes(target.upstream) ? now + 1_000 : null,
      loadingSince: null,
      loadingUntil: null,
      absentUntil: null,
      drainedUpstream: fleet.drained?.includes(target.upstream) ?? false,
      drainedRoutes: new Set(fleet.drainedRoutes ?? []),
      served: null,
      remote: false,
      liveContext: null,
      canaryOut: false,
    };
    return readCandidate(view, { target, plan, tier: facts.tier, tokensNeeded: tokensNeeded(facts), loadMs: 300_000, lastResort, now });
  };
}

function isIn(names: readonly string[] | undefined, target: TargetId): boolean {
  return names !== undefined && (names.includes(target) || names.includes(upstreamOf(target)));
}

/** Words of an operator for what was met. */
const met: Partial<Record<Reading['why'], string>> = { no_slot: 'busy', answered_busy: 'busy', ejected: 'down' };

type Walked = Pick<Outcome, 'tried' | 'served' | 'refusal'> & { readonly mayQueue: boolean };

function walk(plan: Plan, facts: Facts, { read, fleet }: { readonly read: Read; readonly fleet: Fleet }): Walked {
  const tried: string[] = [];
  const events: WalkEvent[] = [];
  let step = beginWalk(plan);
  for (;;) {
    const { action } = step;
    if (action.do === 'end')
      return { tried, served: null, refusal: exhaustedError(plan, step.walk, { facts, events }), mayQueue: mayQueue(plan, step.walk) };
    if (action.do === 'dial' && !isIn(fleet.failing, action.target))
      return { tried, served: action.target, refusal: null, mayQueue: false };
    const event = eventOf(action);
    events.push(event);
    step = stepWalk(plan, step.walk, event);
  }

  function eventOf(action: Exclude<WalkAction, { do: 'end' }>): WalkEvent {
    if (action.do === 'dial') {
      tried.push(`${upstreamOf(action.target)}: failed`);
      const message = `${upstreamOf(action.target)} answered 500`;
      return {
        type: 'outcome',
        outcome: {
          target: action.target,
          result: 'failed',
          code: 'upstream_bad_gateway',
          message,
          retryAfterMs: null,
          retryAllowed: false,
        },
      };
    }
    if (action.do === 'wait') {
      const freed = action.targets.find((target) => upstreamOf(target) === fleet.freed);
      if (freed === undefined) {
        tried.push(`wait ${formatDuration(action.maxMs)}`);
        return { type: 'waited', ms: action.maxMs, reading: null };
      }
      tried.push('wait 1 s');
      return { type: 'waited', ms: 1_000, reading: { ...read(freed, plan, false), state: 'free', why: 'up' } };
    }
    const readings = action.targets.map((target) => read(target, plan, action.lastResort));
    for (const reading of readings)
      if (reading.state !== 'free') tried.push(`${upstreamOf(reading.target)}: ${met[reading.why] ?? reading.why}`);
    return { type: 'observed', readings };
  }
}

/** Where an outcome departs from what a scenario expects: one line each, none if it is as expected. */
export function departures(scenario: Scenario, outcome: Outcome): readonly string[] {
  const { expect } = scenario;
  const found = foundOf(outcome);
  const lines: string[] = [];
  for (const [key, expected] of Object.entries(expect)) {
    const actual = key === 'served' ? servedAs(String(expected), outcome.served) : found[key];
    if (!isDeepStrictEqual(actual, expected)) lines.push(`${key} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  }
  if (expect.served !== undefined && outcome.refusal) lines.push(`refused: ${outcome.refusal.message}`);
  // `explain` rehearses without dialling: it says the same wherever nobody is dialled in vain or waited for with success.
  if (scenario.fleet.failing === undefined && scenario.fleet.freed === undefined && outcome.explanation.chosen !== outcome.served) {
    lines.push(`explain chooses ${outcome.explanation.chosen}, the walk ${outcome.served}`);
  }
  return lines;
}

function foundOf({
  decision,
  facts,
  tried,
  refusal,
  reply,
  queuedMs,
}: Outcome): Readonly<Record<keyof Omit<Expectation, 'served'>, unknown>> & Readonly<Record<string, unknown>> {
  return {
    bucket: decision.bucket,
    words: facts.scores.find((score) => score.bucket === decision.bucket)?.words ?? [],
    reason: decision.reason,
    route: decision.route,
    promotedTo: decision.promotedTo,
    tried,
    refusal: refusal && { status: errorRow(refusal).status, code: refusal.code },
    message: refusal?.message ?? null,
    retryAfter: refusal?.retryAfterMs === null || refusal === null ? null : `${refusal.retryAfterMs / 1000}s`,
    reply,
    queued: queuedMs === null ? null : formatDuration(queuedMs),
  };
}

/** The name the scenario uses, if it is who answered. */
function servedAs(expected: string, served: TargetId | null): string | null {
  return served !== null && (expected === served || expected === upstreamOf(served)) ? expected : served;
}

import type { TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { decide } from '#core/routing/decide.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Plan } from '#core/routing/plan.ts';
import { misreadings, rawVisitOf } from './circumstances.ts';
import type { Misreading } from './circumstances.ts';
import { Findings } from './findings.ts';
import type { Promised } from './findings.ts';
import { ableOf, judgeDial } from './judge-dial.ts';
import type { Judged } from './judge-dial.ts';
import { builtInGuarantees } from './proof.ts';
import type { BuiltIn, Proof, Violation } from './proof.ts';
import { proveParties } from './prove-parties.ts';
import { mayUseRoute, rawEntries, rawPolicyOf } from './raw-policy.ts';
import type { RawEntry, RawPolicy, RawTarget } from './raw-policy.ts';
import { requestClasses } from './requests.ts';
import type { RequestClass } from './requests.ts';
import type { Breach } from './search.ts';
import { walkedOf } from './walked.ts';
import type { Walked } from './walked.ts';
import type { ExploreLimits } from './walk-graph.ts';
import { shapeOf } from './walk-shape.ts';
import type { WalkShape } from './walk-shape.ts';

export interface ProveOptions {
  /** Passages between states, of one walk and of all, beyond which the rest is sampled. Default: 60,000 and 400,000. */
  readonly passagesMax?: number;
  readonly passagesInAllMax?: number;
  /** Random walks through what was not looked at, for each walk. Default: 200. */
  readonly samples?: number;
  /** Of the dice that sample. Default: 1. */
  readonly seed?: number;
}

interface Ground {
  readonly raw: RawPolicy;
  readonly tables: PolicyTables;
  readonly findings: Findings;
  readonly walked: Map<string, Walked>;
  readonly entries: Map<string, readonly RawEntry[]>;
  readonly misread: Map<string, readonly Misreading[]>;
  /** `profile\nroute` of every route that can answer some request of its profile. */
  readonly served: Set<string>;
  readonly limits: ExploreLimits;
  /** Passages that may still be looked at in full. */
  passagesLeft: number;
}

/**
 * Proves the promises of a policy: makes the plan of every class of requests, explores its walk as a graph, and judges whoever is
 * dialled by the policy alone. The functions that are explored are those that serve requests; the judge shares nothing with them.
 */
export function provePolicy(tables: PolicyTables, options: ProveOptions = {}): Proof {
  const seed = options.seed ?? 1;
  const raw = rawPolicyOf(tables.policy);
  const limits = { passagesMax: options.passagesMax ?? 60_000, samples: options.samples ?? 200, dice: diceOf(seed) };
  const ground: Ground = {
    raw,
    tables,
    findings: new Findings(raw),
    walked: new Map(),
    entries: new Map(),
    misread: new Map(),
    served: new Set(),
    limits,
    passagesLeft: options.passagesInAllMax ?? 400_000,
  };
  let requests = 0;
  for (const request of requestClasses(raw)) {
    requests++;
    proveRequest(ground, request);
  }
  const warnings = unserved(ground);
  const walks = [...ground.walked.values()];
  const graphs = walks.flatMap(({ graph, wide }) => (wide === null ? [graph] : [graph, wide]));
  const sampled = walks.filter(({ graph, wide }) => graph.sampled || wide !== null).length;
  return {
    states: graphs.reduce((sum, graph) => sum + graph.nodes.length, 0),
    passages: graphs.reduce((sum, graph) => sum + graph.passages, 0),
    walks: walks.length,
    requests,
    guarantees: tables.policy.guarantees.length + Object.keys(builtInGuarantees).length,
    violations: [...ground.findings.violations(), ...proveParties(tables.policy)],
    warnings,
    sampled: sampled === 0 ? null : { walks: sampled, seed },
  };
}

function diceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One request with everything that is known of it. */
interface Case extends Judged {
  readonly request: RequestClass;
  readonly plan: Plan;
  readonly shape: WalkShape;
  readonly walked: Walked;
}

function proveRequest(ground: Ground, request: RequestClass): void {
  const { raw, tables, findings } = ground;
  const { facts, asked } = request;
  const profile = raw.profiles.get(facts.profile);
  if (!profile) return;
  const decision = decide(facts, tables);
  const { plan, route } = decision;
  const entries = entriesOf(ground, request, { profile, route });
  const houseInLists = entries.some(({ id }) => raw.targets.get(id)?.cloud === false);
  const judged: Judged = { facts, profile, route, entries, houseInLists };
  const able = ableOf(raw, judged);
  if (plan === null) {
    const [first] = able;
    const then = `refused (${decision.refusal?.code ?? 'no plan'}), though ${first?.shortName ?? ''} could answer`;
    if (first) findings.add({ promised: builtIn('asked'), request, way: null, realOf: new Map(), target: first.id, then });
    return;
  }
  if (asked.type === 'route' && facts.tier === profile.tier) ground.served.add(`${profile.name}\n${asked.route}`);
  const shape = shapeOf(plan, queuesLike(raw, plan));
  const one: Case = { ...judged, request, plan, shape, walked: walkedFor(ground, shape) };
  for (const id of shape.shapeOf.keys()) proveCandidate(ground, one, id);
  for (const target of able) {
    const name = shape.shapeOf.get(target.id);
    // Of a walk that was only sampled nothing can be said that it never does.
    if (name !== undefined && (one.walked.graph.sampled || one.walked.dial(name))) continue;
    findings.add({
      promised: builtIn('asked'),
      request,
      way: null,
      realOf: shape.realOf,
      target: target.id,
      then: `${target.shortName} is never asked`,
    });
  }
  proveLaws(ground, one);
}

/** Whether a profile that waits like this one queues; its graph then serves both. */
function queuesLike(raw: RawPolicy, plan: Plan): boolean {
  return raw.policy.profiles.some((profile) => profile.exhausted.type === 'queue' && profile.waitMs > 0 === plan.waitMs > 0);
}

function builtIn(name: BuiltIn): Promised {
  return { type: 'built_in', name };
}

function walkedFor(ground: Ground, shape: WalkShape): Walked {
  const before = ground.walked.get(shape.key);
  if (before) return before;
  const walked = walkedOf(shape, { ...ground.limits, passagesMax: Math.min(ground.limits.passagesMax, ground.passagesLeft) });
  ground.passagesLeft -= walked.graph.passages;
  ground.walked.set(shape.key, walked);
  return walked;
}

function entriesOf(ground: Ground, { facts, asked }: RequestClass, context: Pick<Judged, 'profile' | 'route'>): readonly RawEntry[] {
  const key = `${facts.profile}\n${facts.service}\n${context.route ?? ''}\n${asked.type === 'target' ? asked.target : asked.type === 'model' ? asked.model : asked.type === 'route' ? asked.route : ''}\n${asked.type}`;
  const before = ground.entries.get(key);
  if (before) return before;
  const entries = rawEntries(ground.raw, asked, { ...context, service: facts.service });
  ground.entries.set(key, entries);
  return entries;
}

/** Whoever is dialled may be: by the lists, the tier, the abilities, the window, the policy's guarantees and its own state. */
function proveCandidate(ground: Ground, one: Case, id: TargetId): void {
  const { raw, findings } = ground;
  const { request, shape, walked, plan } = one;
  const target = raw.targets.get(id);
  const name = shape.shapeOf.get(id);
  if (!target || name === undefined) return;
  // One of a large group's members, for whom another stands in the graph, takes its part.
  const realOf = shape.realOf.get(name) === id ? shape.realOf : new Map([...shape.realOf, [name, id]]);
  const dial = walked.dial(name);
  // Of a walk that was only sampled it is not known that it never comes to somebody who could answer.
  const open = dial !== null || (walked.graph.sampled && candidatesOf(plan).some((each) => each.target === id && each.lacks.length === 0));
  for (const { promised, then } of judgeDial(raw, target, one)) {
    // What lacks something stands in the plan and is passed over; only a cloud in a sovereign plan is wrong even unasked.
    const held = promised.type === 'built_in' && promised.name === 'home';
    if (dial) findings.add({ promised, request, way: dial.way, realOf, target: id, then });
    else if (open || held) findings.add({ promised, request, way: null, realOf, target: id, then: `${then} in the plan` });
  }
  if (!open) return;
  for (const { words, wrong, lastResort } of misreadingsOf(ground, one, target)) {
    const breach = lastResort ? walked.lastResort(name) : dial;
    if (!breach && (lastResort || !walked.graph.sampled)) continue;
    const promised = builtIn(wrong === 'open' ? 'open' : 'asked');
    const then = wrong === 'open' ? target.shortName : `${target.shortName} is passed over`;
    findings.add({ promised, request, way: breach?.way ?? null, realOf, target: id, then, also: `${target.shortName} ${words}` });
  }
}

function misreadingsOf(ground: Ground, one: Case, target: RawTarget): readonly Misreading[] {
  const { request, route, plan } = one;
  const { facts, asked } = request;
  const known = ground.tables.targets.get(target.id);
  if (!known) return [];
  const key = `${target.id}\n${route ?? ''}\n${asked.type}${asked.type === 'target' ? asked.target : ''}\n${facts.tier === 'cloud-explicit' ? 'x' : ''}`;
  const before = ground.misread.get(key);
  if (before) return before;
  const found = misreadings(rawVisitOf(ground.raw, target, { facts, asked, route }), { target: known, plan, facts });
  ground.misread.set(key, found);
  return found;
}

/** The laws of walks, and of their order. */
function proveLaws({ raw, findings }: Ground, one: Case): void {
  const { request, shape, walked, facts, entries } = one;
  const tell = (promised: Promised, breach: Breach, then: (name: string) => string): void => {
    const { action } = breach.end;
    const target = action.do === 'dial' ? (shape.realOf.get(action.target) ?? null) : null;
    const name = target === null ? 'nobody' : (raw.targets.get(target)?.shortName ?? target);
    findings.add({ promised, request, way: breach.way, realOf: shape.realOf, target, then: then(name) });
  };
  const often = walked.tooOften();
  if (often) tell(builtIn('once'), often, (name) => (often.end.action.do === 'dial' ? `${name} again` : 'what it had learnt is forgotten'));
  const endless = walked.endless();
  if (endless) findings.add({ promised: builtIn('ends'), request, way: endless, realOf: shape.realOf, target: null, then: 'no end' });
  const known = (id: TargetId): TargetId => shape.shapeOf.get(id) ?? id;
  const targets = entries.filter(({ place }) => place === 'target');
  // A cloud member that the tier moves behind the house has left its place.
  const inPlace = targets.filter(({ id }) => facts.tier === 'cloud-explicit' || raw.targets.get(id)?.cloud === false);
  const able = ableOf(raw, one);
  const order = {
    targets: new Set(inPlace.map(({ id }) => known(id))),
    spillOpen: !inPlace.some(({ id }) => able.some((target) => target.id === id)),
  };
  const spills = entries.filter(
    ({ id, place }) => place === 'spill' && !entries.some((other) => other.id === id && other.place !== 'spill'),
  );
  const spillOnly = new Set(spills.map(({ id }) => known(id)));
  const spilled = spillOnly.size > 0 ? walked.spilled(order, spillOnly) : null;
  if (spilled) tell(builtIn('spill'), spilled, (name) => `${name}, though nobody is busy`);
  if (facts.tier !== 'local-first') return;
  const clouds = new Set([...shape.shapeOf].filter(([id]) => raw.targets.get(id)?.cloud).map(([, name]) => name));
  if (clouds.size === 0) return;
  for (const house of able) {
    if (house.cloud) continue;
    const name = known(house.id);
    const context = [...candidatesOf(shape.plan)].find(({ target }) => target === name)?.context ?? null;
    const early = walked.cloudEarly({ target: name, context, spillOnly: spillOnly.has(name) }, clouds, order);
    if (early) tell(builtIn('cloudLast'), early, (cloud) => `${cloud} (cloud) before ${house.shortName}`);
  }
}

/** Routes that a profile may use and that can never answer it: broken where the profile names the route, else worth knowing. */
function unserved(ground: Ground): readonly Violation[] {
  const { raw, findings, tables } = ground;
  const worthKnowing = new Findings(raw);
  for (const profile of raw.policy.profiles) {
    for (const route of raw.policy.routes) {
      if (!mayUseRoute(profile, route.name) || ground.served.has(`${profile.name}\n${route.name}`)) continue;
      const service = raw.targets.get(route.target[0] ?? '')?.serves ?? 'chat';
      const request = plainRequest(raw, { profile: profile.name, tier: profile.tier, route: route.name, service });
      const why = (decide(request.facts, tables).refusal?.message ?? 'it has nobody').replace(/\.$/, '');
      const at = profile.routes?.indexOf(route.name) ?? -1;
      const path = at < 0 ? ['routes', route.name] : ['profiles', profile.name, 'routes', at];
      const found = {
        promised: builtIn('served'),
        request,
        way: null,
        realOf: new Map(),
        target: null,
        then: `nobody, ever: ${why}`,
        path,
      };
      (at < 0 ? worthKnowing : findings).add(found);
    }
  }
  return worthKnowing.violations();
}

function plainRequest(
  raw: RawPolicy,
  { profile, tier, route, service }: { readonly route: string } & Pick<RequestClass['facts'], 'profile' | 'tier' | 'service'>,
): RequestClass {
  return {
    asked: { type: 'route', route },
    bucket: null,
    weight: 0,
    facts: {
      service,
      model: `${raw.policy.house}/${route}`,
      routeHeader: null,
      routeHint: null,
      profile,
      tier,
      stream: false,
      input: [],
      tools: false,
      promptTokens: 1,
      outputTokens: service === 'chat' ? 1 : null,
      session: '',
      scores: [],
    },
  };
}

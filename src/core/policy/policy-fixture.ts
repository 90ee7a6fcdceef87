import type { Facts } from '#core/request/facts.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { Bucket, Model, Policy, Profile, Route, Upstream } from './policy.ts';
import { tablesOf } from './tables.ts';
import type { PolicyTables } from './tables.ts';

/** Builders of small policies, facts and readings, for tests: everything that a case does not say has a plain value. */

export interface HouseParts {
  readonly upstreams: Readonly<Record<string, UpstreamParts>>;
  readonly routes?: Readonly<Record<string, Partial<Omit<Route, 'name'>> & Pick<Route, 'target'>>>;
  readonly secondNames?: Policy['secondNames'];
  readonly buckets?: readonly (Partial<Bucket> & Pick<Bucket, 'name' | 'route'>)[];
  readonly profiles?: readonly Partial<Profile>[];
  readonly injected?: readonly string[];
}

type UpstreamParts = Partial<Omit<Upstream, 'models'>> & { readonly models: Readonly<Record<string, Partial<Model>>> };

/** A policy called `home` with its look-ups. */
export function houseOf(parts: HouseParts): PolicyTables {
  return tablesOf(
    {
      version: 1,
      house: 'home',
      listen: ['127.0.0.1:8484'],
      hosts: null,
      injected: parts.injected ?? ['system-reminder', 'environment_context'],
      upstreams: Object.entries(parts.upstreams).map(([name, upstream]) => upstreamOf(name, upstream)),
      routes: Object.entries(parts.routes ?? {}).map(([name, route]) => ({ name, spill: [], failover: [], ...route })),
      secondNames: parts.secondNames ?? [],
      buckets: parts.buckets?.map((bucket) => ({ words: [], image: false, above: [], ...bucket })) ?? null,
      profiles: (parts.profiles ?? [{}]).map(profileOf),
      guarantees: [],
    },
    'test',
  );
}

function upstreamOf(name: string, parts: UpstreamParts): Upstream {
  const location = parts.location ?? 'house';
  return {
    kind: 'any',
    url: `http://127.0.0.1/${name}`,
    slots: location === 'house' ? 4 : null,
    slotsOf: name,
    clocks: { connectMs: 1_000, loadMs: 300_000, firstTokenMs: 30_000, idleMs: 30_000, replyMs: 600_000, totalMs: 1_800_000 },
    assemble: null,
    recover: null,
    ...parts,
    name,
    location,
    models: Object.entries(parts.models).map(([model, more]) => ({
      name: model,
      location,
      serves: 'chat',
      context: 32_000,
      input: [],
      tools: false,
      reasoning: false,
      slots: null,
      price: null,
      pinned: false,
      ...more,
    })),
  };
}

function profileOf(parts: Partial<Profile>): Profile {
  return {
    name: 'default',
    tier: 'sovereign',
    routes: null,
    waitMs: 0,
    fallback: 'lists',
    exhausted: { type: 'error' },
    reasoning: 'release',
    headAfterMs: 15_000,
    commit: 'answer',
    ...parts,
  };
}

/** A short chat for `home/auto` of the profile `default`. */
export function factsOf(parts: Partial<Facts> = {}): Facts {
  return {
    service: 'chat',
    model: 'home/auto',
    routeHeader: null,
    routeHint: null,
    profile: 'default',
    tier: 'sovereign',
    stream: false,
    input: [],
    tools: false,
    promptTokens: 10,
    outputTokens: null,
    session: 'session',
    scores: [],
    ...parts,
  };
}

/** A reading by its reason; the state follows from it. */
export function readingOf(target: string, why: Reading['why'] = 'up', more: Partial<Reading> = {}): Reading {
  const free = why === 'up' || why === 'degraded' || why === 'unprobed' || why === 'canary';
  const notNow = why === 'no_slot' || why === 'answered_busy' || why === 'loading' || why === 'canary_out';
  return {
    target,
    state: free ? 'free' : notNow ? 'not_now' : 'cannot',
    why,
    inFlight: 0,
    slots: 4,
    retryAfterMs: null,
    cause: null,
    sinceMs: null,
    nextTryMs: null,
    ...more,
  };
}

import { goodTarget, unprobedUpstream } from '#core/fleet/health.ts';
import type { CandidateView } from '#core/fleet/read-candidate.ts';
import { readCandidate } from '#core/fleet/read-candidate.ts';
import type { Target } from '#core/policy/tables.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { Facts } from '#core/request/facts.ts';
import type { Asked, RawPolicy, RawTarget } from './raw-policy.ts';
import { rawNeed } from './raw-policy.ts';

/** What may be the case with one machine when it is visited, in the words of an operator: `spark drained`. */
interface Circumstance {
  readonly words: string;
  /** Whether a request may be sent there all the same, judged by the rules alone. */
  readonly open: (visit: RawVisit) => boolean;
  readonly change: (visit: RawVisit) => Partial<CandidateView>;
}

/** What the judge knows of a visit. */
export interface RawVisit {
  readonly target: RawTarget;
  readonly asked: Asked;
  /** The route in use, and whether the caller named it. */
  readonly route: string | null;
  readonly routeNamed: boolean;
  /** It stands in the `target` of that route. */
  readonly isRouteTarget: boolean;
  readonly cloudAllowed: boolean;
  readonly need: number;
  readonly lastResort: boolean;
}

const now = 1_000_000_000;
const loadMs = 1_000;
const up = { ...unprobedUpstream(now - 5), state: 'up' } as const;
const out = { ...goodTarget, state: 'ejected', cause: 'bad answers' } as const;
const always = (): boolean => true;
const never = (): boolean => false;

const free: CandidateView = {
  upstream: up,
  health: goodTarget,
  inFlight: 0,
  slots: 1,
  promised: 0,
  busyUntil: null,
  loadingSince: null,
  loadingUntil: null,
  absentUntil: null,
  drainedUpstream: false,
  drainedRoutes: new Set(),
  served: true,
  remote: false,
  liveContext: null,
  canaryOut: false,
};

const plainly: Circumstance = { words: 'free', open: always, change: () => ({}) };

const circumstances: readonly Circumstance[] = [
  { words: 'busy', open: never, change: () => ({ inFlight: 1 }) },
  { words: 'down', open: never, change: () => ({ upstream: { ...up, state: 'ejected' } }) },
  {
    words: 'drained',
    open: ({ asked, target }) => asked.type === 'target' && asked.target.startsWith(`${target.upstream}/`),
    change: () => ({ drainedUpstream: true }),
  },
  {
    words: 'drained with its route',
    open: ({ routeNamed, isRouteTarget }) => routeNamed || !isRouteTarget,
    change: ({ route }) => ({ drainedRoutes: new Set(route === null ? [] : [route]) }),
  },
  { words: 'quarantined', open: never, change: () => ({ upstream: { ...up, state: 'quarantined' } }) },
  { words: 'loading', open: never, change: () => ({ upstream: { ...up, state: 'loading' } }) },
  { words: 'loading the model', open: never, change: () => ({ loadingSince: now - 1, loadingUntil: now + 1 }) },
  { words: 'stuck while loading', open: never, change: () => ({ loadingSince: now - loadMs - 1, loadingUntil: now + 1 }) },
  { words: 'just busy', open: never, change: () => ({ busyUntil: now + 1 }) },
  { words: 'promised to somebody else', open: never, change: () => ({ promised: 1 }) },
  { words: 'without the model in its list', open: never, change: () => ({ served: false }) },
  { words: 'without the model', open: never, change: () => ({ absentUntil: now + 1 }) },
  { words: 'serving it from a cloud', open: ({ cloudAllowed }) => cloudAllowed, change: () => ({ remote: true }) },
  { words: 'with a smaller window now', open: never, change: ({ need }) => ({ liveContext: need - 1 }) },
  { words: 'with just the window', open: always, change: ({ need }) => ({ liveContext: need }) },
  { words: 'out for bad answers', open: ({ lastResort }) => lastResort, change: () => ({ health: { ...out, canaryAt: now + 1 } }) },
  {
    words: 'out for bad answers, tried by another',
    open: never,
    change: () => ({ health: { ...out, canaryAt: now - 1 }, canaryOut: true }),
  },
  { words: 'out for bad answers, due for a try', open: always, change: () => ({ health: { ...out, canaryAt: now - 1 } }) },
  { words: 'not yet known', open: always, change: () => ({ upstream: unprobedUpstream(now) }) },
  { words: 'slow', open: always, change: () => ({ health: { ...goodTarget, state: 'suspect' } }) },
];

/** Where what a machine's reading says and what the rules say are not the same. */
export interface Misreading {
  readonly words: string;
  /** `open`: it reads free, though nobody may be sent there. `shut`: nothing is the matter with it, and it reads otherwise. */
  readonly wrong: 'open' | 'shut';
  readonly lastResort: boolean;
}

/** Reads a candidate's real reading in every circumstance, and in every two at once, and says where it is not what the rules ask. */
export function misreadings(
  visit: Omit<RawVisit, 'lastResort'>,
  read: { readonly target: Target; readonly plan: Plan; readonly facts: Facts },
): readonly Misreading[] {
  const found: Misreading[] = [];
  for (const lastResort of [false, true]) {
    const raw = { ...visit, lastResort };
    const isFree = (view: CandidateView): boolean => {
      const { target, plan, facts } = read;
      return (
        readCandidate(view, { target, plan, tier: facts.tier, tokensNeeded: rawNeed(facts), loadMs, lastResort, now }).state === 'free'
      );
    };
    for (const [at, first] of [plainly, ...circumstances].entries()) {
      const one = { ...free, ...first.change(raw) };
      for (const second of [plainly, ...circumstances.slice(at)]) {
        const both = { ...one, ...second.change(raw) };
        const open = first.open(raw) && second.open(raw);
        const words = second === plainly ? first.words : first === plainly ? second.words : `${first.words} and ${second.words}`;
        if (!open && overwrites(first, second, raw)) continue;
        if (!open && isFree(both)) found.push({ words, wrong: 'open', lastResort });
        else if (first === plainly && second === plainly && !isFree(both)) found.push({ words, wrong: 'shut', lastResort });
      }
    }
  }
  return found.toSorted((a, b) => a.words.length - b.words.length);
}

/** Two circumstances of one and the same part of a machine are not the case together. */
function overwrites(first: Circumstance, second: Circumstance, visit: RawVisit): boolean {
  const changed = second.change(visit);
  return Object.keys(first.change(visit)).some((key) => Object.hasOwn(changed, key));
}

/** What the judge knows of a visit of `target` by a request. */
export function rawVisitOf(
  raw: RawPolicy,
  target: RawTarget,
  request: { readonly facts: Facts; readonly asked: Asked; readonly route: string | null },
): Omit<RawVisit, 'lastResort'> {
  const { facts, asked, route } = request;
  return {
    target,
    asked,
    route,
    routeNamed: asked.type === 'route',
    isRouteTarget: route !== null && (raw.routes.get(route)?.target.includes(target.id) ?? false),
    cloudAllowed: facts.tier === 'cloud-explicit',
    need: rawNeed(facts),
  };
}

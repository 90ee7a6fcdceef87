import { priceOfUsage } from '#core/cost/cost.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { decidedThen, redecide } from './redecide.ts';
import type { NotRedecided, Redecided } from './redecide.ts';
import type { RecordedCall } from './recorded-call.ts';

/** What another policy would have done to recorded traffic. Queues, load and how attempts ended are as recorded. */
export interface BacktestReport {
  readonly calls: number;
  /** Calls that could be decided again. All figures below are of these. */
  readonly redecided: number;
  readonly notRedecided: Readonly<Record<NotRedecided | 'its policy is unknown', number>>;
  /** Calls that end up somewhere else, by from and to, most first. */
  readonly moved: readonly Move[];
  readonly cloud: BeforeAfter;
  /** Calls that nobody would have answered. */
  readonly unanswered: BeforeAfter;
  /** Known costs in nano-units; `unknown`: calls whose cost is not known on one side, left out of both sums. */
  readonly costNano: BeforeAfter & { readonly unknown: number };
  /** Calls per upstream, in the order of their names. */
  readonly load: readonly (BeforeAfter & { readonly upstream: string })[];
}

export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

/** Calls that went one way and would go another. */
export interface Move {
  /** `code → spark/qwen`, or `code → nobody`. */
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Why they would go there, most frequent first: `words:coding`. */
  readonly why: readonly string[];
  /** One of them, to look at. */
  readonly example: string;
}

interface MoveSoFar {
  readonly from: string;
  readonly to: string;
  readonly example: string;
  count: number;
  readonly why: Map<string, number>;
}

/** Takes recorded calls one by one, so that any number of them fits into memory. */
export class Backtest {
  readonly #policies: (hash: string) => PolicyTables | null;
  readonly #to: PolicyTables;
  readonly #notRedecided = {
    'was not decided': 0,
    'its profile is gone': 0,
    'its words were not captured': 0,
    'its policy is unknown': 0,
  };
  readonly #moves = new Map<string, MoveSoFar>();
  readonly #load = new Map<string, { before: number; after: number }>();
  readonly #cloud = { before: 0, after: 0 };
  readonly #unanswered = { before: 0, after: 0 };
  readonly #cost = { before: 0, after: 0, unknown: 0 };
  #calls = 0;
  #redecided = 0;

  /** `policies`: the policy that a call was decided under, by its hash; null if nobody has it. */
  constructor(policies: (hash: string) => PolicyTables | null, to: PolicyTables) {
    this.#policies = policies;
    this.#to = to;
  }

  add(call: RecordedCall): void {
    this.#calls++;
    const from = this.#policies(call.intent.policyHash);
    const after = from === null ? 'its policy is unknown' : redecide(call, { from, to: this.#to });
    if (from === null || typeof after === 'string') {
      if (typeof after === 'string') this.#notRedecided[after]++;
      return;
    }
    this.#redecided++;
    const before = decidedThen(call);
    count(this.#cloud, isCloud(before.target, from), isCloud(after.target, this.#to));
    count(this.#unanswered, before.target === null, after.target === null);
    this.#countLoad(before.target, 'before');
    this.#countLoad(after.target, 'after');
    this.#countCost(call, before.target, after.target);
    if (placeOf(before) !== placeOf(after)) this.#move(call, before, after);
  }

  report(): BacktestReport {
    return {
      calls: this.#calls,
      redecided: this.#redecided,
      notRedecided: { ...this.#notRedecided },
      moved: [...this.#moves.values()]
        .toSorted((a, b) => b.count - a.count || (a.from + a.to < b.from + b.to ? -1 : 1))
        .map(({ why, ...move }) => ({ ...move, why: [...why.entries()].toSorted(([, a], [, b]) => b - a).map(([reason]) => reason) })),
      cloud: { ...this.#cloud },
      unanswered: { ...this.#unanswered },
      costNano: { ...this.#cost },
      load: [...this.#load.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([upstream, calls]) => ({ upstream, ...calls })),
    };
  }

  #countLoad(target: TargetId | null, side: 'before' | 'after'): void {
    if (target === null) return;
    const upstream = upstreamOf(target);
    const calls = this.#load.get(upstream) ?? { before: 0, after: 0 };
    calls[side]++;
    this.#load.set(upstream, calls);
  }

  /** Who stays where it was costs what it did; who moves, its tokens at the new model's price. */
  #countCost({ terminal }: RecordedCall, before: TargetId | null, after: TargetId | null): void {
    const was = terminal?.costNano ?? null;
    const price =
      after === null ? null : this.#to.upstreams.get(upstreamOf(after))?.models.find((model) => after.endsWith(`/${model.name}`));
    const moved = price?.price && terminal?.usage ? priceOfUsage(terminal.usage, price.price) : null;
    const willBe = after === null ? 0 : before === after ? was : moved;
    if (was === null || willBe === null) {
      this.#cost.unknown++;
      return;
    }
    this.#cost.before += was;
    this.#cost.after += willBe;
  }

  #move(call: RecordedCall, before: Redecided, after: Redecided): void {
    const [from, to] = [placeOf(before), placeOf(after)];
    const key = `${from}\n${to}`;
    const move = this.#moves.get(key) ?? { from, to, example: call.intent.id, count: 0, why: new Map<string, number>() };
    move.count++;
    move.why.set(after.why, (move.why.get(after.why) ?? 0) + 1);
    this.#moves.set(key, move);
  }
}

function placeOf({ route, target }: Redecided): string {
  return route === null ? (target ?? 'nobody') : `${route} → ${target ?? 'nobody'}`;
}

function isCloud(target: TargetId | null, tables: PolicyTables): boolean {
  return target !== null && tables.targets.get(target)?.location === 'cloud';
}

function count(sides: { before: number; after: number }, before: boolean, after: boolean): void {
  if (before) sides.before++;
  if (after) sides.after++;
}

import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { Facts } from '#core/request/facts.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import { candidatesOf, tooLong } from './plan.ts';
import type { Plan } from './plan.ts';
import type { Reading } from './reading.ts';
import type { Walk, WalkEvent } from './walk.ts';

/** Said as `Retry-After` where nobody knows better. */
const retryAfterDefaultMs = 1_000;
/** Machines named in one message. */
const namedMax = 4;

/**
 * The error of a walk that ended without an answer: the first of these that holds: nothing is long enough, something was busy,
 * something is loading, an attempt ended in a bad reply or on a clock, else nobody is there.
 */
export function exhaustedError(
  plan: Plan,
  walk: Walk,
  context: { readonly facts: Facts; readonly events: readonly WalkEvent[] },
): GatewayError {
  const { seen } = walk;
  const found = `${machineClauses(context.events).join('; ')}${neverFallsBack(plan)}`;
  if (walk.crashes >= 2) return gatewayError('upstream_crashed', `${plan.label}: this request ended in two crashes: ${found}`);
  if (nobodyLargeEnough(plan, walk)) return tooLong(plan.label, 0, context.facts);
  const retryAfterMs = Math.max(seen.retryAfterMs ?? retryAfterDefaultMs, 1);
  if (seen.busy) return gatewayError('saturated', `${plan.label} is busy: ${found}`, { retryAfterMs });
  if (seen.loading) return gatewayError('model_loading', `${plan.label} is loading: ${found}`, { retryAfterMs });
  if (seen.failure !== null) return gatewayError(seen.failure, `${plan.label} got no good answer: ${found}`);
  return gatewayError('no_route', `${plan.label} has no machine: ${found}`);
}

/** Whether everybody who fitted by the policy turned out too small, as far as the machines said: the others could not do it either. */
function nobodyLargeEnough(plan: Plan, { seen, windowAbove }: Walk): boolean {
  if (seen.tooLong.length === 0) return false;
  return candidatesOf(plan).every(
    ({ target, lacks, context }) =>
      lacks.length > 0 || seen.tooLong.includes(target) || (windowAbove !== null && context !== null && context <= windowAbove),
  );
}

/** Whether a walk that ended without an answer may be walked again from the queue: somebody who fits was not judged bad, and time can help. */
export function mayQueue(plan: Plan, walk: Walk): boolean {
  if (walk.settled !== null || walk.crashes >= 2 || nobodyLargeEnough(plan, walk)) return false;
  return candidatesOf(plan).some((candidate) => candidate.lacks.length === 0 && !walk.bad.includes(candidate.target));
}

function neverFallsBack(plan: Plan): string {
  if (plan.removed.some((removed) => removed.why === 'fallback_never')) return '. This profile never falls back.';
  const alone = plan.spill.length + plan.failover.length + plan.tail.length + plan.removed.length === 0;
  return alone && plan.route !== null ? '. This route never falls back.' : '.';
}

/** One clause for each machine met, by what was seen of it last, in the order of meeting. */
function machineClauses(events: readonly WalkEvent[]): readonly string[] {
  const clauses = new Map<TargetId, string>();
  for (const event of events) {
    if (event.type === 'outcome') {
      clauses.set(event.outcome.target, event.outcome.message);
      continue;
    }
    const readings = event.type === 'observed' ? event.readings : event.reading === null ? [] : [event.reading];
    for (const reading of readings) if (reading.state !== 'free') clauses.set(reading.target, readingClause(reading));
  }
  // What is said of a machine is said once, however many of its models were met.
  const all = [...new Set(clauses.values())];
  return all.length > namedMax ? [...all.slice(0, namedMax), `${all.length - namedMax} more`] : all;
}

const words: Record<Reading['why'], string> = {
  up: 'is up',
  degraded: 'is slow',
  unprobed: 'is not known yet',
  canary: 'may be tried once',
  no_slot: 'has no free slot',
  answered_busy: 'is busy',
  loading: 'is loading the model',
  canary_out: 'is being tried by another request after bad answers',
  ejected: 'is down',
  ejected_bad: 'was taken out for bad answers',
  quarantined: 'is quarantined',
  drained: 'is drained',
  not_served: 'does not list the model now',
  absent: 'does not have the model',
  remote: 'runs the model outside the house',
  window: 'has too small a window now',
};

/** What one reading says, for people: `spark is down (connection refused, 12 s ago; next try in 18 s)`. */
export function readingClause(reading: Reading): string {
  const upstream = reading.target.slice(0, reading.target.indexOf('/'));
  const details = [
    reading.why === 'no_slot' && reading.slots !== null ? `${reading.inFlight} of ${reading.slots} in use` : null,
    joined([reading.cause, reading.sinceMs === null ? null : `${formatDuration(reading.sinceMs)} ago`], ', '),
    reading.nextTryMs === null ? null : `next try in ${formatDuration(reading.nextTryMs)}`,
  ];
  const detail = joined(details, '; ');
  return `${upstream} ${words[reading.why]}${detail === null ? '' : ` (${detail})`}`;
}

function joined(parts: readonly (string | null)[], separator: string): string | null {
  const said = parts.filter((part) => part !== null);
  return said.length === 0 ? null : said.join(separator);
}

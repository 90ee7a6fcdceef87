import type { ErrorCode } from '#core/errors/catalog.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { AttemptRecord, Intent, Terminal } from '#core/record/record.ts';
import { Counter, Histogram, familyText } from './exposition.ts';
import type { Happening } from './ports.ts';
import type { ProcessFigures } from './process-figures.ts';

/** What is read of the house when somebody asks for the metrics; the composition knows where it stands. */
export interface HouseFigures {
  readonly policyHash: string;
  /** Requests that wait for a slot. */
  readonly waiting: number;
  /** Pools of slots; `slots` null means unlimited. */
  readonly pools: readonly { readonly name: string; readonly inUse: number; readonly slots: number | null }[];
  readonly upstreams: readonly { readonly name: string; readonly up: boolean }[];
}

/** Stands where there is no route, no upstream or no error. */
export const absent = 'none';

const requestBoundsS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800];
const firstByteBoundsS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Everything that is counted. Labels are names of the policy and words of our own tables only; nothing a caller sent becomes one. */
export class Metrics {
  readonly requests = new Counter({
    name: 'gatehouse_requests_total',
    help: 'Recorded requests by the route used, the upstream that served it, how it ended and the error told.',
    labels: ['route', 'upstream', 'result', 'code'],
  });
  readonly refused = new Counter({
    name: 'gatehouse_refused_total',
    help: 'Requests refused before they could be recorded, by error.',
    labels: ['code'],
  });
  readonly attempts = new Counter({
    name: 'gatehouse_attempts_total',
    help: 'Tries at one target, by upstream and how they ended.',
    labels: ['upstream', 'result'],
  });
  readonly tokens = new Counter({
    name: 'gatehouse_tokens_total',
    help: 'Tokens of all attempts as the upstreams counted them, estimated where they did not.',
    labels: ['upstream', 'direction'],
  });
  readonly alarms = new Counter({
    name: 'gatehouse_alarms_total',
    help: 'Faults in the configuration of an upstream that only a person can mend.',
    labels: ['upstream'],
  });
  readonly policies = new Counter({
    name: 'gatehouse_policy_loads_total',
    help: 'Policies loaded, or refused while the old one went on.',
    labels: ['outcome'],
  });
  readonly requestSeconds = new Histogram(
    { name: 'gatehouse_request_seconds', help: 'From the arrival of a request to its end, by route.', labels: ['route'] },
    requestBoundsS,
  );
  readonly firstByteSeconds = new Histogram(
    {
      name: 'gatehouse_first_byte_seconds',
      help: 'From the arrival of a request to the first byte of its answer, by route.',
      labels: ['route'],
    },
    firstByteBoundsS,
  );

  /** Counts one happening. */
  observe(happening: Happening): void {
    switch (happening.type) {
      case 'request':
        return this.#observeRequest(happening.intent, happening.terminal);
      case 'refused':
        return this.refused.add([happening.code]);
      case 'alarm':
        return this.alarms.add([happening.upstream]);
      case 'policy':
        return this.policies.add([happening.outcome]);
      case 'upstream':
      case 'drain':
      case 'recovery':
      case 'record':
        return;
    }
  }

  /** All metrics as Prometheus reads them. */
  text(house: HouseFigures, ours: ProcessFigures): string {
    const counted = [
      this.requests,
      this.requestSeconds,
      this.firstByteSeconds,
      this.attempts,
      this.refused,
      this.tokens,
      this.alarms,
      this.policies,
    ];
    return [...counted.map((family) => family.text()), houseText(house), processText(ours)].join('');
  }

  #observeRequest(intent: Intent | null, terminal: Terminal): void {
    const route = intent?.decision?.route ?? absent;
    const code: ErrorCode | typeof absent = terminal.code ?? absent;
    const upstream = terminal.servedBy === null ? absent : upstreamOf(terminal.servedBy);
    this.requests.add([route, upstream, terminal.result, code]);
    this.requestSeconds.observe([route], terminal.durationMs / 1e3);
    if (terminal.firstByteMs !== null) this.firstByteSeconds.observe([route], terminal.firstByteMs / 1e3);
    for (const attempt of terminal.attempts) this.#observeAttempt(attempt);
    if (terminal.usageEstimated && terminal.servedBy !== null) {
      this.tokens.add([upstream, 'input'], terminal.usage?.input ?? 0);
      this.tokens.add([upstream, 'output'], terminal.usage?.output ?? 0);
    }
  }

  #observeAttempt(attempt: AttemptRecord): void {
    const upstream = upstreamOf(attempt.target);
    this.attempts.add([upstream, attempt.result]);
    this.tokens.add([upstream, 'input'], attempt.usage?.input ?? 0);
    this.tokens.add([upstream, 'output'], attempt.usage?.output ?? 0);
  }
}

function houseText(house: HouseFigures): string {
  return [
    familyText(
      { name: 'gatehouse_slots_in_use', help: 'Slots held, by pool.', labels: ['pool'] },
      'gauge',
      house.pools.map((pool) => ({ values: [pool.name], value: pool.inUse })),
    ),
    familyText(
      { name: 'gatehouse_slots', help: 'Slots there are, by pool.', labels: ['pool'] },
      'gauge',
      house.pools.map((pool) => ({ values: [pool.name], value: pool.slots ?? Infinity })),
    ),
    familyText(
      { name: 'gatehouse_upstream_up', help: '1 if the upstream can be reached, as far as is known.', labels: ['upstream'] },
      'gauge',
      house.upstreams.map((upstream) => ({ values: [upstream.name], value: upstream.up ? 1 : 0 })),
    ),
    single({ name: 'gatehouse_waiting', help: 'Requests that wait for a slot.' }, 'gauge', house.waiting),
    familyText({ name: 'gatehouse_policy_info', help: 'The policy in force.', labels: ['hash'] }, 'gauge', [
      { values: [house.policyHash], value: 1 },
    ]),
  ].join('');
}

function processText(ours: ProcessFigures): string {
  return [
    single({ name: 'process_resident_memory_bytes', help: 'Memory in use.' }, 'gauge', ours.residentBytes),
    single({ name: 'process_cpu_seconds_total', help: 'Processor time used by all threads.' }, 'counter', ours.cpuSeconds),
    single({ name: 'gatehouse_uptime_seconds', help: 'Time since the start.' }, 'gauge', ours.uptimeSeconds),
    single({ name: 'nodejs_heap_size_used_bytes', help: 'Memory in use by JavaScript values.' }, 'gauge', ours.heapUsedBytes),
    single(
      {
        name: 'gatehouse_event_loop_active_seconds_total',
        help: 'Time the event loop was at work; its rate is the load of the one thread.',
      },
      'counter',
      ours.eventLoopActiveSeconds,
    ),
  ].join('');
}

function single(named: { readonly name: string; readonly help: string }, type: 'counter' | 'gauge', value: number): string {
  return familyText({ ...named, labels: [] }, type, [{ values: [], value }]);
}

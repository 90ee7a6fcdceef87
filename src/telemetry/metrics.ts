import type { ErrorCode } from '#core/errors/catalog.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { AttemptRecord, Intent, Terminal } from '#core/record/record.ts';
import { Counter, Histogram } from './exposition.ts';
import { houseText, processText } from './house-figures.ts';
import type { HouseFigures } from './house-figures.ts';
import type { Happening } from './ports.ts';
import type { ProcessFigures } from './process-figures.ts';

/** Stands where there is no route, no upstream or no error. */
export const absent = 'none';

const requestBoundsS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800];
const firstByteBoundsS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const commitBoundsS = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

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
  readonly verdicts = new Counter({
    name: 'gatehouse_verdicts_total',
    help: 'What was thought of the answers of an upstream.',
    labels: ['upstream', 'verdict'],
  });
  readonly retries = new Counter({
    name: 'gatehouse_retries_total',
    help: 'Quick second tries at the same target, by upstream.',
    labels: ['upstream'],
  });
  readonly failovers = new Counter({
    name: 'gatehouse_failovers_total',
    help: 'Tries after which another target was asked, by the upstream that was left.',
    labels: ['upstream'],
  });
  readonly recoveries = new Counter({
    name: 'gatehouse_recoveries_total',
    help: 'Runs of the command that brings a machine back, by how they ended.',
    labels: ['upstream', 'outcome'],
  });
  readonly cost = new Counter({
    name: 'gatehouse_cost_total',
    help: 'What all attempts cost, in the currency of the policy.',
    labels: ['route', 'upstream', 'currency'],
    per: 1e9,
  });
  readonly compareCost = new Counter({
    name: 'gatehouse_compare_cost_total',
    help: 'What the answers of the house would have cost at the price that the policy compares with.',
    labels: ['route', 'currency'],
    per: 1e9,
  });
  readonly energy = new Counter({
    name: 'gatehouse_energy_joules_total',
    help: 'Energy of all attempts at machines whose watts the policy names.',
    labels: ['route', 'upstream'],
    per: 1e3,
  });
  readonly busySeconds = new Counter({
    name: 'gatehouse_busy_seconds_total',
    help: 'Time in which an upstream had work of ours, shared among the attempts that ran at once.',
    labels: ['upstream'],
    per: 1e3,
  });
  readonly recordRefused = new Counter({
    name: 'gatehouse_record_refused_total',
    help: 'Starts and ends of calls that the record could not take.',
    labels: [],
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
  readonly firstTokenSeconds = new Histogram(
    {
      name: 'gatehouse_first_token_seconds',
      help: 'From the beginning of an attempt to its first token, by upstream.',
      labels: ['upstream'],
    },
    firstByteBoundsS,
  );
  readonly waitSeconds = new Histogram(
    { name: 'gatehouse_wait_seconds', help: 'Time in the queue, of requests that waited for a slot, by route.', labels: ['route'] },
    firstByteBoundsS,
  );
  readonly commitSeconds = new Histogram(
    { name: 'gatehouse_record_commit_seconds', help: 'Until the start or end of a call was durable.', labels: [] },
    commitBoundsS,
  );
  readonly #currency: () => string;

  /** `currency`: of the policy in force; empty where it names none. */
  constructor(currency: () => string) {
    this.#currency = currency;
  }

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
      case 'recovery':
        if (happening.outcome !== 'started') this.recoveries.add([happening.upstream, happening.outcome]);
        return;
      case 'upstream':
      case 'drain':
      case 'record':
      case 'traces':
        return;
    }
  }

  /** All metrics as Prometheus reads them. */
  text(house: HouseFigures, ours: ProcessFigures): string {
    const counted = [
      this.requests,
      this.requestSeconds,
      this.firstByteSeconds,
      this.firstTokenSeconds,
      this.waitSeconds,
      this.attempts,
      this.verdicts,
      this.retries,
      this.failovers,
      this.refused,
      this.tokens,
      this.busySeconds,
      this.cost,
      this.compareCost,
      this.energy,
      this.commitSeconds,
      this.recordRefused,
      this.alarms,
      this.recoveries,
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
    this.compareCost.add([route, this.#currency() || absent], terminal.compareNano ?? 0);
    const waitedMs = terminal.walks.flat().reduce((sum, event) => (event.type === 'waited' ? sum + event.ms : sum), 0);
    if (waitedMs > 0) this.waitSeconds.observe([route], waitedMs / 1e3);
    for (const [index, attempt] of terminal.attempts.entries())
      this.#observeAttempt(attempt, { route, next: terminal.attempts[index + 1] });
    if (terminal.usageEstimated && terminal.servedBy !== null) {
      this.tokens.add([upstream, 'input'], terminal.usage?.input ?? 0);
      this.tokens.add([upstream, 'output'], terminal.usage?.output ?? 0);
    }
  }

  #observeAttempt(attempt: AttemptRecord, { route, next }: { readonly route: string; readonly next: AttemptRecord | undefined }): void {
    const upstream = upstreamOf(attempt.target);
    this.attempts.add([upstream, attempt.result]);
    this.tokens.add([upstream, 'input'], attempt.usage?.input ?? 0);
    this.tokens.add([upstream, 'output'], attempt.usage?.output ?? 0);
    if (attempt.verdict !== null) this.verdicts.add([upstream, attempt.verdict]);
    if (attempt.firstTokenMs !== null) this.firstTokenSeconds.observe([upstream], attempt.firstTokenMs / 1e3);
    this.busySeconds.add([upstream], attempt.busyMs ?? 0);
    this.cost.add([route, upstream, this.#currency() || absent], attempt.costNano ?? 0);
    this.energy.add([route, upstream], attempt.energyMws ?? 0);
    if (!next) return;
    if (next.target !== attempt.target) this.failovers.add([upstream]);
    else if (attempt.result === 'flaky') this.retries.add([upstream]);
  }
}

import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages of what is counted. */
export const TELEMETRY_MUTANTS: readonly Mutant[] = [
  {
    name: 'telemetry: money is told in nano-units',
    file: 'src/telemetry/exposition.ts',
    find: 'value: series.count / per',
    replace: 'value: series.count / (per > 0 ? 1 : per)',
    tests: ['src/telemetry/metrics.test.ts'],
    expect: 'money, energy, verdicts, second tries and the queue are counted',
  },
  {
    name: 'telemetry: commits that failed are timed like good ones',
    file: 'src/telemetry/measured-store.ts',
    find: 'if (error instanceof RecordUnavailable) measures.refused();',
    replace: 'measures.took((now() - begun) / 1e3);',
    tests: ['src/telemetry/metrics.test.ts'],
    expect: 'commits are timed, those that were refused counted',
  },
  {
    name: 'telemetry: a metric without a row on its page',
    file: 'src/telemetry/house-figures.ts',
    find: "name: 'gatehouse_record_free_bytes'",
    replace: "name: 'gatehouse_record_room_bytes'",
    tests: ['test/metrics/page.test.ts'],
    expect: 'the page of metrics names every metric with its type and its labels, and no other',
  },
  {
    name: 'telemetry: a panel reads a metric that there is not',
    file: 'deploy/grafana/gatehouse.json',
    find: 'gatehouse_busy_seconds_total',
    replace: 'gatehouse_busy_second_total',
    tests: ['test/metrics/page.test.ts'],
    expect: 'the dashboard shows every metric, and reads no other',
  },
];

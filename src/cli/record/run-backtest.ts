import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes } from '#cli/exit-codes.ts';
import { painter } from '#cli/shell.ts';
import type { Paint, Shell } from '#cli/shell.ts';
import { textTable } from '#cli/text-table.ts';
import { Backtest } from '#replay/backtest.ts';
import type { BacktestReport, BeforeAfter } from '#replay/backtest.ts';
import { backtestPage } from './backtest-page.ts';
import { openRecord, recordedPolicies } from './open-record.ts';
import { moneyText, safe } from './record-cells.ts';
import { policyNamed, recordedOf, storiesOf } from './run-replay.ts';

/** What `gatehouse backtest` was told. */
export interface BacktestOptions {
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly html?: string;
  readonly data?: string;
  readonly json?: true;
}

const tellEvery = 5_000;

/** Decides recorded calls under another policy and says what would be otherwise; gives the exit code. */
export function runBacktest(path: string, options: BacktestOptions, shell: Shell): number {
  const to = policyNamed(path, shell);
  const database = openRecord(options.data, shell);
  try {
    const run = new Backtest(recordedPolicies(database), to);
    let calls = 0;
    for (const story of storiesOf(database, { since: '7d', ...options })) {
      run.add(recordedOf(story));
      if (++calls % tellEvery === 0 && shell.errIsTty) shell.err(`\r${calls} calls`);
    }
    if (calls >= tellEvery && shell.errIsTty) shell.err('\n');
    const report = run.report();
    const currency = to.policy.cost?.currency ?? '';
    if (options.html !== undefined) {
      const file = resolve(shell.cwd, options.html);
      writeFileSync(file, backtestPage(report, { policy: path, since: options.since ?? '7d', currency }));
      shell.err(`written: ${file}\n`);
    }
    shell.out(
      options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, currency, painter(shell, shell.outIsTty)),
    );
    return exitCodes.ok;
  } finally {
    database.close();
  }
}

const movesMax = 30;

function reportText(report: BacktestReport, currency: string, paint: Paint): string {
  const { calls, redecided, moved, cloud, unanswered, costNano, load } = report;
  const movedCalls = moved.reduce((sum, move) => sum + move.count, 0);
  const without = Object.entries(report.notRedecided).filter(([, count]) => count > 0);
  const head = `${calls} calls, ${redecided} decided again, ${paint('bold', `${movedCalls} would go elsewhere`)}\n`;
  const moves = moved
    .slice(0, movesMax)
    .map((move) => [
      `  ${move.count}`,
      safe(move.from),
      paint('yellow', `⇒ ${safe(move.to)}`),
      paint('dim', `${move.why.slice(0, 3).map(safe).join(', ')}; such as ${move.example}`),
    ]);
  const rest = moved.length > movesMax ? `  and ${moved.length - movesMax} other moves\n` : '';
  const sums = [
    ['', 'as it was', 'as it would be'],
    ['in a cloud', ...shares(cloud, redecided)],
    ['unanswered', ...shares(unanswered, redecided)],
    [
      `cost ${currency}`.trim(),
      moneyText(costNano.before),
      `${moneyText(costNano.after)}${costNano.unknown > 0 ? ` (of ${costNano.unknown} calls it is not known)` : ''}`,
    ],
    ...load.map(({ upstream, before, after }) => [
      `calls at ${upstream}`,
      String(before),
      after === before ? String(after) : paint('bold', String(after)),
    ]),
  ];
  const notes = without.map(([why, count]) => `${count} not decided again: ${why}\n`).join('');
  return `${head}${textTable(moves)}${rest}${textTable(sums)}${notes}Queues, load and failures are as they were recorded; whoever was not asked then is free and answers.\n`;
}

function shares({ before, after }: BeforeAfter, of: number): readonly [string, string] {
  const share = (count: number): string => `${count}${of === 0 ? '' : ` (${((count / of) * 100).toFixed(1)} %)`}`;
  return [share(before), share(after)];
}

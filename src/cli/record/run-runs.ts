import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { momentOf } from '#cli/moment.ts';
import { painter } from '#cli/shell.ts';
import type { Paint, Shell } from '#cli/shell.ts';
import { textTable } from '#cli/text-table.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import { listRuns, readRun } from '#record/asking/runs.ts';
import type { Run } from '#record/asking/runs.ts';
import { askForSums, openRecord } from './open-record.ts';
import { localTime, moneyText, safe } from './record-cells.ts';

/** What `gatehouse runs` was told. */
export interface RunsOptions {
  readonly since?: string;
  readonly limit?: string;
  readonly data?: string;
  readonly json?: true;
}

/** Lists runs, or shows one turn by turn; gives the exit code. */
export function runRuns(session: string | undefined, options: RunsOptions, shell: Shell): number {
  const database = openRecord(options.data, shell);
  const paint = painter(shell, shell.outIsTty);
  try {
    if (session !== undefined) {
      const run = readRun(database, session);
      if (run === null) throw new CliStop(exitCodes.invalid, `no call belongs to the session "${session}"`);
      shell.out(options.json === true ? `${JSON.stringify(run, null, 2)}\n` : runText(run, paint));
      return run.looping === null ? exitCodes.ok : exitCodes.violated;
    }
    const limit = Number(options.limit ?? '20');
    if (!Number.isInteger(limit) || limit < 1)
      throw new CliStop(exitCodes.invalid, `"${options.limit ?? ''}" is no number of runs: write --limit 50`);
    const since = momentOf(options.since ?? '7d', Date.now());
    const rows = askForSums(options, shell, (sums) => listRuns(sums, { since }, limit));
    const found = rows.map((row) => ({ ...row, looping: readRun(database, row.session)?.looping ?? null }));
    if (options.json === true) for (const row of found) shell.out(`${JSON.stringify(row)}\n`);
    else if (found.length === 0) shell.err('no session with more than one call in that time\n');
    else
      shell.out(
        textTable(
          found.map((row) => [
            paint('dim', localTime(row.lastAt)),
            safe(row.session),
            `${row.calls} turns`,
            formatDuration(row.lastAt - row.firstAt),
            `${row.inputTokens}+${row.outputTokens} tok`,
            row.costNano === 0 ? '' : moneyText(row.costNano),
            row.failed === 0 ? '' : paint('yellow', `${row.failed} not ok`),
            row.task === null ? '' : paint('cyan', safe(row.task)),
            row.looping === null ? '' : paint('red', row.looping),
          ]),
        ),
      );
    return exitCodes.ok;
  } finally {
    database.close();
  }
}

function runText(run: Run, paint: Paint): string {
  const turns = run.turns.map((turn, at) => [
    String(at + 1),
    paint('dim', localTime(turn.at)),
    turn.id,
    turn.target ?? 'nobody',
    paint(turn.result === 'ok' ? 'green' : 'yellow', turn.result),
    `${turn.promptTokens ?? '?'}+${turn.outputTokens ?? '?'} tok`,
    turn.durationMs === null ? '' : formatDuration(turn.durationMs),
    turn.toolCalls === null ? paint('dim', 'not captured') : turn.toolCalls.map((call) => safe(call).slice(0, 60)).join(' '),
  ]);
  const growth = run.contextGrowth;
  const signs = [
    ['context', growth === null ? 'unknown' : `grew from ${growth.from} to ${growth.to} tokens`],
    [
      'repeated call',
      run.repeatedCall === null ? 'none' : `${safe(run.repeatedCall.call).slice(0, 80)}, ${run.repeatedCall.times} times in a row`,
    ],
    ['bad turns', `${run.errorStreak} in a row at most`],
    ...(run.looping === null ? [] : [[paint('red', 'verdict'), paint('red', run.looping)]]),
  ];
  return textTable(turns) + textTable(signs);
}

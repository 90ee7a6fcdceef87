import { setTimeout as pause } from 'node:timers/promises';
import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { momentOf } from '#cli/moment.ts';
import { painter } from '#cli/shell.ts';
import type { Shell } from '#cli/shell.ts';
import { textTable } from '#cli/text-table.ts';
import { followMax, lastSeq, latestRecords, listRecords, recordsAfter } from '#record/asking/list-records.ts';
import type { RecordFilter } from '#record/asking/list-records.ts';
import type { RecordFile } from '#record/asking/record-reader.ts';
import { saidIn } from '#record/asking/said-in.ts';
import type { RecordRow } from '#record/asking/record-row.ts';
import { TERM_COLUMNS } from '#record/asking/terms.ts';
import { openRecord } from './open-record.ts';
import { recordCells } from './record-cells.ts';

/** What `gatehouse records` was told. */
export interface RecordsOptions {
  readonly since?: string;
  readonly until?: string;
  readonly key?: string;
  readonly profile?: string;
  readonly route?: string;
  readonly upstream?: string;
  readonly model?: string;
  readonly task?: string;
  readonly session?: string;
  readonly result?: string;
  readonly verdict?: string;
  readonly code?: string;
  readonly text?: string;
  readonly limit?: string;
  readonly follow?: true;
  readonly data?: string;
  readonly json?: true;
}

const followMs = 500;

/** Lists calls, or tells of them as they end; gives the exit code. */
export async function runRecords(options: RecordsOptions, shell: Shell): Promise<number> {
  const filter = filterOf(options, Date.now());
  const limit = limitOf(options);
  const database = openRecord(options.data, shell);
  try {
    if (options.follow === true) return await follow(database, filter, { options, shell });
    const rows =
      options.text === undefined
        ? latestRecords(database, filter, limit)
        : withText(database, filter, { text: options.text, limit, shell });
    show(rows.toReversed(), { options, shell });
    if (rows.length === 0 && options.json !== true) shell.err('no call fits that\n');
    return exitCodes.ok;
  } finally {
    database.close();
  }
}

/** The filter that options mean. `--key` takes the id of a key, as lists show it. */
function filterOf(options: RecordsOptions, now: number): RecordFilter {
  const { key: principal, since, until } = options;
  const values = TERM_COLUMNS.flatMap((column) => {
    const value = column === 'principal' ? principal : options[column];
    return value === undefined ? [] : [[column, value] as const];
  });
  return {
    ...Object.fromEntries(values),
    ...(since === undefined ? {} : { since: momentOf(since, now) }),
    ...(until === undefined ? {} : { until: momentOf(until, now) }),
  };
}

function limitOf({ limit = '50' }: RecordsOptions): number {
  const count = /^\d{1,6}$/.test(limit) ? Number(limit) : 0;
  if (count < 1) throw new CliStop(exitCodes.invalid, `"${limit}" is no number of calls: write --limit 200`);
  return count;
}

function show(rows: readonly RecordRow[], { options, shell }: { readonly options: RecordsOptions; readonly shell: Shell }): void {
  if (options.json === true) for (const row of rows) shell.out(`${JSON.stringify(row)}\n`);
  else shell.out(textTable(rows.map((row) => recordCells(row, painter(shell, shell.outIsTty)))));
}

/** Looks through what was said, newest call first. That takes a while where there is much; how far it is, is told. */
function withText(
  database: RecordFile,
  filter: RecordFilter,
  { text, limit, shell }: { readonly text: string; readonly limit: number; readonly shell: Shell },
): readonly RecordRow[] {
  const found: RecordRow[] = [];
  let seen = 0;
  for (let before: number | null = null; found.length < limit;) {
    const page = listRecords(database, filter, { limit: 200, before });
    found.push(...page.rows.filter((row) => saidIn(database, row, text)));
    seen += page.rows.length;
    if (shell.errIsTty) shell.err(`\r${seen} calls looked through, ${found.length} found`);
    if (page.next === null) break;
    before = page.next;
  }
  if (shell.errIsTty) shell.err('\n');
  return found.slice(0, limit);
}

/** Until it is ended from outside. */
async function follow(
  database: RecordFile,
  filter: RecordFilter,
  to: { readonly options: RecordsOptions; readonly shell: Shell },
): Promise<number> {
  let seen = filter.since === undefined ? lastSeq(database) : 0;
  const recent = latestRecords(database, filter, 10).toReversed();
  show(recent, to);
  seen = Math.max(seen, recent.at(-1)?.seq ?? 0);
  for (;;) {
    // Read first: calls that end meanwhile come with the next look, and none that is of no interest is looked at twice.
    const last = lastSeq(database);
    const rows = recordsAfter(database, filter, seen);
    show(rows, to);
    seen = rows.length === followMax ? (rows.at(-1)?.seq ?? seen) : Math.max(last, rows.at(-1)?.seq ?? 0);
    await pause(followMs);
  }
}

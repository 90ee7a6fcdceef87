import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { tablesFromPolicy } from '#cli/load-house.ts';
import { momentOf } from '#cli/moment.ts';
import { painter } from '#cli/shell.ts';
import type { Shell } from '#cli/shell.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { RecordFile } from '#record/asking/record-reader.ts';
import { listRecords } from '#record/asking/list-records.ts';
import { readCall, storyOf } from '#record/asking/read-call.ts';
import type { CallStory } from '#record/asking/read-call.ts';
import type { RecordedCall } from '#replay/recorded-call.ts';
import { replayCall } from '#replay/replay-call.ts';
import type { Replay } from '#replay/replay-call.ts';
import { openRecord, recordedPolicies } from './open-record.ts';

/** What `gatehouse replay` was told. */
export interface ReplayOptions {
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly policy?: string;
  readonly data?: string;
  readonly json?: true;
}

/** Decides one recorded call again, or all of a time; gives the exit code: 1 if one is decided otherwise. */
export function runReplay(id: string | undefined, options: ReplayOptions, shell: Shell): number {
  const database = openRecord(options.data, shell);
  try {
    const policies = recordedPolicies(database);
    const under = options.policy === undefined ? null : tablesFromPolicy(options.policy, shell);
    const seen = { equal: 0, differs: 0, undecided: 0, 'without policy': 0, 'from the scores on': 0 };
    for (const story of id === undefined ? storiesOf(database, options) : [storyNamed(database, id)]) {
      const tables = under ?? policies(story.intent.policyHash);
      const replay = tables === null ? null : replayCall(recordedOf(story), tables);
      seen[replay?.outcome ?? 'without policy']++;
      if (replay !== null && replay.outcome !== 'undecided' && replay.from === 'scores') seen['from the scores on']++;
      tell(story.row.id, replay, { alone: id !== undefined, options, shell });
    }
    if (id === undefined) shell.out(options.json === true ? `${JSON.stringify(seen)}\n` : summaryOf(seen));
    return seen.differs > 0 ? exitCodes.violated : exitCodes.ok;
  } finally {
    database.close();
  }
}

/** A call as replay and backtest take it. */
export function recordedOf({ intent, terminal, bodies }: CallStory): RecordedCall {
  const requestText = bodies.request.state === 'kept' ? Buffer.from(bodies.request.bytes).toString('utf8') : null;
  return { intent, terminal, requestText };
}

/** All calls between two moments, newest first, a page at a time. */
export function* storiesOf(database: RecordFile, options: Pick<ReplayOptions, 'since' | 'until' | 'limit'>): Generator<CallStory> {
  const now = Date.now();
  const filter = {
    ...(options.since === undefined ? {} : { since: momentOf(options.since, now) }),
    ...(options.until === undefined ? {} : { until: momentOf(options.until, now) }),
  };
  let left = options.limit === undefined ? Number.POSITIVE_INFINITY : Number(options.limit);
  if (!(left >= 1)) throw new CliStop(exitCodes.invalid, `"${options.limit ?? ''}" is no number of calls: write --limit 1000`);
  for (let before: number | null = null; left > 0;) {
    const page = listRecords(database, filter, { limit: Math.min(500, left), before });
    for (const row of page.rows) {
      const story = storyOf(database, row);
      if (story) yield story;
    }
    left -= page.rows.length;
    if (page.next === null) return;
    before = page.next;
  }
}

function storyNamed(database: RecordFile, id: string): CallStory {
  const story = readCall(database, id);
  if (story === null) throw new CliStop(exitCodes.invalid, `no call that has ended has the id "${id}", or more than one begins so`);
  return story;
}

function tell(
  id: string,
  replay: Replay | null,
  { alone, options, shell }: { readonly alone: boolean; readonly options: ReplayOptions; readonly shell: Shell },
): void {
  if (options.json === true) {
    if (alone || replay?.outcome === 'differs') shell.out(`${JSON.stringify({ id, ...(replay ?? { outcome: 'without policy' }) })}\n`);
    return;
  }
  if (!alone && replay?.outcome !== 'differs') return;
  const paint = painter(shell, shell.outIsTty);
  if (replay === null) shell.out(`${id}: the record does not have the policy it was decided under\n`);
  else if (replay.outcome === 'undecided') shell.out(`${id}: it was refused before there was anything to decide\n`);
  else if (replay.outcome === 'equal') shell.out(`${id}: ${paint('green', 'the same, bit for bit')} (${startOf(replay.from)})\n`);
  else {
    const values = [replay.recorded, replay.replayed].map((value) => (value === undefined ? 'nothing' : JSON.stringify(value)));
    shell.out(
      `${id}: ${paint('red', `${replay.field} differs`)}: recorded ${values[0] ?? ''}, now ${values[1] ?? ''} (${startOf(replay.from)})\n`,
    );
  }
}

function startOf(from: 'text' | 'scores'): string {
  return from === 'text' ? 'from the text of the request' : 'its text was not captured: from the words that were found in it';
}

function summaryOf(seen: Readonly<Record<string, number>>): string {
  return `${Object.entries(seen)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')}\n`;
}

/** The look-ups of a policy file that has to be there. */
export function policyNamed(path: string, shell: Shell): PolicyTables {
  const tables = tablesFromPolicy(path, shell);
  if (tables === null) throw new CliStop(exitCodes.invalid, `there is no policy ${path}`);
  return tables;
}

import type { DatabaseSync } from 'node:sqlite';
import { surfaces } from '#surfaces/registry.ts';
import { boundsOf, latestRecords } from './list-records.ts';
import type { RecordFilter } from './list-records.ts';
import { storyOf } from './read-call.ts';
import { whileInTime } from './record-reader.ts';
import { numberIn, textIn } from './record-row.ts';
import { judgeRun } from './judge-run.ts';
import type { RunSigns, Turn } from './judge-run.ts';
import { toolCallsOf } from './tool-calls.ts';
import type { ToolCall } from './tool-calls.ts';

/** Calls of one session, as lists show them. */
export interface RunRow {
  readonly session: string;
  readonly calls: number;
  readonly failed: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly task: string | null;
  readonly principal: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costNano: number;
}

/** One run in full: its turns, oldest first, and what they show. */
export interface Run extends RunSigns {
  readonly session: string;
  readonly turns: readonly Turn[];
}

/** Sessions with more than one call, the latest first. */
export function listRuns(database: DatabaseSync, filter: Pick<RecordFilter, 'since' | 'until'>, limit: number): readonly RunRow[] {
  const { above, below } = boundsOf(database, filter, null);
  const rows = database
    .prepare(
      `SELECT session, count(*) AS calls, sum(result <> 'ok') AS failed, min(at) AS first_at, max(at) AS last_at, max(task) AS task,
         max(principal) AS principal, total(input_tokens) AS input, total(output_tokens) AS output, total(cost_nano) AS cost
       FROM records WHERE seq > ? AND seq < ? AND ${whileInTime('seq')} AND session IS NOT NULL GROUP BY session HAVING calls > 1 ORDER BY max(seq) DESC LIMIT ?`,
    )
    .all(above, below, limit);
  return rows.map((row) => ({
    session: textIn(row, 'session') ?? '',
    calls: numberIn(row, 'calls') ?? 0,
    failed: numberIn(row, 'failed') ?? 0,
    firstAt: numberIn(row, 'first_at') ?? 0,
    lastAt: numberIn(row, 'last_at') ?? 0,
    task: textIn(row, 'task'),
    principal: textIn(row, 'principal') ?? '',
    inputTokens: numberIn(row, 'input') ?? 0,
    outputTokens: numberIn(row, 'output') ?? 0,
    costNano: numberIn(row, 'cost') ?? 0,
  }));
}

/** A run is looked at this far back. */
const turnsMax = 500;

/** Reads one run; null if no call belongs to it. Tool calls are seen where the profile captures what is said. */
export function readRun(database: DatabaseSync, session: string): Run | null {
  const rows = latestRecords(database, { session }, turnsMax);
  if (rows.length === 0) return null;
  const turns = rows.toReversed().map((row): Turn => {
    const story = storyOf(database, row, 'reply');
    const reply = story?.bodies.reply;
    return {
      id: row.id,
      at: row.at,
      target: row.target,
      result: row.result,
      verdict: row.verdict,
      promptTokens: row.inputTokens ?? story?.intent.facts?.promptTokens ?? null,
      outputTokens: row.outputTokens,
      costNano: row.costNano,
      durationMs: row.durationMs,
      toolCalls: reply?.state === 'kept' ? callsIn(row.surface, reply.bytes) : null,
    };
  });
  return { session, turns, ...judgeRun(turns) };
}

/** Null where nobody speaks that API any more. */
function callsIn(surface: string, reply: Uint8Array): readonly ToolCall[] | null {
  const dialect = surfaces.find(({ name }) => name === surface)?.dialect;
  return dialect ? toolCallsOf(reply, dialect) : null;
}

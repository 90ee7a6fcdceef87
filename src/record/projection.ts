import type { Intent, Terminal } from '#core/record/record.ts';

/** One value of a row. */
export type ColumnValue = string | number | null;

const START_COLUMNS = [
  ['id', 'TEXT UNIQUE'],
  ['at', 'INTEGER'],
  ['surface', 'TEXT'],
  ['principal', 'TEXT'],
  ['profile', 'TEXT'],
  ['task', 'TEXT'],
  ['session', 'TEXT'],
  ['model', 'TEXT'],
  ['stream', 'INTEGER'],
  ['route', 'TEXT'],
  ['bucket', 'TEXT'],
  ['tier', 'TEXT'],
] as const;

const END_COLUMNS = [
  ['result', 'TEXT'],
  ['status', 'INTEGER'],
  ['code', 'TEXT'],
  ['verdict', 'TEXT'],
  ['target', 'TEXT'],
  ['upstream', 'TEXT'],
  ['attempts', 'INTEGER'],
  ['input_tokens', 'INTEGER'],
  ['output_tokens', 'INTEGER'],
  ['cached_tokens', 'INTEGER'],
  ['cost_nano', 'INTEGER'],
  ['energy_mws', 'INTEGER'],
  ['compare_nano', 'INTEGER'],
  ['duration_ms', 'INTEGER'],
  ['first_byte_ms', 'INTEGER'],
] as const;

/** The columns of `records` after `seq` and `start_seq`, with their types: first those of the start, then those of the end. */
export const RECORD_COLUMNS: readonly (readonly [name: string, type: string])[] = [...START_COLUMNS, ...END_COLUMNS];

/** What a call's `start` entry gives to its row. */
export function startColumns(intent: Intent): readonly ColumnValue[] {
  const { facts, decision } = intent;
  return [
    intent.id,
    Math.round(intent.at),
    intent.surface,
    intent.principal,
    intent.profile,
    intent.task,
    intent.session,
    facts === null ? null : facts.model,
    facts === null ? null : Number(facts.stream),
    decision === null ? null : decision.route,
    decision === null ? null : decision.bucket,
    facts === null ? null : facts.tier,
  ];
}

/** What a call's `terminal` entry gives to its row. */
export function endColumns(terminal: Terminal): readonly ColumnValue[] {
  const { servedBy, usage } = terminal;
  return [
    terminal.result,
    terminal.status,
    terminal.code,
    terminal.verdict,
    servedBy,
    servedBy === null ? null : servedBy.slice(0, servedBy.indexOf('/')),
    terminal.attempts.length,
    exactCell(usage?.input),
    exactCell(usage?.output),
    exactCell(usage?.cachedInput),
    exactCell(terminal.costNano),
    exactCell(terminal.energyMws),
    exactCell(terminal.compareNano),
    exactCell(Math.round(terminal.durationMs)),
    terminal.firstByteMs === null ? null : exactCell(Math.round(terminal.firstByteMs)),
  ];
}

/** The same of an `interrupted` entry: nothing is known. */
export const interruptedColumns: readonly ColumnValue[] = END_COLUMNS.map(([name]) => (name === 'result' ? 'interrupted' : null));

/** A number that can be read again: a larger one would make every list fail that has the row in it. */
function exactCell(value: number | null | undefined): number | null {
  return value === undefined || value === null || Math.abs(value) > Number.MAX_SAFE_INTEGER ? null : value;
}

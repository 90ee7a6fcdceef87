/** One call, as lists show it: a row of `records`. What is not known is null. */
export interface RecordRow {
  /** Where its end stands in the log; lists go by it, newest first. */
  readonly seq: number;
  readonly startSeq: number;
  readonly id: string;
  /** When it arrived, milliseconds since 1970. */
  readonly at: number;
  readonly surface: string;
  readonly principal: string;
  readonly profile: string | null;
  readonly task: string | null;
  readonly session: string | null;
  /** As the caller wrote it. */
  readonly model: string | null;
  readonly stream: boolean | null;
  readonly route: string | null;
  readonly bucket: string | null;
  readonly tier: string | null;
  /** `ok`, `refused`, `failed`, `cancelled`, `interrupted`. */
  readonly result: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly verdict: string | null;
  readonly target: string | null;
  readonly upstream: string | null;
  readonly attempts: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly costNano: number | null;
  readonly energyMws: number | null;
  readonly compareNano: number | null;
  readonly durationMs: number | null;
  readonly firstByteMs: number | null;
}

type Row = Readonly<Record<string, unknown>>;

/** Reads a row as SQLite gives it. */
export function recordRow(row: Row): RecordRow {
  const stream = numberIn(row, 'stream');
  return {
    seq: numberIn(row, 'seq') ?? 0,
    startSeq: numberIn(row, 'start_seq') ?? 0,
    id: textIn(row, 'id') ?? '',
    at: numberIn(row, 'at') ?? 0,
    surface: textIn(row, 'surface') ?? '',
    principal: textIn(row, 'principal') ?? '',
    profile: textIn(row, 'profile'),
    task: textIn(row, 'task'),
    session: textIn(row, 'session'),
    model: textIn(row, 'model'),
    stream: stream === null ? null : stream === 1,
    route: textIn(row, 'route'),
    bucket: textIn(row, 'bucket'),
    tier: textIn(row, 'tier'),
    result: textIn(row, 'result') ?? '',
    status: numberIn(row, 'status'),
    code: textIn(row, 'code'),
    verdict: textIn(row, 'verdict'),
    target: textIn(row, 'target'),
    upstream: textIn(row, 'upstream'),
    attempts: numberIn(row, 'attempts'),
    inputTokens: numberIn(row, 'input_tokens'),
    outputTokens: numberIn(row, 'output_tokens'),
    cachedTokens: numberIn(row, 'cached_tokens'),
    costNano: numberIn(row, 'cost_nano'),
    energyMws: numberIn(row, 'energy_mws'),
    compareNano: numberIn(row, 'compare_nano'),
    durationMs: numberIn(row, 'duration_ms'),
    firstByteMs: numberIn(row, 'first_byte_ms'),
  };
}

/** A whole or broken number of a row; null where there is none. */
export function numberIn(row: Row, name: string): number | null {
  const value = row[name];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}

export function textIn(row: Row, name: string): string | null {
  const value = row[name];
  return typeof value === 'string' ? value : null;
}

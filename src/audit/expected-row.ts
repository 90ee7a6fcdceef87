import { isMembers } from './read-entry.ts';
import type { Entry, Members } from './read-entry.ts';

export type Cell = string | number | null;
/** Columns of `records` by name. */
export type Row = Readonly<Record<string, Cell>>;

const fromStart = [
  'start_seq',
  'at',
  'surface',
  'principal',
  'profile',
  'task',
  'session',
  'model',
  'stream',
  'route',
  'bucket',
  'tier',
] as const;
const fromEnd = [
  'seq',
  'id',
  'result',
  'status',
  'code',
  'verdict',
  'target',
  'upstream',
  'attempts',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'cost_nano',
  'energy_mws',
  'compare_nano',
  'duration_ms',
  'first_byte_ms',
] as const;

/** All columns of `records`. */
export const recordColumns: readonly string[] = [...fromEnd, ...fromStart];
export const scoreColumns: readonly string[] = ['seq', 'id', 'name', 'value', 'label', 'source', 'comment', 'at'];

/** What a row takes from the start of its call. */
export function startCells({ seq, at, members }: Entry): Row {
  const { facts, decision } = members;
  return {
    start_seq: seq,
    at,
    surface: cell(members['surface']),
    principal: cell(members['principal']),
    profile: cell(members['profile']),
    task: cell(members['task']),
    session: cell(members['session']),
    model: inside(facts, 'model'),
    stream: inside(facts, 'stream'),
    route: inside(decision, 'route'),
    bucket: inside(decision, 'bucket'),
    tier: inside(facts, 'tier'),
  };
}

/** What a row takes from the end of its call. */
export function endCells({ seq, type, members }: Entry): Row {
  const ended = type === 'terminal' ? members : {};
  const target = cell(ended['servedBy']);
  return {
    seq,
    id: cell(members['id']),
    result: type === 'terminal' ? cell(members['result']) : 'interrupted',
    status: cell(ended['status']),
    code: cell(ended['code']),
    verdict: cell(ended['verdict']),
    target,
    upstream: typeof target === 'string' ? (target.split('/')[0] ?? null) : null,
    attempts: Array.isArray(ended['attempts']) ? ended['attempts'].length : null,
    input_tokens: exact(inside(ended['usage'], 'input')),
    output_tokens: exact(inside(ended['usage'], 'output')),
    cached_tokens: exact(inside(ended['usage'], 'cachedInput')),
    cost_nano: exact(cell(ended['costNano'])),
    energy_mws: exact(cell(ended['energyMws'])),
    compare_nano: exact(cell(ended['compareNano'])),
    duration_ms: rounded(ended['durationMs']),
    first_byte_ms: rounded(ended['firstByteMs']),
  };
}

/** The row of a `score` entry. */
export function scoreCells({ seq, at, members }: Entry): Row {
  const cells = Object.fromEntries(['id', 'name', 'value', 'label', 'source', 'comment'].map((name) => [name, cell(members[name])]));
  return { seq, at, ...cells };
}

/** The first column in which a row of the file is not what it should be, in words; null if there is none. */
export function differenceOf(row: Members, expected: Row): string | null {
  for (const name in expected) {
    const [is, should] = [row[name], expected[name]];
    if (is !== should) return `${name} is ${shown(is)}, the log says ${shown(should)}`;
  }
  return null;
}

function inside(value: unknown, name: string): Cell {
  return isMembers(value) ? cell(value[name]) : null;
}

function cell(value: unknown): Cell {
  // A table holds UTF-8, in which half a surrogate pair has no place.
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : null;
}

/** Whole numbers beyond what is exact are left out of the table. */
function exact(value: Cell): Cell {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? null : value;
}

function rounded(value: unknown): Cell {
  return typeof value === 'number' ? exact(Math.round(value)) : null;
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return value === undefined ? 'missing' : JSON.stringify(value);
}

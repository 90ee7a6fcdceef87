import { isUtf8 } from 'node:buffer';

export type Members = Readonly<Record<string, unknown>>;

/** An entry as it lies in the log, its JSON read. */
export interface Entry {
  readonly seq: number;
  readonly type: EntryType;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly members: Members;
}

/** What the value of a member may be. */
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const list: Check = (value) => Array.isArray(value);
const truth: Check = (value) => typeof value === 'boolean';
const hash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...names: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && names.includes(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);
const bodyOf: Check = (value) =>
  isMembers(value) &&
  (hash(value['whole']) || hash(value['hash']) || count(value['bytes']) || (hash(value['frame']) && orNull(hash)(value['messages'])));

/** The members that each type has beside `seq`, `type` and `at`. */
const shapes = {
  start: {
    id: text,
    surface: text,
    principal: text,
    profile: orNull(text),
    task: orNull(text),
    session: orNull(text),
    facts: orNull(isMembers),
    policyHash: hash,
    decision: orNull(isMembers),
    body: orNull(bodyOf),
  },
  terminal: {
    id: text,
    durationMs: number,
    walks: list,
    attempts: list,
    result: oneOf('ok', 'refused', 'failed', 'cancelled'),
    verdict: orNull(text),
    status: count,
    code: orNull(text),
    message: orNull(text),
    servedBy: orNull(text),
    firstByteMs: orNull(number),
    usage: orNull(isMembers),
    usageEstimated: truth,
    costNano: maybe(number),
    energyMws: maybe(number),
    compareNano: maybe(number),
    reply: orNull(bodyOf),
  },
  interrupted: { id: text, why: oneOf('restart', 'record_unavailable') },
  score: {
    id: text,
    name: text,
    value: orNull(number),
    label: orNull(text),
    source: orNull(text),
    comment: orNull(text),
  },
  erase: { records: (value) => Array.isArray(value) && value.length <= 1_000 && value.every(text), by: text },
  prune: { before: count, head: hash, why: oneOf('age', 'size'), signature: text },
  checkpoint: { through: count, head: hash, openFrom: count, signature: text },
  admin: { action: text, subject: maybe(text) },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Check>>>>;

export type EntryType = keyof typeof shapes;

/** Reads the bytes of an entry; a text says what is wrong with them. */
export function readEntry(seq: number, bytes: Uint8Array): Entry | string {
  if (!isUtf8(bytes)) return 'it is not UTF-8';
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let members: unknown;
  try {
    members = JSON.parse(json);
  } catch {
    return 'it is not JSON';
  }
  if (!isMembers(members)) return 'it is not a JSON object';
  const { type, at } = members;
  if (members['seq'] !== seq) return `it says that it is entry ${String(members['seq'])}`;
  if (typeof type !== 'string' || !isEntryType(type)) return `its type is ${JSON.stringify(type)}`;
  if (typeof at !== 'number' || !Number.isSafeInteger(at)) return 'it has no time';
  if (!json.startsWith(`{"seq":${seq},"type":"${type}","at":${at},`)) return 'it does not begin with seq, type and at';
  const shape: Readonly<Record<string, Check>> = shapes[type];
  for (const name in shape) if (shape[name]?.(members[name]) !== true) return `its ${name} is ${shown(members[name])}`;
  return { seq, type, at, members };
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntryType(type: string): type is EntryType {
  return Object.hasOwn(shapes, type);
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A member that the shape promised to be text. */
export function textAt(members: Members, name: string): string {
  const value = members[name];
  return typeof value === 'string' ? value : '';
}

/** A member that the shape promised to be a number. */
export function numberAt(members: Members, name: string): number {
  const value = members[name];
  return typeof value === 'number' ? value : Number.NaN;
}

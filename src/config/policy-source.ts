import type { PolicyProblem } from './problem.ts';

/** Where in the policy: keys and list positions from the root. */
export type PolicyPath = readonly (string | number)[];

/** Where one value stands in the text. */
export interface Spot {
  /** Offset of its key; null for the root and for entries of lists. */
  readonly key: number | null;
  readonly value: number;
  /** A scalar as written, so that money loses no digit; null for mappings and lists. */
  readonly written: string | null;
}

/** A parsed policy file: plain values, and where each of them stands. */
export interface PolicySource {
  readonly file: string;
  /** Offsets at which the lines of the text begin. */
  readonly lineStarts: readonly number[];
  /** Null-prototype objects, arrays and scalars. */
  readonly value: unknown;
  readonly spots: ReadonlyMap<string, Spot>;
  /** Names of the spots whose value could not be read, which is said already; nothing more is said of them. */
  readonly refused: ReadonlySet<string>;
  /** Keys of each mapping in file order, which JavaScript forgets for keys that look like numbers. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

/** What part of an entry is wrong: its key, or its value. */
export type PlaceOf = 'key' | 'value';

/** Names a path in the maps of a source. */
export function spotName(path: PolicyPath): string {
  return path.join('\u0000');
}

/** The keys of the mapping at `path`, in file order; none if there is no mapping. */
export function keysAt(source: PolicySource, path: PolicyPath): readonly string[] {
  return source.keys.get(spotName(path)) ?? [];
}

/** The value at `path`; undefined if there is none. */
export function valueAt(source: PolicySource, path: PolicyPath): unknown {
  return path.reduce<unknown>((value, step) => (isContainer(value) ? value[step] : undefined), source.value);
}

/** Offsets at which the lines of a text begin. */
export function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** 1-based line and column of an offset. */
export function positionIn(lineStarts: readonly number[], offset: number): { readonly line: number; readonly column: number } {
  let line = 0;
  let after = lineStarts.length;
  while (after - line > 1) {
    const middle = (line + after) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) line = middle;
    else after = middle;
  }
  return { line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
}

/** `routes.code.failover`, `guarantees[2].never`; a key with other characters in it is quoted. A list position at the end says nothing. */
function formatPath(path: PolicyPath): string {
  const named = typeof path.at(-1) === 'number' ? path.slice(0, -1) : path;
  return named.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const plain = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? plain : `${text}.${plain}`;
  }, '');
}

/** Nobody reads more problems at once, or longer ones. */
const problemsMax = 100;
const messageMax = 500;

/** Collects what is wrong while a policy is read, so that all of it is said at once. */
export interface Report {
  readonly source: PolicySource;
  /** An error; the policy will not load. */
  error(path: PolicyPath, message: string, more?: { readonly at?: PlaceOf; readonly suggestion?: string | null }): void;
  /** What was probably meant by a key that nobody knows; that it is missing is then not said as well. */
  guess(path: PolicyPath): void;
  /** Loads, but is probably not what was meant. */
  warn(path: PolicyPath, message: string, more?: { readonly at?: PlaceOf }): void;
  /** Loads; worth knowing. */
  note(path: PolicyPath, message: string, more?: { readonly at?: PlaceOf }): void;
  readonly errors: readonly PolicyProblem[];
  readonly warnings: readonly PolicyProblem[];
  readonly notes: readonly PolicyProblem[];
}

/** An empty report on one file. */
export function reportOn(source: PolicySource): Report {
  const lists = { errors: [] as PolicyProblem[], warnings: [] as PolicyProblem[], notes: [] as PolicyProblem[] };
  const said = new Set<string>();
  const guessed = new Set<string>();
  const add = (list: PolicyProblem[], path: PolicyPath, message: string, more: { at?: PlaceOf; suggestion?: string | null } = {}): void => {
    if (path.some((_, at) => source.refused.has(spotName(path.slice(0, at + 1))))) return;
    // The misspelt key says it already.
    if (guessed.has(spotName(path)) && !source.spots.has(spotName(path))) return;
    const problem = problemAt(source, path, message, more);
    // Several entries can share one text (aliases), which is wrong once.
    const key = `${problem.line}:${problem.column} ${message}`;
    if (said.has(key) || list.length > problemsMax) return;
    said.add(key);
    list.push(
      list.length < problemsMax
        ? problem
        : { ...problem, message: 'this and more is wrong; correct what stands above first', suggestion: null },
    );
  };
  return {
    source,
    error: (path, message, more) => add(lists.errors, path, message, more),
    guess: (path) => guessed.add(spotName(path)),
    warn: (path, message, more) => add(lists.warnings, path, message, more),
    note: (path, message, more) => add(lists.notes, path, message, more),
    ...lists,
  };
}

/** A problem at a path of the policy; for checks that run after loading, such as the proof of the guarantees. */
export function problemAt(
  source: PolicySource,
  path: PolicyPath,
  message: string,
  more: { readonly at?: PlaceOf; readonly suggestion?: string | null } = {},
): PolicyProblem {
  let known = path;
  while (known.length > 0 && !source.spots.has(spotName(known))) known = known.slice(0, -1);
  const spot = source.spots.get(spotName(known));
  const missing = known.length < path.length && typeof path.at(-1) === 'string';
  // What is not there is shown where it should be: at its parent's name.
  const offset = more.at === 'key' || missing ? (spot?.key ?? spot?.value ?? 0) : (spot?.value ?? 0);
  return {
    file: source.file,
    ...positionIn(source.lineStarts, offset),
    path: formatPath(path),
    message: message.length > messageMax ? `${message.slice(0, messageMax)}…` : message,
    suggestion: more.suggestion ?? null,
  };
}

function isContainer(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null;
}

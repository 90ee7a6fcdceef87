/** What can be wrong with a record, each with what it means for whoever relies on it. `docs/audit.md` lists the same. */
export const findingMeanings = {
  damaged: 'pages of the file do not fit together: a fault of the disk, or somebody wrote into the file',
  schema: 'the file does not have the tables of the format: what is kept elsewhere is not checked, and queries may show something else',
  meta: 'what the file says of itself is wrong',
  gap: 'entries were removed, or their numbers changed',
  front_missing: 'the oldest entries are gone and no signed prune entry allows it',
  hash: 'this entry, or the one before it, is not what was written',
  shape: 'this entry is not one that the writer makes',
  call: 'a call does not have one start and one end',
  checkpoint: 'a checkpoint does not hold: the entries before it were rewritten, or it was forged',
  uncovered:
    'more entries follow the last checkpoint than a writer leaves unsigned: checkpoints were removed, or the entries are not its own',
  prune: 'a prune entry does not hold: it does not allow that anything is missing',
  outside: 'a line of the outside copy does not hold: that file was edited, or belongs to another log or key',
  outside_head: 'the log had another content when this outside checkpoint was written: it was rewritten since',
  truncated: 'the log ends before its last outside checkpoint: its end was cut off, or an older copy was put in its place',
  policy: 'a policy is not the one that decisions name',
  policy_missing: 'a policy that decisions name is gone: they cannot be replayed',
  body: 'what is kept of a text is not what the chain names',
  body_missing: 'a text is gone although nobody erased it',
  body_kept: 'a text is still there although every call that reaches it was erased',
  body_unnamed: 'a text that no call names: it was put there, or what named it is gone',
  count: 'how often a text is named, or which were erased, is noted wrongly: the writer would remove too much or too little',
  node: 'a list of messages is not what the chain names',
  row: 'the table that people ask says something else than the log',
  row_missing: 'a call of the log is not in the table that people ask',
  row_extra: 'the table that people ask has a row that the log does not know',
  term_missing: 'a call is not found by what it was: lists that ask for that leave it out',
  term_extra: 'the index of calls leads to where no such call is',
} as const;

export type FindingCode = keyof typeof findingMeanings;

export interface Finding {
  readonly code: FindingCode;
  /** The entry it belongs to; null where it belongs to none. */
  readonly seq: number | null;
  /** What was found, in words. */
  readonly what: string;
}

/** How many findings of one code are kept in full; all are counted. */
const keptMax = 200;

/** Collects findings in the order in which they turn up. */
export class Findings {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();
  #chainEnd = Infinity;

  add(code: FindingCode, seq: number | null, what: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count <= keptMax) this.#kept.push({ code, seq, what });
  }

  /** Nothing from this entry on is proven by a later checkpoint. */
  breakChainAt(seq: number): void {
    this.#chainEnd = Math.min(this.#chainEnd, seq);
  }

  /** The first entry that is not what it should be; infinite if all are. */
  get chainEnd(): number {
    return this.#chainEnd;
  }

  get kept(): readonly Finding[] {
    return this.#kept;
  }

  get counts(): ReadonlyMap<FindingCode, number> {
    return this.#counts;
  }

  get total(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }
}

/** Why nothing could be checked at all. */
export class CannotRead extends Error {
  override readonly name = 'CannotRead';
}

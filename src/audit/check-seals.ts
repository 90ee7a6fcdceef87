import type { KeyObject } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { hexOf, holds, nextHash, sameBytes } from './chain.ts';
import type { Findings } from './finding.ts';
import { numberAt, textAt } from './read-entry.ts';
import type { Entry } from './read-entry.ts';

/** What is signed in a log: its checkpoints, and what allows that entries are missing. */
export interface SealKey {
  readonly log: string;
  readonly key: KeyObject | null;
}

/** A checkpoint that holds. */
export interface Proof {
  /** Everything up to this entry is proven. */
  readonly through: number;
  /** When it was written, milliseconds since 1970. */
  readonly at: number;
}

/** The writer signs after 1,000 entries; a batch may go beyond that. */
const unsignedMax = 2_000;

/** Checks each checkpoint where it stands in the log. */
export class CheckpointCheck {
  readonly #findings: Findings;
  readonly #seal: SealKey;
  #covered: number;
  #told = false;
  count = 0;
  readonly #proofs: Proof[] = [];

  /** `from`: the first entry that is there. */
  constructor(findings: Findings, seal: SealKey, from: number) {
    this.#findings = findings;
    this.#seal = seal;
    this.#covered = from - 1;
  }

  /** `head` is the hash of the entry before; `oldestOpen` the first entry of a call that is open. */
  see(entry: Entry, head: Uint8Array, oldestOpen: number | null): void {
    const { seq, at, members } = entry;
    const [through, openFrom] = [numberAt(members, 'through'), numberAt(members, 'openFrom')];
    this.count++;
    const wrong = this.#wrongWith(entry, head);
    if (wrong !== null) {
      this.#findings.breakChainAt(seq);
      this.#findings.add('checkpoint', seq, wrong);
      return;
    }
    if (oldestOpen !== null && openFrom > oldestOpen) {
      this.#findings.add('checkpoint', seq, `it says that no open call began before ${openFrom}, but one began at ${oldestOpen}`);
    }
    this.#covered = seq;
    this.#told = false;
    this.#proofs.push({ through, at });
  }

  #wrongWith({ seq, at, members }: Entry, head: Uint8Array): string | null {
    const [through, claimed] = [numberAt(members, 'through'), textAt(members, 'head')];
    const { log, key } = this.#seal;
    if (through !== seq - 1) return `it covers entries up to ${through}, and not those right before it`;
    if (claimed !== hexOf(head)) return 'the entries before it are not those it signed';
    const signed = { what: 'checkpoint', log, seq: through, head: claimed, at } as const;
    return key !== null && holds(signed, textAt(members, 'signature'), key) ? null : 'its signature is not that of the key';
  }

  /** Called for every entry. */
  passed(seq: number): void {
    if (this.#told || seq - this.#covered <= unsignedMax) return;
    this.#told = true;
    this.#findings.add('uncovered', seq, `no checkpoint holds between the entries ${this.#covered + 1} and ${seq}`);
  }

  /** The last checkpoint before the first entry that is not what it should be; asked when all was read. */
  lastProof(): Proof | null {
    return this.#proofs.findLast(({ through }) => through < this.#findings.chainEnd) ?? null;
  }

  /** How many entries at the end no checkpoint covers. */
  uncovered(last: number): number {
    return last - this.#covered;
  }
}

/** Checks prune entries and what they allow. */
export class PruneCheck {
  readonly #findings: Findings;
  readonly #seal: SealKey;
  readonly #allowed: { readonly seq: number; readonly before: number; readonly head: string }[] = [];
  readonly #gaps: { readonly from: number; readonly to: number }[] = [];

  constructor(findings: Findings, seal: SealKey) {
    this.#findings = findings;
    this.#seal = seal;
  }

  see({ seq, at, members }: Entry): void {
    const [before, head] = [numberAt(members, 'before'), textAt(members, 'head')];
    const { log, key } = this.#seal;
    const signed = { what: 'prune', log, seq: before, head, at } as const;
    if (before > seq) this.#findings.add('prune', seq, `it gives up entries up to ${before - 1}, which come after it`);
    else if (key !== null && holds(signed, textAt(members, 'signature'), key)) this.#allowed.push({ seq, before, head });
    else this.#findings.add('prune', seq, 'its signature is not that of the key');
  }

  /** Entries `from` to `to` are not there; whether they may be missing is known at the end. */
  gap(from: number, to: number): void {
    if (this.#gaps.length < 10_000) this.#gaps.push({ from, to });
  }

  /** Judges what is missing. Gives the first entry that has to be there. */
  finish(db: DatabaseSync, first: number): number {
    const before = this.#allowed.reduce((most, prune) => Math.max(most, prune.before), 1);
    if (first > before) {
      const allowed = before > 1 ? `; a prune entry allows only those before ${before}` : '';
      this.#findings.add('front_missing', first, `entries before ${first} are missing${allowed}`);
      this.#findings.breakChainAt(first);
    }
    for (const { from, to } of this.#gaps) {
      if (to < before) continue;
      this.#findings.add('gap', from, from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`);
      this.#findings.breakChainAt(from);
    }
    for (const prune of this.#allowed) this.#compare(db, prune, first);
    return before;
  }

  /** The head that a prune entry signed, against the entries that are still there. */
  #compare(
    db: DatabaseSync,
    { seq, before, head }: { readonly seq: number; readonly before: number; readonly head: string },
    first: number,
  ): void {
    const kept = hashAt(db, before - 1);
    if (kept !== null && hexOf(kept.hash) !== head) this.#findings.add('prune', seq, `entry ${before - 1} is not the one it signed`);
    if (before !== first) return;
    const next = hashAt(db, before);
    if (next === null || sameBytes(nextHash(Buffer.from(head, 'hex'), next.bytes), next.hash)) return;
    this.#findings.add('hash', before, `entry ${before} does not follow the head that the prune entry ${seq} signed`);
    this.#findings.breakChainAt(before);
  }
}

function hashAt(db: DatabaseSync, seq: number): { readonly hash: Uint8Array; readonly bytes: Uint8Array } | null {
  const row = db.prepare('SELECT hash, bytes FROM log WHERE seq = ?').get(seq);
  const [hash, bytes] = [row?.['hash'], row?.['bytes']];
  return hash instanceof Uint8Array && bytes instanceof Uint8Array ? { hash, bytes } : null;
}

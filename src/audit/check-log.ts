import type { DatabaseSync } from 'node:sqlite';
import { firstHash, nextHash, sameBytes } from './chain.ts';
import { BodyCheck } from './check-bodies.ts';
import { CallCheck } from './check-calls.ts';
import { checkErased } from './check-file.ts';
import { agrees } from './check-outside.ts';
import type { Outside } from './check-outside.ts';
import { TermCheck } from './check-terms.ts';
import { CheckpointCheck, PruneCheck } from './check-seals.ts';
import type { Proof, SealKey } from './check-seals.ts';
import { scoreCells, scoreColumns } from './expected-row.ts';
import type { Findings } from './finding.ts';
import { MergedRows, eachRow } from './merge-rows.ts';
import { readEntry, textAt } from './read-entry.ts';
import type { Entry, Members } from './read-entry.ts';

export interface LogCheckOptions {
  readonly findings: Findings;
  readonly seal: SealKey;
  readonly outside: Outside | null;
  /** Up to where the file says that terms were written; null if it says nothing. */
  readonly termsThrough: string | null;
  /** Whether a house may be writing meanwhile, and how to let it tidy up. */
  readonly live: boolean;
  readonly letGo: () => void;
  /** Entries in one transaction, where it is live; what is behind the last of them is read in the transaction of all that follows. */
  readonly chunkEntries: number;
  /** Told now and then how many entries were read. */
  readonly progress: (entries: number) => void;
}

/** How many entries are read between two words of progress. */
const progressEntries = 4_096;
const entriesSql = 'SELECT seq, hash, bytes FROM log';

/** Goes through the log once, entry by entry, and holds against it everything else that is in the file. */
export class LogCheck {
  readonly #db: DatabaseSync;
  readonly #options: LogCheckOptions;
  readonly #calls: CallCheck;
  readonly #checkpoints: CheckpointCheck;
  readonly #prunes: PruneCheck;
  readonly #bodies: BodyCheck;
  readonly #scores: MergedRows;
  readonly #erased = new Set<string>();
  /** Policies that entries name, with the first of these. */
  readonly policies = new Map<string, number>();
  readonly types: Record<string, number> = {};
  readonly #outsideProofs: Proof[] = [];
  /** The first entry that is there. */
  first: number;
  #seq: number;
  #head: Uint8Array | null;
  #lastAt = 0;
  #entries = 0;
  #before = 1;

  constructor(db: DatabaseSync, options: LogCheckOptions) {
    const { findings, seal } = options;
    this.#db = db;
    this.#options = options;
    this.first = this.#firstNow();
    const terms = new TermCheck(db, findings, { mark: options.termsThrough, first: this.first });
    this.#calls = new CallCheck(db, findings, { pruned: this.first > 1, live: options.live, terms });
    this.#checkpoints = new CheckpointCheck(findings, seal, this.first);
    this.#prunes = new PruneCheck(findings, seal);
    this.#bodies = new BodyCheck(db, findings);
    this.#scores = new MergedRows(db, 'scores', { columns: scoreColumns, findings });
    this.#seq = this.first - 1;
    this.#head = this.first === 1 ? firstHash(seal.log) : null;
  }

  run(): void {
    const { findings, outside, progress } = this.#options;
    const see = (row: Members): void => {
      this.#see(row);
      if (++this.#entries % progressEntries === 0) progress(this.#entries);
    };
    const first = this.first;
    while (this.#readChunk(see)) this.#scores.pause(() => this.#calls.pause(this.#options.letGo));
    this.first = this.#firstNow();
    this.#before = this.#prunes.finish(this.#db, this.first);
    this.#calls.finish(this.first);
    this.#scores.finish();
    if (outside !== null && outside.last > this.#seq) {
      findings.add('truncated', this.#seq, `the log ends with entry ${this.#seq}, the outside copy knows entry ${outside.last}`);
    }
    if (this.#erased.size > 0 || first !== this.first) this.#readAgain();
    this.#bodies.finish(this.#erased.size > 0);
    checkErased(this.#db, findings, { erased: this.#erased, first: this.first, before: this.#before });
  }

  /** True: there may be more. Where nobody writes everything is one chunk. */
  #readChunk(see: (row: Members) => void): boolean {
    const { findings, live, chunkEntries } = this.#options;
    const before = this.#entries;
    const sql = `${entriesSql} WHERE seq > ${this.#seq} ORDER BY seq${live ? ` LIMIT ${chunkEntries}` : ''}`;
    eachRow(this.#db, sql, { table: 'log', findings, see });
    return live && this.#entries - before === chunkEntries;
  }

  #firstNow(): number {
    return Number(this.#db.prepare('SELECT seq FROM log ORDER BY seq LIMIT 1').get()?.['seq'] ?? 1);
  }

  #see(row: Members): void {
    const { findings } = this.#options;
    const { hash, bytes } = row;
    const seq = Number(row['seq']);
    if (seq !== this.#seq + 1) {
      this.#prunes.gap(this.#seq + 1, seq - 1);
      if (this.#options.live) this.#overtaken(seq);
      this.#head = null;
    }
    this.#seq = seq;
    if (!(hash instanceof Uint8Array) || hash.length !== 32 || !(bytes instanceof Uint8Array)) {
      findings.add('shape', seq, `entry ${seq} has no hash or no bytes`);
      findings.breakChainAt(seq);
      this.#head = null;
      return;
    }
    if (this.#head !== null && !sameBytes(nextHash(this.#head, bytes), hash)) {
      findings.add('hash', seq, `the hash of entry ${seq} does not follow from the one before and its bytes`);
      findings.breakChainAt(seq);
    }
    const entry = readEntry(seq, bytes);
    if (typeof entry === 'string') findings.add('shape', seq, `entry ${seq}: ${entry}`);
    else this.#judge(entry);
    this.#head = hash;
    this.#checkpoints.passed(seq);
    this.#compareOutside(seq, hash);
  }

  /** Entries before this one were pruned while those before them were read, or removed by somebody else: that is judged at the end. */
  #overtaken(seq: number): void {
    this.first = seq;
    this.#calls.overtaken();
  }

  #compareOutside(seq: number, head: Uint8Array): void {
    const { outside, findings } = this.#options;
    const proof = outside === null ? null : agrees(outside, seq, { head, findings });
    if (proof !== null) this.#outsideProofs.push(proof);
  }

  #judge(entry: Entry): void {
    const { findings } = this.#options;
    const { seq, type, at, members } = entry;
    this.#lastAt = at;
    this.types[type] = (this.types[type] ?? 0) + 1;
    switch (type) {
      case 'start':
        this.#calls.start(entry);
        this.#bodies.see(entry, false);
        this.#namePolicy(entry);
        break;
      case 'terminal':
      case 'interrupted':
        this.#calls.end(entry);
        this.#bodies.see(entry, false);
        break;
      case 'score':
        this.#scores.compare(seq, this.#scores.take(seq), scoreCells(entry));
        if (this.first === 1 && !this.#calls.knows(textAt(members, 'id')))
          findings.add('call', seq, `a score for ${textAt(members, 'id')}, which is no call`);
        break;
      case 'erase':
        for (const id of Array.isArray(members['records']) ? members['records'] : []) this.#erased.add(String(id));
        break;
      case 'prune':
        this.#prunes.see(entry);
        break;
      case 'checkpoint':
        // After a gap nothing is known of the entry before.
        if (this.#head !== null) this.#checkpoints.see(entry, this.#head, this.#calls.oldestOpen());
        break;
      case 'admin':
        this.#namePolicy(entry);
        break;
    }
  }

  #name(policy: string, seq: number): void {
    if (!this.policies.has(policy)) this.policies.set(policy, seq);
  }

  /** Reads the log a second time: only now it is known which calls were erased, and which entries are left. */
  #readAgain(): void {
    this.#bodies.forgetLive();
    this.policies.clear();
    const see = (row: Members): void => {
      const entry = row['bytes'] instanceof Uint8Array ? readEntry(Number(row['seq']), row['bytes']) : '';
      if (typeof entry === 'string') return;
      this.#bodies.see(entry, this.#erased.has(textAt(entry.members, 'id')));
      this.#namePolicy(entry);
    };
    eachRow(this.#db, `${entriesSql} ORDER BY seq`, { table: 'log', findings: this.#options.findings, see });
  }

  #namePolicy({ seq, type, members }: Entry): void {
    if (type === 'start') this.#name(textAt(members, 'policyHash'), seq);
    if (type === 'admin' && members['action'] === 'policy') this.#name(textAt(members, 'subject'), seq);
  }

  /** What was seen, for the report. */
  result(): LogResult {
    const { findings } = this.#options;
    const { bodies, nodes, hashOnly, erased } = this.#bodies;
    return {
      entries: this.#entries,
      first: this.first,
      last: this.#seq,
      lastAt: this.#lastAt,
      before: this.#before,
      calls: { started: this.#calls.calls, open: this.#calls.openCalls, startsPruned: this.#calls.startsPruned, rows: this.#calls.rows },
      scores: this.#scores.count,
      texts: { bodies, nodes, hashOnly, erased },
      checkpoints: this.#checkpoints.count,
      unsigned: this.#checkpoints.uncovered(this.#seq),
      inside: this.#checkpoints.lastProof(),
      outside: this.#outsideProofs.findLast(({ through }) => through < findings.chainEnd) ?? null,
    };
  }
}

/** What a pass over the log counted and proved. */
export interface LogResult {
  readonly entries: number;
  readonly first: number;
  readonly last: number;
  /** Time of the last entry, milliseconds since 1970; 0 for an empty log. */
  readonly lastAt: number;
  /** Entries before this one have been given up by a signed prune entry; 1 for none. */
  readonly before: number;
  readonly calls: { readonly started: number; readonly open: number; readonly startsPruned: number; readonly rows: number };
  readonly scores: number;
  /** `hashOnly`: texts of which nothing but the hash was kept. `erased`: named texts that are gone, as erase entries allow. */
  readonly texts: { readonly bodies: number; readonly nodes: number; readonly hashOnly: number; readonly erased: number };
  readonly checkpoints: number;
  /** Entries at the end that no checkpoint covers. */
  readonly unsigned: number;
  /** The last checkpoint of the log that holds, and the last line of the outside copy that does. */
  readonly inside: Proof | null;
  readonly outside: Proof | null;
}

import { RecordUnavailable } from '#store/ports.ts';
import type { CommitOptions, Store, StoreOp } from '#store/ports.ts';
import type { Head } from './chain.ts';
import { checkpointMs } from './checkpoint.ts';
import { OpenCalls, batchOf } from './open-calls.ts';
import type { OpenCall, Spelt } from './open-calls.ts';
import { adminEntry, interruptedEntry } from './spell-entry.ts';
import type { FromWriter, NewEntry, Standing, ToWriter, WriterSettings } from './writer-messages.ts';

/** The thread that writes, seen from the house. */
export interface WriterLink {
  post(message: ToWriter): void;
  /** Ends the thread without a word. */
  end(): void;
}

/** Makes a writer; `gone` is called once when it ended, however it did. `first`: it looks for the log itself, which nobody has opened yet. */
export type MakeLink = (
  start: { readonly settings: WriterSettings; readonly first: boolean },
  hear: { readonly message: (message: FromWriter) => void; readonly gone: (why: string) => void },
) => WriterLink;

/** The part of the clock that a store needs. */
export interface StoreClock {
  /** Milliseconds since 1970. */
  wallNow(): number;
  /** Runs `what` after so many milliseconds; returns how to call it off. */
  after(delayMs: number, what: () => void): () => void;
}

export interface LogStoreOptions {
  readonly clock: StoreClock;
  /** Hears what the operator should: that the record cannot be written, that it can again, that it is damaged. */
  readonly tell: (note: string) => void;
  /** Runs something when this turn's work is done. */
  readonly soon: (run: () => void) => void;
}

/** A batch is at most so many entries, or one transaction that has more. */
const batchEntries = 64;
const retryMs = 1_000;
/** A disk that has not answered for so long does not fail, it hangs: nobody is kept waiting for it. */
const stallMs = 10_000;
/** A patient commit waits at most this long for company. */
const patienceMs = 50;

interface Commit {
  readonly ops: readonly Spelt[];
  readonly patient: boolean;
  resolve(): void;
  reject(error: RecordUnavailable): void;
}

/** What the writer was given and has not acknowledged. */
interface Sent {
  readonly commits: readonly Commit[];
  readonly spelt: readonly Spelt[];
  readonly entries: readonly NewEntry[];
  /** It tells of the time in which nothing could be written. */
  readonly mends: boolean;
  cancelStall(): void;
}

interface Outage {
  from: number;
  refused: number;
  /** What the batch under way tells of it: everything until then. */
  told: { readonly until: number; readonly refused: number };
  /** Calls whose start is durable, perhaps, and whose end was refused. */
  readonly givenUp: Map<string, OpenCall>;
  /** The batch of which nothing was heard: it is there or it is not. */
  unsure: Sent | null;
  /** A `recover` that is under way. */
  round: number | null;
  /** Is written before anything else once it can be. */
  owed: readonly StoreOp[];
  cancelRetry: () => void;
}

/** A log that a writer has opened, or why it could not be, which may pass. */
export type Opened =
  | { readonly link: WriterLink; readonly head: Head; readonly logId: string }
  | { readonly link: null; readonly why: string };

/**
 * The record as an append-only log, written by a thread of its own. A commit resolves once its entries are in the file and synced; what
 * comes while a batch is written goes into the next. If anything fails, nothing is taken until the file was opened again and found to be
 * the one that was being written: tried every second. What happened meanwhile is told in an `admin` entry, and calls that had begun get
 * their `interrupted`.
 */
export class LogStore implements Store {
  readonly #options: LogStoreOptions;
  readonly #make: MakeLink;
  #link: WriterLink | null;
  #settings: WriterSettings;
  #head: Head = { seq: 0, hash: '' };
  #standing: Standing = { checkpointAt: null, pruned: 0 };
  /** Null until the log was opened. */
  #logId: string | null = null;
  #waiting: Commit[] = [];
  #sent: Sent | null = null;
  #flushDue = false;
  /** Ends the patience of what waits; null while nothing patient does. */
  #patience: (() => void) | null = null;
  readonly #calls = new OpenCalls();
  #outage: Outage | null = null;
  #rounds = 0;
  #checkpointDue: (() => void) | null = null;
  readonly #asked = new Map<number, { resolve(what: unknown): void; reject(error: Error): void }>();
  #asks = 0;
  #closed = false;
  #onClosed: (() => void) | null = null;
  #onIdle: (() => void) | null = null;

  constructor(make: MakeLink, opened: Opened & { readonly settings: WriterSettings }, options: LogStoreOptions) {
    this.#options = options;
    this.#link = opened.link;
    this.#settings = opened.settings;
    this.#make = make;
    if (opened.link === null) this.#fail(opened.why);
    else [this.#head, this.#logId] = [opened.head, opened.logId];
  }

  commit(ops: readonly StoreOp[], { patient }: CommitOptions = { patient: false }): Promise<void> {
    if (this.#closed) return Promise.reject(new RecordUnavailable('the record is closed'));
    if (this.#outage) return this.#refuse(this.#outage, ops);
    const spelt: Spelt[] = [];
    for (const op of ops) {
      // Spelt at once, so that what the caller does with its values afterwards does not reach the record.
      const one = this.#calls.spell(op);
      if (one === null) return Promise.reject(new RecordUnavailable('the start of this call is not in the record'));
      spelt.push(one);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ops: spelt, patient, resolve, reject });
      if (patient) this.#flushLater();
      else this.#flushSoon();
    });
  }

  /** The same for what belongs before everything else: where the record cannot be written now, it is as soon as it can. */
  async commitFirst(ops: readonly StoreOp[]): Promise<void> {
    try {
      await this.commit(ops);
    } catch (error) {
      if (!this.#outage) throw error;
      this.#outage.owed = [...this.#outage.owed, ...ops];
    }
  }

  /** Ends the patience of what waits. */
  hurry(): void {
    this.#impatient();
    this.#flushSoon();
  }

  writable(): boolean {
    return this.#outage === null && !this.#closed;
  }

  /** How it stands with the log, as far as was heard. */
  standing(): Standing & { readonly entries: number } {
    return { ...this.#standing, entries: this.#head.seq };
  }

  /** What the policy in force says of the record. */
  use(settings: WriterSettings): void {
    this.#settings = settings;
    this.#link?.post({ type: 'settings', settings });
  }

  /** Asks the thread that writes for something it was taught by name; rejects if it cannot, or is away. */
  ask(name: string, what: unknown): Promise<unknown> {
    const link = this.#link;
    if (!link || this.#outage || this.#closed) return Promise.reject(new RecordUnavailable('the record cannot be written now'));
    const number = ++this.#asks;
    return new Promise((resolve, reject) => {
      this.#asked.set(number, { resolve, reject });
      link.post({ type: 'ask', number, name, what });
    });
  }

  /** Writes what waits and a last checkpoint, and ends the thread. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#checkpointDue?.();
    this.#impatient();
    this.#flushSoon();
    if (!this.#outage && (this.#sent || this.#waiting.length > 0)) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#outage?.cancelRetry();
    const link = this.#link;
    if (!link) return;
    await new Promise<void>((resolve) => {
      const cancelStall = this.#options.clock.after(stallMs, resolve);
      this.#onClosed = () => {
        cancelStall();
        resolve();
      };
      link.post({ type: 'close', at: this.#options.clock.wallNow(), openFrom: this.#calls.openFrom(this.#head.seq + 1) });
    });
    link.end();
    this.#link = null;
  }

  /** What the writer says. */
  hear(message: FromWriter): void {
    switch (message.type) {
      case 'written':
        return this.#written(message);
      case 'moved':
        // In an outage the head stays the last one that is sure: what lands behind it all the same is found by the look at the file.
        if (!this.#outage) this.#head = message.head;
        return;
      case 'standing':
        this.#standing = message.standing;
        return;
      case 'failed':
        if (this.#outage && message.round === this.#outage.round) this.#outage.round = null;
        return this.#fail(message.why);
      case 'recovered':
        if (this.#outage?.round === message.round) this.#recovered(this.#outage, message);
        return;
      case 'note':
        return this.#options.tell(message.text);
      case 'answer': {
        const asker = this.#asked.get(message.number);
        this.#asked.delete(message.number);
        if (message.error === null) asker?.resolve(message.what);
        else asker?.reject(new RecordUnavailable(message.error));
        return;
      }
      case 'ready':
        for (const note of message.notes) this.#options.tell(note);
        this.#logId = message.logId;
        if (this.#outage) this.#recovered(this.#outage, { first: null, head: message.head });
        return;
      case 'problem':
        this.#link?.end();
        return this.gone(message.problem);
      case 'closed':
        this.#onClosed?.();
    }
  }

  /** The writer is gone without having been asked to go: as good as a failed write. */
  gone(why: string): void {
    this.#link = null;
    this.#onClosed?.();
    if (this.#outage) this.#outage.round = null;
    if (!this.#onClosed) this.#fail(why);
  }

  #refuse(outage: Outage, ops: readonly StoreOp[]): Promise<void> {
    outage.refused++;
    for (const op of ops) {
      const call = op.op === 'terminal' ? this.#calls.of(op.terminal.id) : undefined;
      if (call) outage.givenUp.set(call.id, call);
    }
    return Promise.reject(new RecordUnavailable('the record cannot be written now'));
  }

  /** What is patient goes with the next that is not, or when its time is over. */
  #flushLater(): void {
    this.#patience ??= this.#options.clock.after(patienceMs, () => {
      this.#patience = null;
      this.#flush();
    });
  }

  #flushSoon(): void {
    if (this.#flushDue || this.#sent || this.#outage) return;
    this.#flushDue = true;
    this.#options.soon(() => {
      this.#flushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#sent || this.#outage || this.#waiting.length === 0) return;
    const commits: Commit[] = [];
    const spelt: Spelt[] = [];
    for (const commit of this.#waiting) {
      if (commits.length > 0 && spelt.length + commit.ops.length > batchEntries) break;
      commits.push(commit);
      spelt.push(...commit.ops);
    }
    this.#waiting.splice(0, commits.length);
    if (this.#waiting.length === 0) this.#impatient();
    this.#send(commits, spelt, { mends: false });
  }

  #impatient(): void {
    this.#patience?.();
    this.#patience = null;
  }

  #send(commits: readonly Commit[], spelt: readonly Spelt[], { mends }: { readonly mends: boolean }): void {
    const openFrom = this.#calls.openFrom(this.#head.seq + 1);
    const entries = batchOf(spelt);
    const cancelStall = this.#options.clock.after(stallMs, () => this.#fail(`nothing was heard of it for ${stallMs / 1_000} s`));
    this.#sent = { commits, spelt, entries, mends, cancelStall };
    this.#link?.post({ type: 'batch', at: this.#options.clock.wallNow(), openFrom, entries });
  }

  #written({ first, head }: { readonly first: number; readonly head: Head }): void {
    const sent = this.#sent;
    // What comes so late that it was given up is found by the look at the file.
    if (!sent) return;
    sent.cancelStall();
    this.#sent = null;
    this.#head = head;
    this.#settle(sent, first);
    if (sent.mends) this.#mended();
    for (const commit of sent.commits) commit.resolve();
    this.#checkpointLater();
    if (this.#waiting.length === 0) this.#onIdle?.();
    else if (this.#closed || this.#waiting.some(({ patient }) => !patient)) this.#flush();
    else this.#flushLater();
  }

  /** What is durable now: starts have their place, ended calls are over. */
  #settle(sent: Sent, first: number): void {
    for (const [index, { begins, ends }] of sent.spelt.entries()) {
      if (begins) begins.startSeq = first + index;
      if (!ends) continue;
      this.#calls.close(ends);
      if (sent.mends) this.#outage?.givenUp.delete(ends.id);
    }
  }

  #checkpointLater(): void {
    if (this.#checkpointDue || this.#closed) return;
    this.#checkpointDue = this.#options.clock.after(checkpointMs, () => {
      this.#checkpointDue = null;
      if (!this.#outage)
        this.#link?.post({ type: 'checkpoint', at: this.#options.clock.wallNow(), openFrom: this.#calls.openFrom(this.#head.seq + 1) });
    });
  }

  #fail(why: string): void {
    const sent = this.#sent;
    sent?.cancelStall();
    this.#sent = null;
    const outage = this.#outage ?? this.#beginOutage(why);
    const error = new RecordUnavailable(`the record cannot be written: ${why}`);
    const refused = [...(sent?.commits ?? []), ...this.#waiting];
    for (const { ops } of refused) {
      for (const { begins, ends } of ops) {
        const call = begins ?? ends;
        if (call) outage.givenUp.set(call.id, call);
      }
    }
    outage.refused += refused.length;
    if (sent) outage.unsure = sent;
    this.#waiting = [];
    this.#impatient();
    for (const commit of refused) commit.reject(error);
    for (const asker of this.#asked.values()) asker.reject(error);
    this.#asked.clear();
    this.#onIdle?.();
    if (this.#closed || outage.round !== null) return;
    outage.cancelRetry();
    outage.cancelRetry = this.#options.clock.after(retryMs, () => this.#retry(outage));
  }

  #beginOutage(why: string): Outage {
    this.#outage = {
      from: this.#options.clock.wallNow(),
      refused: 0,
      told: { until: 0, refused: 0 },
      givenUp: new Map(),
      unsure: null,
      round: null,
      owed: [],
      cancelRetry: () => {},
    };
    this.#options.tell(`the record cannot be written (${why}); every call is refused until it can`);
    return this.#outage;
  }

  #retry(outage: Outage): void {
    outage.round = ++this.#rounds;
    this.#link ??= this.#newLink();
    // One that looks for the log itself says when it has found it.
    if (this.#logId === null) return;
    this.#link.post({
      type: 'recover',
      round: outage.round,
      head: this.#head,
      logId: this.#logId,
      unsure: outage.unsure?.entries ?? [],
    });
  }

  #newLink(): WriterLink {
    const start = { settings: this.#settings, first: this.#logId === null };
    const link = this.#make(start, {
      message: (message) => this.hear(message),
      // One that was given up may end when another has taken its place.
      gone: (why) => (this.#link === link ? this.gone(why) : undefined),
    });
    return link;
  }

  /** The file is the one that was being written. Before anybody is served again it learns what happened. */
  #recovered(outage: Outage, { first, head }: { readonly first: number | null; readonly head: Head }): void {
    const { unsure } = outage;
    outage.round = null;
    outage.unsure = null;
    this.#head = head;
    if (unsure?.mends && first !== null) {
      this.#settle(unsure, first);
      return this.#mended();
    }
    for (const [index, { begins }] of (unsure?.spelt ?? []).entries()) if (begins && first !== null) begins.startSeq = first + index;
    this.#tellOf(outage);
  }

  /** Writes what happened while nothing could be written. */
  #tellOf(outage: Outage): void {
    const at = this.#options.clock.wallNow();
    outage.told = { until: at, refused: outage.refused };
    const ends: Spelt[] = [];
    for (const call of outage.givenUp.values()) {
      if (call.startSeq === null) this.#calls.close(call);
      else
        ends.push({
          entry: interruptedEntry({ at, id: call.id, why: 'record_unavailable' }, { ...call, startSeq: call.startSeq }),
          begins: null,
          ends: call,
        });
    }
    const owed = outage.owed.flatMap((op) => this.#calls.spell(op) ?? []);
    const said = adminEntry({ at, action: 'unavailable', subject: 'record', from: outage.from, until: at, refused: outage.refused });
    this.#send([], [...owed, ...ends, { entry: said, begins: null, ends: null }], { mends: true });
  }

  #mended(): void {
    const outage = this.#outage;
    if (!outage) return;
    outage.owed = [];
    outage.from = outage.told.until;
    outage.refused -= outage.told.refused;
    for (const call of outage.givenUp.values()) {
      if (call.startSeq !== null) continue;
      this.#calls.close(call);
      outage.givenUp.delete(call.id);
    }
    // Calls that ended while that was written are not in it. They had begun before the outage, so this comes to an end.
    if (outage.givenUp.size > 0 && !this.#closed) return this.#tellOf(outage);
    outage.cancelRetry();
    this.#outage = null;
    this.#options.tell('the record can be written again');
  }
}

import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Intent, Terminal } from '#core/record/record.ts';
import { TermTask } from '#record/asking/terms.ts';
import { Bodies } from '#record/bodies.ts';
import type { Checkpoint } from '#record/checkpoint.ts';
import { Erasing } from '#record/erase.ts';
import type { LogWriter } from '#record/log-writer.ts';
import { openLog } from '#record/open-log.ts';
import { PolicyRetention } from '#record/policy-retention.ts';
import { startColumns } from '#record/projection.ts';
import { Retention } from '#record/retention.ts';
import { SecondPlace } from '#record/second-place.ts';
import { adminEntry, interruptedEntry, otherEntry, startEntry, terminalEntry } from '#record/spell-entry.ts';
import type { NewEntry } from '#record/writer-messages.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { isStartProblem } from '#store/ports.ts';
import type { Said } from '#store/ports.ts';
import type { Dice } from '#test/sim/random.ts';

/** A record as a house leaves it behind. */
export interface MadeLog {
  /** The data folder. */
  readonly folder: string;
  readonly file: string;
  /** The outside copy. */
  readonly outside: string;
  /** What happened to it, in words. */
  readonly story: readonly string[];
}

interface Call {
  readonly intent: Intent;
  readonly startSeq: number;
}

/** The life of one house, played with the real writer: calls come and end, some are scored, erased or pruned, houses end and start again. */
export class LogMaker {
  readonly folder: string;
  readonly #dice: Dice;
  #writer: LogWriter;
  #outside: SecondPlace;
  #bodies: Bodies;
  #retention: Retention;
  #terms: TermTask;
  #policies: PolicyRetention;
  #now = 1_763_000_000_000;
  #calls = 0;
  #open: Call[] = [];
  readonly #ended: string[] = [];
  #lastEnd: { readonly id: string; readonly start: Parameters<typeof interruptedEntry>[1] } | null = null;
  #policy = '';
  readonly #talk: string[] = ['you are a house'];
  readonly #story: string[] = [];

  constructor(folder: string, dice: Dice) {
    this.folder = folder;
    this.#dice = dice;
    mkdirSync(folder, { recursive: true });
    [this.#writer, this.#outside, this.#bodies, this.#retention, this.#terms, this.#policies] = this.#openAll();
    this.changePolicy();
  }

  #openAll(): [LogWriter, SecondPlace, Bodies, Retention, TermTask, PolicyRetention] {
    const opened = openLog(this.folder, this.#now);
    if (isStartProblem(opened)) throw new Error(opened.problem);
    const { writer } = opened;
    // What a power cut would leave is another test's.
    writer.database.exec('PRAGMA synchronous = OFF');
    const random = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => Math.floor(this.#dice.next() * 256));
    const bodies = new Bodies(writer.database, { secret: Buffer.alloc(32, 7), random });
    writer.useKeeper({
      request: ({ bytes, capture }: Said) => JSON.stringify(bodies.keepRequest(bytes, capture)),
      reply: ({ bytes, capture }: Said) => JSON.stringify(bodies.keepWhole(bytes, capture)),
    });
    const outside = new SecondPlace(join(this.folder, 'checkpoints.jsonl'), writer, (note) => {
      throw new Error(note);
    });
    const retention = new Retention(writer, { limits: { ageMs: null, bytes: null }, removed: () => bodies.forget() });
    const terms = new TermTask(writer.database, (work) => writer.transaction(work));
    return [writer, outside, bodies, retention, terms, new PolicyRetention(writer)];
  }

  #write(entries: readonly NewEntry[]): void {
    const { checkpoint } = this.#writer.writeBatch(entries, { at: this.#now, openFrom: this.#openFrom() });
    if (checkpoint !== null) this.#copy(checkpoint);
  }

  #copy(checkpoint: Checkpoint): void {
    this.#outside.add(checkpoint);
    while (this.#outside.slice());
  }

  #openFrom(): number {
    return this.#open[0]?.startSeq ?? this.#writer.head.seq + 1;
  }

  changePolicy(): void {
    const json = JSON.stringify({ made: this.#dice.int(1, 4) });
    this.#policy = createHash('sha256').update(json).digest('hex');
    this.#write([otherEntry({ op: 'policy', at: this.#now, hash: this.#policy, json })]);
  }

  start(): void {
    this.#now += Math.floor(this.#dice.next() * 5_000);
    const id = `r${(++this.#calls).toString(36)}${Math.floor(this.#dice.next() * 1e9).toString(36)}`;
    const plain = intentWith();
    const refused = this.#dice.next() < 0.1;
    const intent = intentWith({
      id,
      at: this.#now,
      principal: this.#dice.pick(['k_one', 'k_two', 'operator']),
      task: this.#dice.pick([null, 'night', 'größe']),
      policyHash: this.#policy,
      facts: refused || plain.facts === null ? null : { ...plain.facts, stream: this.#dice.next() < 0.5 },
      decision: refused ? null : plain.decision,
    });
    this.#talk.push(`turn ${this.#calls} ${'word '.repeat(Math.floor(this.#dice.next() * 30))}`);
    if (this.#talk.length > 8) this.#talk.splice(1, 3);
    const request = JSON.stringify({
      model: 'auto',
      messages: this.#talk.map((content) => ({ role: 'user', content })),
      n: this.#calls % 3,
    });
    const said = this.#said(request);
    this.#open.push({ intent, startSeq: this.#writer.head.seq + 1 });
    this.#write([startEntry({ op: 'start', intent, ...(said && { said }) })]);
  }

  #said(text: string): Said | null {
    const die = this.#dice.next();
    return die < 0.1 ? null : { capture: die < 0.25 ? 'hash' : 'full', bytes: Buffer.from(text) };
  }

  /** Ends one of the calls that are open, if there is one. */
  end(): void {
    const at = Math.floor(this.#dice.next() * this.#open.length);
    const [call] = this.#open.splice(at, 1);
    if (call === undefined) return;
    this.#now += 7;
    const terminal = this.#terminalOf(call.intent);
    const said = this.#said(`reply to ${call.intent.id} ${'answer '.repeat(Math.floor(this.#dice.next() * 40))}`);
    const columns = startColumns(call.intent);
    const start = { columns, startSeq: call.startSeq };
    this.#write([terminalEntry({ op: 'terminal', terminal, ...(said && { said }) }, start)]);
    this.#ended.push(call.intent.id);
    this.#lastEnd = { id: call.intent.id, start };
    if (this.#dice.next() < 0.03) this.takeBack();
  }

  /** The answer to the call that ended last was not given after all. */
  takeBack(): void {
    if (this.#lastEnd === null) return;
    const { id, start } = this.#lastEnd;
    this.#lastEnd = null;
    this.#story.push('an answer not given');
    if (this.#dice.next() < 0.5) this.rest();
    this.#write([interruptedEntry({ at: this.#now, id, why: 'record_unavailable' }, start)]);
  }

  #terminalOf({ id, at }: Intent): Terminal {
    const answered = this.#dice.next() < 0.8;
    return terminalWith({
      id,
      at: this.#now,
      durationMs: this.#now - at + this.#dice.next(),
      attempts: [attemptWith()],
      result: answered ? 'ok' : 'failed',
      status: answered ? 200 : 502,
      code: answered ? null : 'upstream_empty',
      servedBy: answered ? 'spark/qwen:7b' : null,
      firstByteMs: answered ? this.#dice.next() * 100 : null,
      usage: answered ? { input: 10, output: 20, cachedInput: null, reasoning: null } : null,
      costNano: answered ? 12_345 : null,
      energyMws: answered ? 99 : null,
    });
  }

  score(): void {
    const id = this.#ended.at(-1);
    if (id === undefined) return;
    const named = this.#dice.next() < 0.5 ? { value: this.#dice.next(), label: null } : { value: null, label: 'good' };
    this.#write([otherEntry({ op: 'score', at: this.#now, id, name: 'quality', ...named, source: 'test', comment: null })]);
  }

  administer(): void {
    this.#write([adminEntry({ at: this.#now, action: 'drain', subject: 'spark' })]);
  }

  checkpoint(): void {
    this.#now += 60_000;
    const checkpoint = this.#writer.writeCheckpoint(this.#now, this.#openFrom());
    if (checkpoint !== null) this.#copy(checkpoint);
  }

  /** Erases the texts of some calls that have ended. */
  erase(): void {
    const ids = this.#ended.filter(() => this.#dice.next() < 0.2);
    if (ids.length === 0) return;
    this.#story.push('erased');
    this.#lastEnd = null;
    const erasing = new Erasing(this.#writer, { ask: { ids }, by: 'operator', removed: () => this.#bodies.forget() });
    while (erasing.slice(this.#now));
    erasing.finish();
  }

  /** Gives up what is older than now, and removes it, at most so many steps far. */
  prune(steps: number): void {
    this.#lastEnd = null;
    this.#story.push('pruned');
    this.#retention.setLimits({ ageMs: 200_000, bytes: null });
    for (let step = 0; step < steps && this.#retention.slice(this.#now); step++);
    this.#retention.setLimits({ ageMs: null, bytes: null });
  }

  /** Another house takes over; calls that are open are interrupted where the first did not end in order. */
  restart(): void {
    this.#story.push('rotated');
    if (this.#dice.next() < 0.5) while (this.#open.length > 0) this.end();
    if (this.#open.length > 0) this.#story.push('interrupted');
    this.#open = [];
    this.#lastEnd = null;
    this.#writer.close();
    [this.#writer, this.#outside, this.#bodies, this.#retention, this.#terms, this.#policies] = this.#openAll();
  }

  /** Nothing else is to do: calls get the terms by which they are found, and policies that nothing names go. */
  rest(): void {
    while (this.#terms.slice());
    while (this.#policies.slice());
  }

  /** Tidies the write-ahead log up; false: somebody reads on in it. */
  tidy(): boolean {
    return this.#writer.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
  }

  close(): MadeLog {
    this.#writer.close();
    const at = (name: string): string => join(this.folder, name);
    return { folder: this.folder, file: at('record.db'), outside: at('checkpoints.jsonl'), story: this.#story };
  }
}

/** One random thing that happens in a house. */
export function playStep(maker: LogMaker, dice: Dice): void {
  const die = dice.next();
  if (die < 0.42) maker.start();
  else if (die < 0.82) maker.end();
  else if (die < 0.88) maker.score();
  else if (die < 0.9) maker.administer();
  else if (die < 0.92) maker.rest();
  else if (die < 0.96) maker.checkpoint();
  else if (die < 0.97) maker.changePolicy();
  else if (die < 0.98) maker.erase();
  else if (die < 0.99) maker.prune(dice.int(1, 6));
  else maker.restart();
}

/** Plays a random life of about so many steps. It ends with a checkpoint, and sometimes a little beyond. */
export function makeLog(folder: string, dice: Dice, steps: number): MadeLog {
  const maker = new LogMaker(folder, dice);
  for (let step = 0; step < steps; step++) playStep(maker, dice);
  maker.checkpoint();
  if (dice.chance(0.5)) maker.start();
  return maker.close();
}

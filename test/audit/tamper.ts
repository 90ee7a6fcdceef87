import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CannotRead } from '#audit/finding.ts';
import { givenKey } from '#audit/open-record.ts';
import { keyOf } from '#audit/export-log.ts';
import { verifyRecord } from '#audit/verify-record.ts';
import { diceOf } from '#test/sim/random.ts';
import type { Dice } from '#test/sim/random.ts';
import { Forger } from './forger.ts';
import { makeLog } from './make-log.ts';
import type { MadeLog } from './make-log.ts';
import { meaningOf } from './meaning.ts';
import { chainTamperings } from './chain-tamperings.ts';
import { rawTamperings } from './raw-tamperings.ts';
import { tableTamperings } from './table-tamperings.ts';
import type { Tampering } from './tampering.ts';

export const TAMPERINGS: readonly Tampering[] = [...chainTamperings, ...tableTamperings, ...rawTamperings];

/** What came of many tamperings. A round in which nothing of a meaning changed counts as none. */
export interface TamperResult {
  readonly rounds: number;
  readonly found: number;
  readonly failed: number;
  /** Changes without a meaning: free pages, slack, another compression of the same text. */
  readonly meaningless: number;
  /** Those that were not found, in words. */
  readonly failures: readonly string[];
  /** Rounds of each way. */
  readonly ways: Readonly<Record<string, number>>;
}

interface Original extends MadeLog {
  readonly key: string;
  readonly meaning: string;
  readonly covered: number;
}

/** Rounds with one record until another is made. */
const roundsEach = 100;
/** Tries of one way with each record that is there, until another is made. */
const triesEach = 12;
/** A way that finds too little to change in so many records is wrong itself. */
const originalsMax = 60;

/** Changes random records in random ways and asks the audit each time. `folder` is for the records, and may be removed afterwards. */
export function tamperAll(rounds: number, seed: number, folder: string): TamperResult {
  const dice = diceOf(seed);
  const ways: Record<string, number> = {};
  const failures: string[] = [];
  let [done, found, meaningless, failed] = [0, 0, 0, 0];
  let original = makeOriginal(join(folder, 'log-0'), dice);
  for (let attempt = 1; done < rounds; attempt++) {
    if (attempt % roundsEach === 0) original = makeOriginal(join(folder, `log-${attempt}`), dice);
    const way = TAMPERINGS[attempt % TAMPERINGS.length] ?? dice.pick(TAMPERINGS);
    const outcome = tamperOnce(original, way, { dice: dice.fork(), folder: join(folder, 'victim') });
    if (outcome === 'impossible') continue;
    if (outcome === 'meaningless') {
      meaningless++;
      continue;
    }
    done++;
    ways[way.name] = (ways[way.name] ?? 0) + 1;
    if (outcome === 'found') found++;
    else {
      failed++;
      failures.push(`${way.name} (attempt ${attempt}, a record that was ${original.story.join(', ')}): ${outcome.missed}`);
    }
  }
  return { rounds: done, found, failed, meaningless, failures, ways };
}

/** Records that are changed in many ways, one copy each time. Another is made where a way has nothing to change in those that are there. */
export class Victims {
  readonly #folder: string;
  readonly #dice: Dice;
  readonly #originals: Original[] = [];

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#dice = diceOf(seed);
  }

  /** Changes them in one way until something of a meaning changed so many times; gives what was not found. */
  tamper(way: Tampering, times: number): readonly string[] {
    const missed: string[] = [];
    for (let attempt = 0, done = 0; done < times; attempt++) {
      if (attempt === originalsMax * triesEach) return [...missed, `it changed something only ${done} times`];
      if (attempt === this.#originals.length * triesEach) {
        this.#originals.push(makeOriginal(join(this.#folder, `log-${this.#originals.length}`), this.#dice));
      }
      const original = this.#originals[attempt % this.#originals.length];
      if (original === undefined) continue;
      const outcome = tamperOnce(original, way, { dice: this.#dice.fork(), folder: join(this.#folder, 'victim') });
      if (outcome !== 'impossible' && outcome !== 'meaningless') done++;
      if (typeof outcome === 'object') missed.push(outcome.missed);
    }
    return missed;
  }
}

function makeOriginal(folder: string, dice: Dice): Original {
  let made = makeLog(folder, dice.fork(), dice.int(60, 160));
  // What was given up and is not yet removed proves nothing, so that changing it is no tampering.
  for (let more = 1; givenUpIsThere(made); more++) made = makeLog(`${folder}-${more}`, dice.fork(), dice.int(60, 160));
  const lines = readFileSync(made.outside, 'utf8').trimEnd().split('\n');
  const last: { readonly through?: number } = JSON.parse(lines.at(-1) ?? '{}');
  return { ...made, key: keyOf(made.file), meaning: meaningOf(made.file, made.outside), covered: last.through ?? 0 };
}

function givenUpIsThere({ file, outside }: MadeLog): boolean {
  const { first, before } = verifyRecord(file, { key: null, checkpoints: outside }).checked;
  return first < before;
}

function tamperOnce(
  original: Original,
  way: Tampering,
  { dice, folder }: { readonly dice: Dice; readonly folder: string },
): 'found' | 'meaningless' | 'impossible' | { readonly missed: string } {
  mkdirSync(folder, { recursive: true });
  const [file, outside] = [join(folder, 'record.db'), join(folder, 'checkpoints.jsonl')];
  copyFileSync(original.file, file);
  copyFileSync(original.outside, outside);
  let forger: Forger | null = null;
  const applied = way.apply({ file, outside, dice, covered: original.covered, forger: () => (forger ??= new Forger(file)) });
  closeForger(forger);
  if (!applied) return 'impossible';
  const codes = codesOf(file, outside, original.key);
  if (codes !== null && (way.found.length === 0 ? codes.length > 0 : way.found.some((code) => codes.includes(code)))) return 'found';
  if (codes === null && way.found.length === 0) return 'found';
  if (meaningOf(file, outside) === original.meaning) return 'meaningless';
  return { missed: codes === null ? 'not readable' : `found ${codes.length === 0 ? 'nothing' : codes.join(', ')}` };
}

function closeForger(forger: Forger | null): void {
  forger?.close();
}

/** What the audit finds; null if it says that it cannot read the file. */
function codesOf(file: string, outside: string, key: string): readonly string[] | null {
  try {
    return verifyRecord(file, { key: givenKey(key), checkpoints: outside }).counts.map(({ code }) => code);
  } catch (error) {
    if (error instanceof CannotRead) return null;
    throw error;
  }
}

import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { hexOf, holds, keyText, publicKeyFrom } from './chain.ts';
import { CannotRead } from './finding.ts';
import type { Findings } from './finding.ts';
import { wordsOf } from './open-record.ts';
import { isMembers } from './read-entry.ts';
import type { SealKey, Proof } from './check-seals.ts';

interface Line {
  readonly number: number;
  readonly log: string;
  readonly through: number;
  readonly head: string;
  readonly at: number;
  readonly key: string;
  readonly signature: string;
}

/** What the outside copy has to say of the log. */
export interface Outside {
  /** Lines of this log, by the entry up to which they speak. */
  readonly heads: ReadonlyMap<number, readonly Line[]>;
  readonly lines: number;
  /** The last entry that a line speaks of; 0 if there is none. */
  readonly last: number;
  readonly notes: readonly string[];
}

/** Reads the outside copy. Lines that do not hold are findings; lines of logs that were before this one are let be. */
export function readOutside(path: string, findings: Findings, seal: SealKey): Outside {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CannotRead(`the outside copy ${path} cannot be read: ${wordsOf(error)}`);
  }
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  // The end of a line that was being written is missing; one that has its end was not.
  if (torn.includes('}')) lines.push(torn);
  const notes = torn === '' || torn.includes('}') ? [] : ['the last line of the outside copy was not written to its end; it is left out'];
  const keys = new Map<string, KeyObject | null>();
  const good: Line[] = [];
  for (const [index, json] of lines.entries()) {
    const line = lineFrom(json, index + 1);
    // What was cut off while it was written is written again, whole, right behind that.
    if (line === null && json !== '' && lines[index + 1]?.startsWith(json) === true) {
      notes.push(`line ${index + 1} of the outside copy was not written to its end; it stands again behind that`);
      continue;
    }
    const wrong = line === null ? 'it is not a checkpoint' : wrongWith(line, seal, keys);
    if (wrong !== null) findings.add('outside', null, `line ${index + 1} of the outside copy: ${wrong}`);
    else if (line !== null) good.push(line);
  }
  notes.push(...judgeOthers(good, findings, seal));
  const heads = new Map<number, Line[]>();
  for (const line of good.filter(({ log }) => log === seal.log)) heads.set(line.through, [...(heads.get(line.through) ?? []), line]);
  const last = good.reduce((most, { log, through }) => (log === seal.log ? Math.max(most, through) : most), 0);
  return { heads, lines: lines.length, last, notes };
}

/** Compares the head of the log after an entry with the lines that speak of it; tells whether any does and all agree. */
export function agrees(outside: Outside, seq: number, options: { readonly head: Uint8Array; readonly findings: Findings }): Proof | null {
  const lines = outside.heads.get(seq);
  if (lines === undefined) return null;
  const hex = hexOf(options.head);
  for (const { number, head } of lines) {
    if (head === hex) continue;
    options.findings.breakChainAt(seq);
    options.findings.add('outside_head', seq, `line ${number} of the outside copy saw another entry ${seq}`);
    return null;
  }
  return { through: seq, at: lines[0]?.at ?? 0 };
}

function lineFrom(json: string, number: number): Line | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (!isMembers(value)) return null;
  const { log, through, head, at, key, signature } = value;
  if (typeof log !== 'string' || typeof head !== 'string' || typeof key !== 'string' || typeof signature !== 'string') return null;
  if (typeof through !== 'number' || typeof at !== 'number') return null;
  return { number, log, through, head, at, key, signature };
}

function wrongWith(line: Line, seal: SealKey, keys: Map<string, KeyObject | null>): string | null {
  const ours = line.log === seal.log;
  if (ours && (seal.key === null || line.key !== keyText(seal.key))) return 'it is signed by another key';
  const key = ours ? seal.key : (keys.get(line.key) ?? publicKeyFrom(line.key));
  keys.set(line.key, key);
  const signed = { what: 'checkpoint', log: line.log, seq: line.through, head: line.head, at: line.at } as const;
  return key !== null && holds(signed, line.signature, key) ? null : 'its signature is not that of its key';
}

/** A second place may hold the checkpoints of several logs, one after the other: a new data folder begins a new log. */
function judgeOthers(lines: readonly Line[], findings: Findings, seal: SealKey): readonly string[] {
  const first = lines.findIndex(({ log }) => log === seal.log);
  if (first < 0) {
    findings.add(
      'outside',
      null,
      lines.length === 0 ? 'the outside copy has no line that holds' : 'the outside copy speaks only of other logs',
    );
    return [];
  }
  const stranger = lines.slice(first).find(({ log }) => log !== seal.log);
  if (stranger !== undefined) {
    findings.add(
      'outside',
      null,
      `line ${stranger.number} of the outside copy speaks of another log, ${stranger.log}, after lines of this one`,
    );
  }
  return first === 0 ? [] : [`the outside copy begins with ${first} lines of other logs`];
}

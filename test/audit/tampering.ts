import type { SQLInputValue } from 'node:sqlite';
import type { FindingCode } from '#audit/finding.ts';
import type { Dice } from '#test/sim/random.ts';
import type { Forger } from './forger.ts';

/** A copy of a record that is about to be changed. */
export interface Victim {
  readonly file: string;
  readonly outside: string;
  readonly dice: Dice;
  /** The last entry that the outside copy speaks of: up to here everything has to be found. */
  readonly covered: number;
  /** Opens the file for writing; it is closed afterwards. */
  readonly forger: () => Forger;
}

/** One way to change a record. */
export interface Tampering {
  readonly name: string;
  /** One of these has to be found; any finding will do if there are none. */
  readonly found: readonly FindingCode[];
  /** False: this record has nothing that could be changed so. */
  readonly apply: (victim: Victim) => boolean;
}

export function flipped(bytes: Uint8Array, dice: Dice): Buffer {
  const changed = Buffer.from(bytes);
  const at = dice.int(0, changed.length - 1);
  changed[at] = (changed[at] ?? 0) ^ (1 << dice.int(0, 7));
  return changed;
}

/** A random row of a table, as its columns; null for an empty one. */
export function anyRow({ dice }: Victim, forger: Forger, table: string): Readonly<Record<string, SQLInputValue>> | null {
  const rows = forger.db.prepare(`SELECT rowid AS "row", * FROM ${table}`).all();
  return rows.length === 0 ? null : dice.pick(rows);
}

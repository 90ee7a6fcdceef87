import type { StatementSync } from 'node:sqlite';
import type { IdleTask } from './idle-task.ts';
import type { LogHand } from './log-hand.ts';

/** Entries looked through in one slice. */
const lookedAtMax = 500;
/** The policy in force and the one before it, under which a call may just have been decided, are kept in any case. */
const keptAlways = 2;

/**
 * Takes policies away that no entry names any more, once entries were pruned. `policies` is in the order in which they came into force last, so
 * only the oldest is looked for, and only while nothing is known to name it: mostly the first entries do.
 */
export class PolicyRetention implements IdleTask {
  readonly name = 'policies';
  readonly #log: LogHand;
  /** What is looked for, where it was found (0: not yet), and where to look on. */
  #looked = { hash: '', foundAt: 0, next: 0 };
  readonly #first: StatementSync;
  readonly #oldest: StatementSync;
  readonly #entries: StatementSync;
  readonly #drop: StatementSync;

  constructor(log: LogHand) {
    this.#log = log;
    const { database } = log;
    this.#first = database.prepare('SELECT min(seq) AS seq FROM log');
    this.#oldest = database.prepare(`SELECT hash FROM policies ORDER BY rowid LIMIT ${keptAlways + 1}`);
    this.#entries = database.prepare('SELECT seq, bytes FROM log WHERE seq >= ? ORDER BY seq LIMIT ?');
    this.#drop = database.prepare('DELETE FROM policies WHERE hash = ?');
  }

  slice(): boolean {
    const first = Number(this.#first.get()?.['seq'] ?? 0);
    const policies = this.#oldest.all();
    if (first <= 1 || policies.length <= keptAlways) return false;
    const hash = String(policies[0]?.['hash']);
    if (this.#looked.hash !== hash) this.#looked = { hash, foundAt: 0, next: first };
    if (this.#looked.foundAt >= first) return false;
    const rows = this.#entries.all(Math.max(first, this.#looked.next), lookedAtMax);
    for (const { seq, bytes } of rows) {
      this.#looked.next = Number(seq) + 1;
      if (!(bytes instanceof Uint8Array) || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(`"${hash}"`)) continue;
      this.#looked.foundAt = Number(seq);
      return false;
    }
    if (rows.length < lookedAtMax) this.#log.transaction(() => this.#drop.run(hash));
    return true;
  }
}

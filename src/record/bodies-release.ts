import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { BodyRef } from './bodies-format.ts';

/** What became of the texts that were given up. */
export interface Released {
  /** Rows that went: texts, and nodes of their lists. */
  readonly rows: number;
  readonly texts: number;
  /** Bytes of those texts as they were stored. */
  readonly bytes: number;
}

/**
 * Gives up what entries name, in the transaction that is open. What nobody else names goes, and what only that named likewise: a list
 * goes back to where it is shared.
 */
export class BodyRelease {
  readonly #unname: StatementSync;
  readonly #remove: StatementSync;
  readonly #unnameNode: StatementSync;
  readonly #removeNode: StatementSync;
  readonly #node: StatementSync;
  #rows = 0;
  #texts = 0;
  #bytes = 0;
  readonly #stayed: ((hash: string) => void) | null;

  /** `stayed` is told of each text that somebody else still names, once for each time it was given up. */
  constructor(db: DatabaseSync, stayed: ((hash: string) => void) | null = null) {
    this.#unname = db.prepare('UPDATE bodies SET refs = refs - 1 WHERE hash = ? RETURNING refs');
    this.#remove = db.prepare('DELETE FROM bodies WHERE hash = ? RETURNING coalesce(length(bytes), 0) AS bytes');
    this.#unnameNode = db.prepare('UPDATE nodes SET refs = refs - 1 WHERE hash = ? RETURNING refs, parent, body');
    this.#removeNode = db.prepare('DELETE FROM nodes WHERE hash = ?');
    this.#node = db.prepare('SELECT parent, body FROM nodes WHERE hash = ?');
    this.#stayed = stayed;
  }

  get released(): Released {
    return { rows: this.#rows, texts: this.#texts, bytes: this.#bytes };
  }

  /** Gives up what one entry names. What is not there any more is not missed. */
  release(ref: BodyRef | null): void {
    if (ref === null || 'bytes' in ref) return;
    if ('whole' in ref) return this.#releaseText(Buffer.from(ref.whole, 'hex'));
    if ('hash' in ref) return this.#releaseText(Buffer.from(ref.hash, 'hex'));
    this.#releaseText(Buffer.from(ref.frame, 'hex'));
    if (ref.messages !== null) this.#releaseList(Buffer.from(ref.messages, 'hex'));
  }

  #releaseText(hash: Uint8Array): void {
    const refs = this.#unname.get(hash)?.['refs'];
    if (refs === undefined) return;
    if (Number(refs) > 0) {
      this.#stayed?.(Buffer.from(hash).toString('hex'));
      return;
    }
    this.#bytes += Number(this.#remove.get(hash)?.['bytes'] ?? 0);
    this.#texts++;
    this.#rows++;
  }

  #releaseList(last: Uint8Array): void {
    let hash: Uint8Array | null = last;
    while (hash !== null) {
      const node: Record<string, unknown> | undefined = this.#unnameNode.get(hash);
      if (!node || !(node['body'] instanceof Uint8Array)) return;
      if (Number(node['refs']) > 0) return this.#tellStayed(hash);
      this.#removeNode.run(hash);
      this.#rows++;
      this.#releaseText(node['body']);
      hash = node['parent'] instanceof Uint8Array ? node['parent'] : null;
    }
  }

  #tellStayed(last: Uint8Array): void {
    if (this.#stayed === null) return;
    let hash: Uint8Array | null = last;
    while (hash !== null) {
      const node: Record<string, unknown> | undefined = this.#node.get(hash);
      if (!node || !(node['body'] instanceof Uint8Array)) return;
      this.#stayed(Buffer.from(node['body']).toString('hex'));
      hash = node['parent'] instanceof Uint8Array ? node['parent'] : null;
    }
  }
}

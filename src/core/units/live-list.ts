/**
 * Things that come and go by the thousand, as long as they are there. For this a `Set` costs too much: as it is changed it leaves chains of
 * old tables behind, and what they name survives until the collector's next full round, with everything it refers to.
 */
export class LiveList<T> {
  readonly #entries: Entry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** Adds one; returns how it is taken off, which may be called more than once. */
  add(item: T): () => void {
    const entry = { item, at: this.#entries.length };
    this.#entries.push(entry);
    return () => this.#remove(entry);
  }

  /** Those that are there now, in no order. */
  list(): readonly T[] {
    return this.#entries.map(({ item }) => item);
  }

  /** The last one takes the place that becomes free. */
  #remove(entry: Entry<T>): void {
    if (this.#entries[entry.at] !== entry) return;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    last.at = entry.at;
    this.#entries[entry.at] = last;
  }
}

interface Entry<T> {
  readonly item: T;
  at: number;
}

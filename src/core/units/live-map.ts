/**
 * Things by their id that come and go by the thousand. For this a `Map` costs too much, as a `Set` does for a `LiveList`: as it is changed
 * it leaves chains of old tables behind, and what they name survives until the collector's next full round.
 */
export class LiveMap<T> {
  // An object without a prototype, of which something is deleted, is a plain hash table: what it outgrows names nothing any more.
  readonly #entries: Record<string, T> = Object.create(null);

  /** Undefined if nothing is there under this id. */
  get(id: string): T | undefined {
    return this.#entries[id];
  }

  /** Puts one in, in the place of what was there. */
  set(id: string, item: T): void {
    this.#entries[id] = item;
  }

  /** Takes one off and returns it; undefined if nothing was there. */
  take(id: string): T | undefined {
    const item = this.#entries[id];
    delete this.#entries[id];
    return item;
  }
}

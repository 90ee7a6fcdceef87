/** What was done in which order, across record and caller. */
export type Deed =
  | 'record.begin'
  | 'record.begun'
  | 'record.end'
  | 'record.ended'
  | 'client.head'
  | 'client.write'
  | 'client.end'
  | 'client.destroy';

/** The order of things, and a way to wait for one of them. */
export class Trail {
  readonly deeds: Deed[] = [];
  readonly #watchers: { readonly deed: Deed; readonly count: number; readonly resolve: () => void }[] = [];

  push(deed: Deed): void {
    this.deeds.push(deed);
    for (const watcher of this.#watchers) if (this.count(watcher.deed) >= watcher.count) watcher.resolve();
  }

  count(deed: Deed): number {
    return this.deeds.filter((other) => other === deed).length;
  }

  /** Resolves when the deed has been done so often. */
  seen(deed: Deed, count = 1): Promise<void> {
    if (this.count(deed) >= count) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ deed, count, resolve });
    return promise;
  }

  /** Whether every `first` came before any `then`. */
  before(first: Deed, then: Deed): boolean {
    const at = this.deeds.indexOf(then);
    return this.deeds.includes(first) && (at < 0 || this.deeds.lastIndexOf(first) < at);
  }
}

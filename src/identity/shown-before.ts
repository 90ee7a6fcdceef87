/**
 * The good key that each connection showed last, so that a caller who keeps its connection pays for the look-up once. It is forgotten with
 * the connection. Several callers may share one behind a proxy: none learns by the time it takes what another has shown.
 */
export class ShownBefore {
  readonly #last = new WeakMap<object, { readonly key: string; readonly id: string }>();

  /** Notes that a connection showed this key, which is that of `id`. */
  note(connection: object, key: string, id: string): void {
    this.#last.set(connection, { key, id });
  }

  /** The id of the key, if the connection showed the same one last; null if it did not. Whether it is still good is not asked here. */
  idOf(connection: object, key: string): string | null {
    const last = this.#last.get(connection);
    return last !== undefined && isSame(last.key, key) ? last.id : null;
  }
}

/** Takes as long whatever the difference is. */
function isSame(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}

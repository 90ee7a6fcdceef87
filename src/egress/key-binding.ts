import { createHash } from 'node:crypto';

/** The headers that carry an upstream's key; empty if it has none. */
export type KeyHeaders = Readonly<Record<string, string>>;

/** Remembers which origin each key was first used for. */
export interface KeyBindings {
  /** Binds an upstream's key to its origin. False if this key was bound to another origin before: it must not be sent there. */
  bind(upstream: string, origin: string, key: KeyHeaders): boolean;
}

/**
 * A key belongs to the origin it was given for. An upstream whose URL changes while its key stays would hand that key to a stranger,
 * so such a key is void until it is changed too or the process starts anew. Keeps digests, no keys.
 */
export function keyBindings(): KeyBindings {
  const originOf = new Map<string, string>();
  return {
    bind(upstream, origin, key) {
      const fields = Object.entries(key);
      if (fields.length === 0) return true;
      const digest = createHash('sha256')
        .update(JSON.stringify(fields.toSorted(([one], [two]) => (one < two ? -1 : 1))))
        .digest('base64');
      const id = `${upstream} ${digest}`;
      const bound = originOf.get(id) ?? origin;
      originOf.set(id, bound);
      return bound === origin;
    },
  };
}

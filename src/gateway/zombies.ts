import type { TargetId } from '#core/policy/policy.ts';
import type { ServerLoad } from '#upstreams/kind.ts';

/** A request that was sent this long ago has begun, if it ever does: a server's word that it is idle counts for it. */
const begunMs = 1_000;

interface Zombie {
  readonly target: TargetId;
  readonly since: number;
  readonly release: () => void;
}

/** The slots whose callers have left and whose servers may still be working, oldest first. */
export class Zombies {
  readonly #all = new Set<Zombie>();

  /** Takes one in; returns how it is forgotten once its slot has come back. */
  add(target: TargetId, since: number, release: () => void): () => void {
    const zombie = { target, since, release };
    this.#all.add(zombie);
    return () => void this.#all.delete(zombie);
  }

  /** Whether one of them is worth asking its server about. */
  some(isOfServer: (target: TargetId) => boolean, now: number): boolean {
    for (const { target, since } of this.#all) if (now - since >= begunMs && isOfServer(target)) return true;
    return false;
  }

  /**
   * Releases those that cannot be running any more by what their server says: of all that it works on, for whomever, no more than so many
   * can be ours. Where it does not tell what waits and has no slot free, more may stand behind.
   */
  release(isOfServer: (target: TargetId) => boolean, load: ServerLoad, askedAt: number): void {
    if (load.waiting === null && load.slots !== null && load.running >= load.slots) return;
    const old = [...this.#all].filter(({ target, since }) => askedAt - since >= begunMs && isOfServer(target));
    for (const zombie of old.slice(0, Math.max(0, old.length - load.running - (load.waiting ?? 0)))) zombie.release();
  }
}

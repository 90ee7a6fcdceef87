/**
 * The hold on one slot: until the server has really stopped. `zombie`: we have left, the server may still be working.
 * Times are milliseconds of the monotonic clock.
 */
export interface Lease {
  readonly state: 'held' | 'zombie' | 'released';
  readonly since: number;
  /** When it is released by itself; null if only an event can release it. */
  readonly releaseAt: number | null;
}

export type LeaseEvent =
  /** The body ended: the server is done. */
  | { readonly type: 'body_ended' }
  /** The dialect's terminator came, but the body has not ended. */
  | { readonly type: 'terminator' }
  /** Never reached the server, or it answered without working (busy, refused). */
  | { readonly type: 'not_started' }
  /** We left. `honoured`: the kind stops when the connection closes. */
  | { readonly type: 'aborted'; readonly honoured: boolean; readonly medianMs: number | null; readonly elapsedMs: number }
  /** The kind's own signal, or the clock, says that it is idle. */
  | { readonly type: 'idle' };

const afterTerminatorMs = 1_000;
const zombieDefaultMs = 10_000;
const zombieMaxMs = 120_000;

export function newLease(at: number): Lease {
  return { state: 'held', since: at, releaseAt: null };
}

/** The lease after one event; a released lease stays released, so that no slot is returned twice. */
export function stepLease(lease: Lease, event: LeaseEvent, at: number): Lease {
  if (lease.state === 'released') return lease;
  switch (event.type) {
    case 'body_ended':
    case 'not_started':
    case 'idle':
      return { state: 'released', since: at, releaseAt: null };
    case 'terminator':
      return { ...lease, releaseAt: at + afterTerminatorMs };
    case 'aborted': {
      if (event.honoured) return { state: 'released', since: at, releaseAt: null };
      const left = event.medianMs === null ? zombieDefaultMs : Math.max(0, event.medianMs - event.elapsedMs);
      return { state: 'zombie', since: at, releaseAt: at + Math.min(left, zombieMaxMs) };
    }
  }
}

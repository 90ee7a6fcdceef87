import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { LeaseEvent } from '#core/lease/lease.ts';
import type { TargetId } from '#core/policy/policy.ts';

/** Time for the conductor, so that the simulator can bring its own. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Wall clock, milliseconds since 1970; for the record only, never for a decision. */
  wallNow(): number;
  /** Runs `what` after so many milliseconds; returns how to call it off. */
  after(delayMs: number, what: () => void): () => void;
}

export interface Ids {
  /** A fresh request id: short, unguessable, safe in a header. */
  requestId(): string;
}

/** SHA-256 in hex, which neither core nor conductor computes itself. */
export type Digest = (text: string) => string;

/**
 * The caller's connection. The conductor writes to it; `http/` and the simulator implement it. After `end` or `destroy` writes are
 * ignored.
 */
export interface ClientWire {
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** Returns the bytes now waiting because the caller does not read. */
  write(bytes: Uint8Array | string): number;
  end(): void;
  /** Cuts the connection without a proper end, so that a broken answer cannot look whole. */
  destroy(): void;
  /** Called once when the caller has gone, whatever the reason; `stalled`: it was there but took nothing for too long, and was cut. */
  onGone(listener: (why?: 'stalled') => void): void;
  /** Called each time everything waiting has been taken. */
  onDrained(listener: () => void): void;
}

/** A request as it came in, its head read and matched to a surface. */
export interface Incoming {
  /** Names the request everywhere: towards its caller, in the record, to the operator. */
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Reads the whole body; resolves to null if it is larger than `maxBytes`, to an error if it is not taken or does not come. Rejects if the caller leaves. */
  readBody(maxBytes: number): Promise<Uint8Array | GatewayError | null>;
  readonly client: ClientWire;
  /** Monotonic milliseconds at which the head was read. */
  readonly arrivedAt: number;
}

/** A slot that is held; `step` moves the lease. The slot comes back by itself once the lease is released. */
export interface SlotLease {
  step(event: LeaseEvent): void;
}

/** Slots of the fleet. Asynchronous by contract, so that leases can live in a shared store; null means somebody was quicker. */
export interface Slots {
  /** `order`: the request, whose promised slot is consumed. */
  acquire(target: TargetId, order: number): Promise<SlotLease | null>;
}

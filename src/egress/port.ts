import type { FaultCause } from '#core/attempt/classify-end.ts';
import type { Location, TargetId, Tier } from '#core/policy/policy.ts';

/**
 * The right to open one connection to one upstream, minted from a plan. The dialer compares it with the upstream's declared
 * location and with the peer it really reached; it never dials on anything else.
 */
export interface EgressPermit {
  readonly upstream: string;
  /** null for a probe, which asks the upstream itself and carries no caller's data, and for a party that serves no model. */
  readonly target: TargetId | null;
  /** Where the target's data goes according to the plan. */
  readonly location: Location;
  /** The caller's tier, of several callers the narrowest; `probe` for the prober. */
  readonly tier: Tier | 'probe';
  /** Hash of the policy it was planned on. */
  readonly policyHash: string;
}

export interface WireRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the upstream's base URL, starting with a slash. */
  readonly path: string;
  /** Lower-case names. Host, content-length and connection are the dialer's; so is the upstream's key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | null;
}

/** Why a call ended without its proper end. */
export interface WireFault {
  readonly cause: FaultCause;
  /** For the record and the log; never sent to a caller. */
  readonly message: string;
  /** Bytes of the reply received on this call. */
  readonly receivedBytes: number;
}

/** Hears what happens on one call, in this order; after `end` or `failed` nothing more. */
export interface WireHandler {
  /** Connected, and the peer is who it should be. `address` is the numeric `ip:port` (recorded). */
  dialled(peer: { readonly address: string; readonly reused: boolean }): void;
  /** The whole request was handed to the socket. */
  sent(): void;
  /** Lower-case names; the first value of a repeated header. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  data(bytes: Uint8Array): void;
  end(): void;
  failed(fault: WireFault): void;
}

/** A call under way. */
export interface WireCall {
  /** Stops reading from the upstream until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes the socket at once. The handler hears `failed` with cause `aborted`, unless it has ended. */
  abort(): void;
}

/** The only way out of the process. */
export interface Dialer {
  /** Starts one call. Never throws; what goes wrong reaches the handler, which hears nothing before `call` has returned. `fresh` forbids a reused connection. */
  call(
    request: WireRequest,
    handler: WireHandler,
    options: { readonly permit: EgressPermit; readonly fresh: boolean; readonly connectMs: number },
  ): WireCall;
}

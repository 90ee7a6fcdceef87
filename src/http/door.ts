import type { Endpoint } from '#control/endpoint.ts';
import type { ErrorCode } from '#core/errors/catalog.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Principal } from '#core/record/record.ts';
import type { Clock, Ids, Incoming } from '#gateway/ports.ts';
import type { Surface } from '#surfaces/kind.ts';
import type { HostRule } from './check-host.ts';

/** What stands behind a listener. Every listener has its own door: they differ in who may enter. */
export interface Door {
  readonly endpoints: readonly Endpoint[];
  /** Who asks. Called at most once per request, before a byte of its body is read; anything it throws counts as "nobody". */
  identify(head: RequestHead): Principal | GatewayError;
  /** Host names that are ours now; null: whatever a caller says (on a socket that no browser reaches). */
  readonly hosts: (() => HostRule) | null;
  /** Runs one model request of an identified caller through the stages. */
  serve(surface: Surface, incoming: Incoming, principal: Principal): Promise<void>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told of every refusal that happens before `serve` or an endpoint's own answer. */
  refused(code: ErrorCode): void;
  /** Told of what should never happen; the caller is only told the id. */
  fault(requestId: string, error: unknown): void;
}

export interface RequestHead {
  /** Lower-case names, no prototype. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: ReadonlyMap<string, string>;
  /** The same object for every request of one connection. */
  readonly connection: object;
}

/** Bounds of a listener. */
export interface ListenerLimits {
  /** Connections at once; for a further one the oldest that nobody uses is closed, and if all are in use, the new one. */
  readonly connectionsMax: number;
  /** How long a request's head may take. */
  readonly headMs: number;
  /** How long a whole request may take to arrive; the answer may take longer. */
  readonly requestMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveMs: number;
  /** How long a body may stand still while it arrives. */
  readonly bodyIdleMs: number;
  /** Bodies larger than 64 kB that are held at once, in bytes together. */
  readonly bodiesBytesMax: number;
  /** How long a caller whose body is not wanted has to read the answer before the connection is cut. */
  readonly lingerMs: number;
  /** How long a caller may take nothing of an answer that waits for it. */
  readonly writeStallMs: number;
  /** How often the first two clocks are looked at. */
  readonly checkEveryMs: number;
}

export const listenerLimitsDefault: ListenerLimits = {
  connectionsMax: 2_048,
  headMs: 10_000,
  requestMs: 300_000,
  keepAliveMs: 60_000,
  bodyIdleMs: 30_000,
  bodiesBytesMax: 512_000_000,
  lingerMs: 1_000,
  writeStallMs: 60_000,
  checkEveryMs: 2_000,
};

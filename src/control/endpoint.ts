import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Principal } from '#core/record/record.ts';
import type { ClientWire } from '#gateway/ports.ts';
import type { Surface } from '#surfaces/kind.ts';

/** Who may use an endpoint: anyone; whoever has a key, or is the operator; the operator alone. */
export type Permission = 'anyone' | 'key' | 'operator';

/** A request to an endpoint of the gatehouse's own, matched and, where its permission asks for it, identified. */
export interface OpenRequest {
  /** What stood in place of the `*`, percent-decoded once; empty for a path without one. */
  readonly rest: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body; empty where the endpoint takes none. */
  readonly bodyText: string;
}

/** The same from somebody who is known. */
export interface KnownRequest extends OpenRequest {
  readonly principal: Principal;
}

/** A whole answer of the gatehouse's own. `content-length` is added where it is sent. */
export interface PlainResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Answer = PlainResponse | GatewayError;

interface Row {
  /** A row for GET also answers HEAD. */
  readonly method: 'GET' | 'POST';
  /** Compared literally with the raw path; a `*` at the end stands for one non-empty rest. */
  readonly path: string;
}

interface PlainRow extends Row {
  readonly kind: 'plain';
  /** The largest JSON body it takes; 0: none is read. */
  readonly bodyBytesMax: number;
}

/** Anybody may ask, so nobody is identified. */
export interface OpenEndpoint extends PlainRow {
  readonly permission: 'anyone';
  answer(request: OpenRequest): Answer | Promise<Answer>;
}

export interface KnownEndpoint extends PlainRow {
  readonly permission: 'key' | 'operator';
  answer(request: KnownRequest): Answer | Promise<Answer>;
}

/** A stream of events that the endpoint writes itself until the caller leaves. */
export interface EventsEndpoint extends Row {
  readonly kind: 'events';
  readonly permission: 'key' | 'operator';
  /** Begins the stream, or says why not. */
  open(request: KnownRequest, client: ClientWire): GatewayError | null;
}

/** A model API: its requests go through the nine stages. */
export interface SurfaceEndpoint extends Row {
  readonly kind: 'surface';
  readonly permission: 'key';
  readonly surface: Surface;
}

/** One endpoint with the permission it needs. There is no default: a row without one does not compile. */
export type Endpoint = OpenEndpoint | KnownEndpoint | EventsEndpoint | SurfaceEndpoint;

import type { Modality, Service } from '#core/policy/policy.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Dialect } from '#core/reply/event.ts';
import type { Span } from '#core/request/json-members.ts';

/** One API shape that clients speak: how a request is read, and how replies and errors are written. One folder and one registry line each. */
export interface Surface {
  readonly name: string;
  readonly service: Service;
  /** The path of its endpoint; always POST. */
  readonly path: string;
  /** How replies are spelled on it. Where the upstream speaks the same dialect, events pass untouched. */
  readonly dialect: Dialect;
  readonly maxBodyBytes: number;
  /** Reads a request body. The error names the place in the body. */
  read(bodyText: string): SurfaceRequest | GatewayError;
  /** The body of an error answer in this API's envelope. */
  errorBody(error: GatewayError, requestId: string): string;
  /** The same in band, for a stream whose head is out. No terminator follows it. */
  errorEvent(error: GatewayError, requestId: string): string;
  /** What keeps a silent stream open. */
  readonly keepAlive: string;
  /** Added where an upstream ended a finished stream without it. */
  readonly terminator: string;
  /** A whole answer of the gatehouse's own (`exhausted: reply`), as a body or as a stream with its terminator. */
  syntheticReply(reply: { readonly text: string; readonly model: string; readonly id: string; readonly stream: boolean; readonly createdAt: number }): string;
}

/** What a surface reads from a request: the raw material of the facts, and the body for the upstream. */
export interface SurfaceRequest {
  readonly model: string;
  /** `metadata.route`. */
  readonly routeHint: string | null;
  readonly stream: boolean;
  /** The caller asked for a usage event at the end of its stream. */
  readonly wantsUsage: boolean;
  readonly input: readonly Modality[];
  readonly tools: boolean;
  readonly promptTokens: number;
  readonly outputTokens: number | null;
  /** Text of user messages, newest first, parts joined by newlines, messages without text left out; at most nine are needed. Injected blocks are still in it. */
  readonly userTexts: readonly string[];
  readonly systemText: string;
  readonly firstUserText: string;
  readonly bodyText: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly spans: ReadonlyMap<string, Span>;
}

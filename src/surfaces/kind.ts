import type { Modality, Service } from '#core/policy/policy.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Dialect, ReplyEvent } from '#core/reply/event.ts';
import type { ChatRequest } from '#core/request/chat-request.ts';
import type { Span } from '#core/request/json-members.ts';

/** One API shape that clients speak: how a request is read, and how replies and errors are written. One folder and one registry line each. */
export interface Surface {
  readonly name: string;
  readonly service: Service;
  /** The path of its endpoint; always POST. */
  readonly path: string;
  /** How replies are spelled on it. Where the upstream speaks the same dialect, events pass untouched. */
  readonly dialect: Dialect;
  /** The `content-type` of a whole answer, errors included. */
  readonly wholeType: string;
  /** The `content-type` of a streamed answer. */
  readonly streamType: string;
  readonly maxBodyBytes: number;
  /** No reply of it is ever a stream: none is assembled from one either. */
  readonly wholeOnly?: true;
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
  /** One whole body from the events of a complete streamed reply, for a caller who did not ask for a stream (`assemble: true`). */
  assemble(events: readonly ReplyEvent[]): Uint8Array;
  /** A whole reply as a complete stream, for an upstream that answered a request for a stream with one body. */
  disassemble(event: ReplyEvent): Uint8Array;
  /** Spells the reply of an upstream of another dialect in this one's stream; left out where no other dialect serves this surface. */
  translator?(identity: ReplyIdentity, asked: SurfaceRequest): ReplyTranslator;
  /** The whole reply as it was asked for, where servers may spell it otherwise; the same bytes where nothing is to be changed. */
  asAsked?(body: Uint8Array, asked: SurfaceRequest): Uint8Array;
  /**
   * A whole answer of the gatehouse's own (`exhausted: reply`), as a body or as a stream with its terminator; null where the API has no
   * place for one.
   */
  syntheticReply(reply: SyntheticReply): string | null;
}

/** What a translated reply is called, where the upstream does not say. */
export interface ReplyIdentity {
  readonly model: string;
  /** The request's id: what is made from it is the same in every replay. */
  readonly id: string;
  /** Unix time in milliseconds. */
  readonly createdAt: number;
}

/** One reply on its way into another dialect. */
export interface ReplyTranslator {
  /** The same in the surface's own stream events, bytes and deltas; the events of a whole reply too, in their order. */
  event(foreign: ReplyEvent): readonly ReplyEvent[];
}

export interface SyntheticReply {
  readonly text: string;
  readonly model: string;
  readonly id: string;
  readonly stream: boolean;
  /** Unix time in milliseconds. */
  readonly createdAt: number;
}

/** What a surface reads from a request: the raw material of the facts, and the body for the upstream. */
export interface SurfaceRequest {
  readonly model: string;
  /** `metadata.route`. */
  readonly routeHint: string | null;
  readonly stream: boolean;
  /** The caller asked for a usage event at the end of its stream. */
  readonly wantsUsage: boolean;
  /** Answers asked for (`n`); 1 where the API knows only one. */
  readonly choices: number;
  /** How many answers make a reply whole; left out where fewer or more do too. */
  readonly answers?: number;
  /** How many numbers each vector of the reply shall have; left out where that is not said. */
  readonly vectorLength?: number;
  /** What the model says has to be JSON: a strict schema was asked for. */
  readonly jsonOnly?: true;
  readonly input: readonly Modality[];
  readonly tools: boolean;
  readonly promptTokens: number;
  readonly outputTokens: number | null;
  /** Text of user messages, newest first, parts joined by newlines, messages without text left out, at most 64. Injected blocks are still in it. */
  readonly userTexts: readonly string[];
  /** All the operator's words (`system`, `developer`), joined by newlines. */
  readonly systemText: string;
  /** Text of the very first user message, empty if it has none: with `systemText` it tells one session from another. */
  readonly firstUserText: string;
  readonly bodyText: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly spans: ReadonlyMap<string, Span>;
  /** What the body means, for upstreams of another dialect; read when it is needed. Left out where the surface is not chat. */
  readonly chat?: () => ChatRequest;
}
